/** Hosts that other resources of the program make. */
import assert from "node:assert/strict";
import { fakeUuid } from "../../../lab/simulated";
import type { Props } from "../../../provider/pulumi/state";
import { UNKNOWN } from "../../../provider/schema";
import { boundary, commands, news } from "../../support/boundary";

describe("the inventory of a placement", () => {
  const made = { "kvm-n": { address: "10.0.0.99", privateKey: "KEY" } };
  const failuresOf = async (more: Props, config?: Record<string, string>) =>
    (await boundary(config && { config }).check({}, news(more))).failures!;

  function withHost() {
    const world = boundary();
    world.fake.add("kvm-n", [], { address: "10.0.0.99" });
    return world;
  }

  it("adds a host to which a VM moves, and from which a refresh reads it", async () => {
    const { create, update, read, inputs } = withHost();
    const { outs } = (await create(await inputs())) as { outs: Props };
    const placed = await inputs({ host: "kvm-n", inventory: made });
    assert.deepEqual((placed["plan"] as Props)["live"], commands("10.0.0.99").live);
    const moved = (await update(fakeUuid, outs, placed)) as { outs: Props };
    assert.equal(moved.outs["currentHost"], "kvm-n");
    const found = await read(fakeUuid, moved.outs);
    assert.equal((found.props as Props)["currentHost"], "kvm-n");
    assert.deepEqual((found.inputs as Props)["inventory"], made);
  });

  it("is enough where the stack has none: other names are refused then", async () => {
    const config = {};
    assert.deepEqual(await failuresOf({ host: "kvm-n", inventory: made }, config), []);
    const [failure] = await failuresOf({ host: "kvm-m", inventory: made }, config);
    assert.match(
      failure!.reason,
      /^"kvm-m" is neither in the inventory \(vm-placement:hosts and the placement's `inventory`\) .*kvm-n if you meant that; or add it to `inventory`, or to the stack: `pulumi config set .*\[unknownHost\]$/s,
    );
  });

  it("is known by its names before its addresses are, or not at all", async () => {
    for (const inventory of [{ "kvm-n": { address: UNKNOWN } }, { "kvm-n": UNKNOWN }, UNKNOWN]) {
      const inputs = await boundary().inputs({ host: "kvm-n", inventory });
      assert.equal(inputs["plan"], UNKNOWN);
    }
    const [failure] = await failuresOf({ host: "kvm-m", inventory: { "kvm-n": UNKNOWN } });
    assert.match(failure!.reason, /\[unknownHost\]$/);
  });

  it("names what is wrong in it, and shows no secret", async () => {
    const wrong = { "kvm-n": { adress: "10.0.0.99", port: 0, privateKey: "" }, "kvm x": {} };
    const failures = await failuresOf({ inventory: wrong });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "inventory.kvm x",
      "inventory.kvm-n",
      "inventory.kvm-n.port",
      "inventory.kvm-n.privateKey",
    ]);
  });

  it("does not contradict the stack's configuration, and may repeat it", async () => {
    const [failure] = await failuresOf({ inventory: { "kvm-b": { address: "10.0.0.13" } } });
    assert.deepEqual([failure!.property, /\[invalidInput\]$/.test(failure!.reason)], ["inventory.kvm-b", true]);
    assert.deepEqual(await failuresOf({ inventory: { "kvm-b": { address: "10.0.0.12" } } }), []);
  });

  it("is recorded when it changes, and no host is asked for that", async () => {
    const { create, update, diff, inputs, host } = withHost();
    const { outs } = (await create(await inputs())) as { outs: Props };
    const placed = await inputs({ inventory: made });
    assert.equal((await diff(fakeUuid, outs, placed)).changes, true);
    const asked = host("kvm-a").commands.length;
    const updated = (await update(fakeUuid, outs, placed)) as { outs: Props };
    assert.deepEqual(updated.outs["inventory"], made);
    assert.equal(host("kvm-a").commands.length, asked);
  });
});
