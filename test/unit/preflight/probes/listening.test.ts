import assert from "node:assert/strict";
import { parseListening, portsToTry } from "../../../../provider/preflight/probes/listening";

const listed = (...lines: string[]) => `\n@@ listening\n${lines.join("\n")}\n\n@@ end\n`;
const range = { low: 49_152, high: 49_215 };

describe("the ports that something listens on", () => {
  it("are read of IPv4 and IPv6", () => {
    const text = listed("00000000:0016", "0100007F:C000", "00000000000000000000000000000000:C03F", "junk");
    assert.deepEqual([...parseListening(text)!], [22, 49_152, 49_215]);
  });

  it("are not known where the list is cut off, or is empty: the login itself came to one", () => {
    for (const text of ["", "\n@@ listening\n00000000:0016\n", listed()]) assert.equal(parseListening(text), undefined);
  });
});

describe("the data ports that are tried", () => {
  const taken = (count: number) => Array.from({ length: count }, (_, at) => 49_152 + at);
  for (const [title, listening, first, ifClosed] of [
    ["one above the next, and the last", [22], [49_160, 49_215], [49_152]],
    ["above those on which other migrations wait", [22, 49_152, 49_153, 49_162], [49_163, 49_215], [49_154]],
    ["not the last where something listens on it", [49_215], [49_160], [49_152]],
    ["the last alone where few are free", taken(60), [49_215], [49_212]],
    ["the next where all others are taken", taken(63), [49_215], []],
    ["none where all are taken", taken(64), [], []],
    ["none where it is not known what listens", undefined, [], []],
  ] as const)
    it(`are ${title}`, () => assert.deepEqual(portsToTry(range, listening && new Set(listening)), { first, ifClosed }));

  it("are one where the inventory fixes it, and none while it is taken", () => {
    const fixed = { low: 49_200, high: 49_200 };
    assert.deepEqual(portsToTry(fixed, new Set([22])), { first: [49_200], ifClosed: [] });
    assert.deepEqual(portsToTry(fixed, new Set([49_200])), { first: [], ifClosed: [] });
  });
});
