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
  for (const [title, listening, expected] of [
    ["the first and the last", [22], [49_152, 49_215]],
    ["the next that libvirt takes, where another migration waits on the first", [22, 49_152, 49_153], [49_154, 49_215]],
    ["not the last where something listens on it", [49_215], [49_152]],
    ["the last alone where all others are taken", Array.from({ length: 63 }, (_, at) => 49_152 + at), [49_215]],
    ["none where all are taken", Array.from({ length: 64 }, (_, at) => 49_152 + at), []],
    ["none where it is not known what listens", undefined, []],
  ] as const)
    it(`are ${title}`, () => assert.deepEqual(portsToTry(range, listening && new Set(listening)), expected));

  it("are one where the inventory fixes it, and none while it is taken", () => {
    const fixed = { low: 49_200, high: 49_200 };
    assert.deepEqual(portsToTry(fixed, new Set([22])), [49_200]);
    assert.deepEqual(portsToTry(fixed, new Set([49_200])), []);
  });
});
