import assert from "node:assert/strict";
import { liveMoveOf } from "../../../provider/preflight/alongside";
import { copyMove, GiB } from "../core/problems/image-copy-facts";

describe("a move among the others of its run", () => {
  it("takes the disks of a VM that is shut off along, and no memory", () => {
    const move = liveMoveOf(copyMove());
    assert.deepEqual([move?.memoryBytes, move?.copies?.map(({ atLeast }) => atLeast)], [0, [7 * GiB]]);
    assert.equal(liveMoveOf(copyMove({ options: { mode: "auto" } })), undefined);
  });
});
