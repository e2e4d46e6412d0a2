import assert from "node:assert/strict";
import { presets } from "../../../../provider/core/convergence/presets";
import type { MigrationArgs } from "../../../../provider";
import { parseInputs } from "../../../../provider/schema";

/** What a preview refuses of these options, each with the input that it names. */
function refused(migration: MigrationArgs): string[] {
  const { failures } = parseInputs({ domain: "db-01", host: "kvm-b", migration });
  return failures.map(({ property, message }) => `${property}: ${message}`);
}

const raise = (raiseDowntime: string) => ({ raiseDowntime });

describe("steps of convergence that contradict each other", () => {
  const cases: [title: string, migration: MigrationArgs, ...reasons: RegExp[]][] = [
    [
      "are none in steps of every kind",
      {
        bandwidth: "100MiB/s",
        timeout: "10m",
        convergence: [
          { pass: 2, do: { bandwidth: "1GiB/s" } },
          { pass: 3, do: "throttle" },
          { stalled: "10s", do: raise("500ms") },
          { after: "1m", do: raise("1s") },
          { stalled: "30s", do: "postCopy" },
          { stalled: "1m", do: "abort" },
        ],
      },
    ],
    [
      "may cancel where the switch to post-copy did not come about",
      {
        convergence: [
          { after: "1m", do: "postCopy" },
          { after: "2m", do: "abort" },
        ],
      },
    ],
    [
      "the same condition twice",
      {
        convergence: [
          { after: "30s", do: raise("500ms") },
          { after: "30s", do: "abort" },
        ],
      },
      /^migration\.convergence: step 2 has the same condition as step 1 \(after 30 s\)/,
    ],
    [
      "out of order",
      {
        convergence: [
          { stalled: "30s", do: raise("500ms") },
          { stalled: "20s", do: raise("1s") },
        ],
      },
      /step 2 \(stalled 20 s\) would be done before step 1 \(stalled 30 s\)/,
    ],
    [
      "after an abort",
      {
        convergence: [
          { pass: 3, do: "abort" },
          { pass: 4, do: "suspend" },
        ],
      },
      /step 2 is never reached: step 1 has cancelled/,
    ],
    [
      "after post-copy",
      {
        convergence: [
          { after: "30s", do: "postCopy" },
          { after: "40s", do: raise("1s") },
        ],
      },
      /step 2 is never reached: step 1 has switched to post-copy/,
    ],
    [
      "after the timeout",
      { timeout: "1m", convergence: [{ after: "1m", do: raise("1s") }] },
      /step 1 \(after 1 min\) is never reached: `timeout` is 1 min/,
    ],
    [
      "that raise nothing",
      {
        maxDowntime: "1s",
        convergence: [
          { pass: 3, do: raise("1s") },
          { after: "1m", do: raise("800ms") },
        ],
      },
      /step 1 raises nothing: 1 s after 1 s/,
      /step 2 raises nothing: 800 ms after 1 s/,
    ],
    [
      "that permit to throttle twice",
      {
        convergence: [
          { pass: 3, do: "throttle" },
          { pass: 4, do: "throttle" },
        ],
      },
      /step 2 permits QEMU again/,
    ],
    [
      "post-copy that is forbidden",
      { postCopy: false, convergence: "finish" },
      /step 3 needs `postCopy`: remove `postCopy: false`/,
    ],
    [
      "throttling that is forbidden",
      { autoConverge: false, convergence: "balanced" },
      /step 1 needs `autoConverge`: remove `autoConverge: false`/,
    ],
    [
      "beside postCopy.after",
      { postCopy: { after: "20s" }, convergence: "gentle" },
      /`convergence` cannot go with `postCopy\.after`: write it as a step/,
    ],
    [
      "beside maxDowntime.after",
      { maxDowntime: { limit: "1s", after: "20s" }, convergence: [{ stalled: "20s", do: "abort" }] },
      /`convergence` cannot go with `maxDowntime\.after`: write it as a step/,
    ],
    [
      "post-copy over a tunnel",
      { tunnelled: true, convergence: "finish" },
      /`do: "postCopy"` in `convergence` cannot go with `tunnelled`/,
    ],
    ["of a VM that is shut off", { mode: "offline", convergence: "gentle" }, /`convergence` needs a live migration/],
  ];
  for (const [title, migration, ...reasons] of cases) {
    it(title, () => {
      const found = refused(migration);
      assert.equal(found.length, reasons.length, found.join("\n"));
      reasons.forEach((reason, index) => assert.match(found[index]!, reason));
    });
  }

  for (const [name, { steps }] of Object.entries(presets)) {
    it(`are none in the preset ${name}, which is read as its steps`, () => {
      const read = (convergence: unknown) =>
        parseInputs({ domain: "db-01", host: "kvm-b", migration: { convergence } }).inputs.migration;
      assert.deepEqual(refused({ convergence: name as keyof typeof presets }), []);
      assert.deepEqual(read(name), read(steps));
    });
  }
});
