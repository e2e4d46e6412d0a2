/** A few cells of the fault matrix, so that what plays all of them (`npm run faults`) stays alive. */
import assert from "node:assert/strict";
import { faults } from "../../tools/faults/cells";
import type { PhaseName } from "../../tools/faults/cell";
import { runCell } from "../../tools/faults/run-cell";
import { Scene } from "../../tools/faults/scene";
import type { Stack } from "../../tools/stack";
import { describeOnLabMachine } from "../support/lab";

const cells: [fault: string, phase: PhaseName][] = [
  ["provider killed", "post-copy"],
  ["QEMU killed on the destination", "pre-copy"],
  ["stale definition with another UUID", "before `up`"],
];

describeOnLabMachine("a move that is struck", () => {
  let template: Stack | undefined;
  before(async function () {
    this.timeout(15 * 60_000);
    template = await Scene.template();
  });
  after(() => template?.remove());

  for (const [title, phase] of cells) {
    it(`ends on one host, with a true state, after "${title}" in the phase "${phase}"`, async () => {
      const fault = faults.find((each) => each.title === title)!;
      const { wrong, transcript } = await runCell({ fault, phase, cell: fault.cells[phase]! }, template!);
      assert.deepEqual(wrong, [], transcript);
    });
  }
});
