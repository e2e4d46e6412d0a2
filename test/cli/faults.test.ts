/** A few cases of the fault matrix, so that `npm run faults`, which runs all of them, keeps working, and recovery from a broken move too. */
import assert from "node:assert/strict";
import { faults } from "../../lab/faults/cases";
import type { PhaseName } from "../../lab/faults/case";
import { runCase } from "../../lab/faults/run-case";
import { describeWithFaultFixtures } from "../support/fault-fixtures";

const cases: [fault: string, phase: PhaseName][] = [
  ["provider killed", "pre-copy"],
  ["pulumi killed", "post-copy"],
  ["hosts cut off from each other", "pre-copy"],
  ["QEMU killed on the destination", "pre-copy"],
  ["domjobabort by hand", "pre-copy"],
];

describeWithFaultFixtures("a move that meets a fault", (template) => {
  for (const [title, phase] of cases) {
    it(`ends on one host, and the state names it, after "${title}" in the phase "${phase}"`, async () => {
      const fault = faults.find((each) => each.title === title)!;
      const { wrong, transcript } = await runCase({ fault, phase, expected: fault.cases[phase]! }, template());
      assert.deepEqual(wrong, [], transcript);
    });
  }
});
