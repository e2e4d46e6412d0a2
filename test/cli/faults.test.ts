/** A few cases of the fault matrix, so that `npm run faults`, which runs all of them, keeps working, and recovery from a broken move too. */
import assert from "node:assert/strict";
import { faults } from "../../lab/faults/cases";
import { expectedOf, type PhaseName } from "../../lab/faults/case";
import { runCase } from "../../lab/faults/run-case";
import type { Through } from "../../lab/pulumi/stack";
import { describeWithFaultFixtures } from "../support/fault-fixtures";

const cases: Record<Through, [fault: string, phase: PhaseName][]> = {
  "dynamic resource": [
    ["provider killed", "pre-copy"],
    ["pulumi killed", "post-copy"],
    ["hosts cut off from each other", "pre-copy"],
    ["QEMU killed on the destination", "pre-copy"],
    ["domjobabort by hand", "pre-copy"],
  ],
  provider: [
    ["provider killed", "pre-copy"],
    ["hosts cut off from each other", "pre-copy"],
  ],
};

for (const [through, some] of Object.entries(cases) as [Through, [string, PhaseName][]][]) {
  describeWithFaultFixtures(
    `a move that meets a fault, of the ${through}`,
    (template) => {
      for (const [title, phase] of some) {
        it(`ends on one host, and the state names it, after "${title}" in the phase "${phase}"`, async () => {
          const fault = faults.find((each) => each.title === title)!;
          const expected = expectedOf(fault, phase, through)!;
          const { wrong, transcript } = await runCase({ fault, phase, expected }, template());
          assert.deepEqual(wrong, [], transcript);
        });
      }
    },
    through,
  );
}
