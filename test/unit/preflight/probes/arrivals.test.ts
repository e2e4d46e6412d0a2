import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { arrivalsScript, parseArrivals } from "../../../../provider/preflight/probes/arrivals";

const [moved, booted] = ["5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b", "7c6d1600-04be-4a46-958b-2f1be71cc34f"];
const answer = (qemu: string, uptime = "72036.59", ticks = "100") =>
  `\n@@ uptime\n${uptime}\n\n@@ ticks\n${ticks}\n\n@@ qemu\n${qemu}\n\n@@ end\n`;

describe("probe: when VMs came to their host", () => {
  it("is as long ago as the QEMU runs that was started to receive them", () => {
    const arrivals = parseArrivals(answer(`${moved} received 7203358\n${booted} started 7203417`));
    assert.deepEqual(
      [...arrivals!],
      [
        [moved, 3010],
        [booted, undefined],
      ],
    );
  });

  it("is never in the future, and is not known of a process that ended meanwhile", () => {
    assert.deepEqual([...parseArrivals(answer(`${moved} received 9999999\n${booted} received `))!], [[moved, 0]]);
  });

  for (const [what, text] of [
    ["is cut", answer("").replace("@@ end", "")],
    ["has no uptime", answer("", "")],
    ["counts no ticks", answer("", "1.00", "0")],
  ] as const)
    it(`is not known where the answer ${what}`, () => assert.equal(parseArrivals(text), undefined));

  it("is read by a script that any sh runs", () => {
    const text = execFileSync("sh", { input: arrivalsScript.text, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
    assert.notEqual(parseArrivals(text), undefined, text);
  });
});
