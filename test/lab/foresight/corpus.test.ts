import assert from "node:assert/strict";
import { renderProblem } from "../../../provider/core/problem";
import { describeWithLab } from "../../support/lab";
import { healthy, refusals } from "../../../lab/foresight/cases";
import { isHidden, play } from "../../../lab/foresight/run";

describeWithLab("what virsh refuses", { tls: true, vtpm: true }, (lab) => {
  for (const refusal of refusals) {
    it(`is named before it is tried: ${refusal.title}`, async function () {
      this.timeout(180_000);
      const { foresight, exit, onSource } = await play(lab(), refusal, refusal.virsh !== undefined);
      if (exit !== undefined && refusal.virsh !== undefined) {
        assert.notEqual(exit.code, 0, "virsh did it");
        // libvirt 9.0 at times loses the reason on the way, and neither daemon logs it.
        if (!isHidden(exit.output)) assert.match(exit.output, refusal.virsh);
      }
      assert.match(onSource, /guest-\d+/);
      const blockers = foresight.problems.filter(({ severity }) => severity === "blocker");
      assert.deepEqual(
        [...new Set(blockers.map(({ rule }) => rule))],
        [refusal.rule],
        blockers.map(renderProblem).join("\n"),
      );
    });
  }
});

describeWithLab("a move without a blocker", { tls: true }, (lab) => {
  for (const given of healthy) {
    it(`gets no problem and no note: ${given.title}`, async function () {
      this.timeout(180_000);
      const { foresight } = await play(lab(), given, false);
      assert.deepEqual(foresight.problems.map(renderProblem), []);
      assert.equal(foresight.note, undefined);
    });
  }
});
