/** `limits` of a placement, from the program to the hosts: checked right before a move, by what is there then. */
import assert from "node:assert/strict";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, refusal } from "../../support/boundary";
import { smallHost } from "../../support/smallHost";

const uuidOf = (n: number) => `0f8dfd2e-4bb4-4d0e-9a63-6d6ad3f40c${String(n).padStart(2, "0")}`;
const other = (n: number) => fakeDomain({ name: `web-0${n}`, uuid: uuidOf(n) });
const limits = { cpu: "50%" };

function sized() {
  const world = boundary();
  world.host("kvm-b").answers.set("MemTotal", smallHost);
  return world;
}

describe("limits of a placement", () => {
  async function adopted() {
    const world = sized();
    const { outs } = (await world.create(await world.inputs({ limits }))) as { outs: Props };
    const move = async () => world.update(fakeUuid, outs, await world.inputs({ host: "kvm-b", limits }));
    return { ...world, move };
  }

  it("refuse a move that would break them, and the VM stays; when there is room it moves", async () => {
    const { host, move, later } = await adopted();
    host("kvm-b").domains = [other(1), other(2)];
    const error = await refusal(move());
    assert.match(
      error.message,
      /on kvm-b, db-01 with web-01 and web-02 would take 3 virtual CPUs \(limits\.cpu: 2, 50% of 4\)/,
    );
    assert.match(error.message, /\[migrationRefused\]$/);
    assert.equal(host("kvm-a").domains.length, 1);
    host("kvm-b").domains = [other(1)];
    later(60_000);
    assert.equal(((await move()) as { outs: Props }).outs["currentHost"], "kvm-b");
  });

  it("count a VM that was started there since, and none that is shut off", async () => {
    const { host, move } = await adopted();
    host("kvm-b").domains = [other(1), fakeDomain({ ...other(2), state: "shut off", reason: "shutdown" })];
    assert.equal(((await move()) as { outs: Props }).outs["currentHost"], "kvm-b");
  });

  it("count what this run moves there at the same time", async () => {
    const world = sized();
    world.host("kvm-a").domains.push(other(1), other(2));
    const placed = async (domain: string) => {
      const { id, outs } = (await world.create(await world.inputs({ domain, limits }))) as { id: string; outs: Props };
      return { id, outs, domain };
    };
    const all = [await placed("db-01"), await placed("web-01"), await placed("web-02")];
    const ended = await Promise.allSettled(
      all.map(async ({ id, outs, domain }) =>
        world.update(id, outs, await world.inputs({ domain, host: "kvm-b", limits })),
      ),
    );
    assert.deepEqual(ended.map(({ status }) => status).sort(), ["fulfilled", "fulfilled", "rejected"]);
    assert.equal(world.host("kvm-b").domains.filter(({ state }) => state === "running").length, 2);
    assert.equal(world.host("kvm-a").domains.length, 1);
  });
});
