import assert from "node:assert/strict";
import { boundary, refusal } from "../../support/boundary";

describe("the desired placement", () => {
  it("inputs that a policy spoilt after check are refused by their own code, and nothing is asked", async () => {
    const { create, inputs, fake } = boundary();
    const given = await inputs();
    for (const [spoilt, expected] of [
      [{ host: "kvm-q" }, /^host cannot be used \(check\): "kvm-q" is neither.+\[unknownHost\]$/s],
      [{ migration: { timeout: 5 } }, /^migration\.timeout cannot be used \(check\): got 5; .+\[invalidInput\]$/s],
      [{ migration: { zeroCopy: true } }, /^migration\.zeroCopy cannot be used .+\[conflictingOptions\]$/s],
    ] as const) {
      assert.match((await refusal(create({ ...given, ...spoilt }))).message, expected);
    }
    assert.deepEqual(fake.dialled, []);
  });
});
