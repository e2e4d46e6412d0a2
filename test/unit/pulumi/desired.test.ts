import assert from "node:assert/strict";
import { fakeUuid } from "../../../lab/simulated";
import type { Props } from "../../../provider/pulumi/state";
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

  for (const other of ["KVM-A", "kvm-a."]) {
    it(`without an inventory ${other} is the kvm-a of state: nothing is moved`, async () => {
      const world = boundary({ config: {} });
      const { outs } = (await world.create(await world.inputs({ host: "kvm-a" }))) as { outs: Props };
      const updated = (await world.update(fakeUuid, outs, await world.inputs({ host: other }))) as { outs: Props };
      assert.equal(updated.outs["currentHost"], other);
      assert.deepEqual(
        world.host("kvm-a").commands.filter((command) => command.includes("migrate ")),
        [],
      );
      assert.deepEqual(world.fake.dialled, ["kvm-a"]);
      const found = (await world.read(fakeUuid, { ...outs, host: other })) as { props: Props };
      assert.deepEqual([found.props["host"], found.props["currentHost"]], [other, other]);
    });
  }

  it("without an inventory a list with one host in two spellings is refused", async () => {
    const world = boundary({ config: {} });
    const { failures } = await world.check({}, { domain: "db-01", host: ["kvm-a", "KVM-A"] });
    assert.match(failures![0]!.reason, /"kvm-a" and "KVM-A" are the same host/);
  });
});
