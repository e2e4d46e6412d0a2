import assert from "node:assert/strict";
import { fakeDomain } from "../../support/fake-virsh";
import { Placing } from "../../support/placing";

const asked = { options: { maxDowntimeMs: 900 } };
const settings = (world: Placing) => world.deeds.filter((deed) => deed.includes("setmaxdowntime"));
const failsAfterTwoSeconds = (world: Placing, seen: () => void = () => {}) => {
  world.fakes.onMigrate = async () => {
    await world.clock.sleep(2000);
    seen();
    return "error: operation failed: migration out job: unexpectedly failed";
  };
};

describe("the maximum downtime of a machine", () => {
  it("is put back to what it was when the machine stays", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain({ maxDowntimeMs: 450 })] });
    const [domain] = world.host("kvm-a").domains;
    failsAfterTwoSeconds(world, () => assert.equal(domain!.maxDowntimeMs, 900));
    await assert.rejects(world.place(asked));
    assert.equal(domain!.maxDowntimeMs, 450);
    assert.deepEqual(settings(world), [
      "0 s kvm-a: migrate-setmaxdowntime db-01 900",
      "2 s kvm-a: migrate-setmaxdowntime 450",
    ]);
  });

  it("is not touched where the program sets none", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain({ maxDowntimeMs: 450 })] });
    failsAfterTwoSeconds(world);
    await assert.rejects(world.place());
    assert.deepEqual(settings(world), []);
  });

  it("goes with a machine that has moved: nothing is put back", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    world.lasts(2);
    await world.place(asked);
    assert.deepEqual(settings(world), ["0 s kvm-a: migrate-setmaxdowntime db-01 900"]);
  });

  it("is told of, with the command to type, where the source cannot be asked to put it back", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain({ maxDowntimeMs: 450 })] });
    failsAfterTwoSeconds(world, () => {
      world.host("kvm-a").down = true;
      world.fakes.connectionsLost();
    });
    await assert.rejects(world.place(asked));
    assert.deepEqual(
      world.rows.filter((row) => row.startsWith("warn: ")),
      [
        "warn: the maximum downtime of db-01 could not be put back to 450 ms on kvm-a: connect ECONNREFUSED. " +
          "If db-01 still runs there: `virsh migrate-setmaxdowntime db-01 450`",
      ],
    );
  });
});
