import assert from "node:assert/strict";
import type { Props } from "../../../provider/pulumi/state";
import { boundary } from "../../support/boundary";
import { fakeUuid } from "../../../lab/simulated";

describe("the diff of an update", () => {
  async function moving() {
    const { outs } = (await boundary().create(await boundary().inputs())) as { outs: Props };
    const world = boundary();
    const asked = (text: string, host = "kvm-a") =>
      world.host(host).commands.filter((line) => line.includes(text)).length;
    const diffOf = async (phase: Props) => {
      const inputs = await world.inputs({ host: "kvm-b", ...phase });
      await world.diff(fakeUuid, outs, inputs);
      return inputs;
    };
    return { ...world, olds: outs, asked, diffOf };
  }
  const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

  it("asks the hosts for the move, so that the update need not ask again", async () => {
    const { update, olds, asked, diffOf, shown } = await moving();
    const inputs = await diffOf({ __dryRun: false });
    assert.equal(shown.length, 0, "and tells nothing");
    await settled();
    assert.equal(asked("capabilities"), 1);
    const definitions = asked(`dumpxml ${fakeUuid}`);
    const { outs } = (await update(fakeUuid, olds, inputs)) as { outs: Props };
    assert.equal(outs["currentHost"], "kvm-b");
    assert.equal(asked(`dumpxml ${fakeUuid}`), definitions);
  });

  it("asks nothing where it is not known that an update follows, and in a refresh", async () => {
    const { diffOf, read, diff, olds, asked } = await moving();
    const inputs = await diffOf({ __dryRun: false });
    await settled();
    const before = asked("capabilities");
    await read(fakeUuid, olds);
    await diff(fakeUuid, olds, inputs);
    await settled();
    assert.equal(asked("capabilities"), before);
  });

  it("is not believed: a VM that was shut off meanwhile moves as it is then", async () => {
    const { update, olds, diffOf, host } = await moving();
    const inputs = await diffOf({ __dryRun: false });
    await settled();
    host("kvm-a").domains[0]!.state = "shut off";
    const { outs } = (await update(fakeUuid, olds, inputs)) as { outs: Props };
    assert.equal((outs["lastMigration"] as Props)["mode"], "offline");
  });
});
