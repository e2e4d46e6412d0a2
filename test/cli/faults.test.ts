/** A few cells of the fault matrix, so that what plays all of them (`npm run faults`) stays alive, and the ways out of a broken move with it. */
import assert from "node:assert/strict";
import { faults } from "../../lab/faults/cells";
import type { PhaseName } from "../../lab/faults/cell";
import { runCell } from "../../lab/faults/run-cell";
import { describeWithScenes } from "../support/scenes";

const cells: [fault: string, phase: PhaseName][] = [
  ["provider killed", "pre-copy"],
  ["pulumi killed", "post-copy"],
  ["hosts cut off from each other", "pre-copy"],
  ["QEMU killed on the destination", "pre-copy"],
  ["domjobabort by hand", "pre-copy"],
];

describeWithScenes("a move that is struck", (template) => {
  for (const [title, phase] of cells) {
    it(`ends on one host, with a true state, after "${title}" in the phase "${phase}"`, async () => {
      const fault = faults.find((each) => each.title === title)!;
      const { wrong, transcript } = await runCell({ fault, phase, cell: fault.cells[phase]! }, template());
      assert.deepEqual(wrong, [], transcript);
    });
  }
});
