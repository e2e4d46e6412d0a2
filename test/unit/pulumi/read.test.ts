import assert from "node:assert/strict";
import type { Props } from "../../../provider/pulumi/state";
import { boundary, refusal } from "../../support/boundary";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";

describe("read", () => {
  it("returns the state as it is, and the inputs", async () => {
    const { create, read, inputs } = boundary();
    const given = await inputs({ migration: { timeout: "5m" } });
    const { outs } = (await create(given)) as { outs: Props };
    const { __provider: _, ...kept } = given;
    assert.deepEqual(await read(fakeUuid, outs), { id: fakeUuid, props: outs, inputs: kept });
  });

  it("finds a VM that was moved by hand, and says so as an input too", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs())) as { outs: Props };
    host("kvm-c").domains = [fakeDomain({ state: "paused", reason: "user" })];
    host("kvm-a").domains = [];
    later(60_000);
    const found = (await read(fakeUuid, outs)) as { props: Props; inputs: Props };
    const { plan } = await inputs({ host: "kvm-c" });
    assert.deepEqual(found.props, {
      ...{ ...outs, host: "kvm-c", plan, currentHost: "kvm-c", state: "paused" },
      __drift: { host: "kvm-a", from: "kvm-a" },
    });
    assert.equal(found.inputs["host"], "kvm-c");
    assert.deepEqual(found.inputs["plan"], plan);
  });

  it("keeps a list of hosts while the VM is on one of them", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs({ host: ["kvm-a", "kvm-b"] }))) as { outs: Props };
    host("kvm-b").domains = host("kvm-a").domains;
    host("kvm-a").domains = [];
    later(60_000);
    const found = (await read(fakeUuid, outs)) as { props: Props; inputs: Props };
    assert.deepEqual(found.inputs["host"], ["kvm-a", "kvm-b"]);
    assert.equal(found.props["currentHost"], "kvm-b");
  });

  it("of many placements asks each host once", async () => {
    const { create, read, inputs, host, later } = boundary();
    const { outs } = (await create(await inputs())) as { outs: Props };
    later(60_000);
    host("kvm-a").commands.length = 0;
    await Promise.all([1, 2, 3, 4].map(() => read(fakeUuid, outs)));
    assert.equal(host("kvm-a").commands.filter((command) => command === "list --all --uuid --name").length, 1);
  });

  const unreadable: [title: string, spoil: (world: ReturnType<typeof boundary>) => void, code: string][] = [
    ["is on no host", ({ host }) => (host("kvm-a").domains = []), "domainMissing"],
    ["may be on a host that cannot be reached", ({ host }) => (host("kvm-a").down = true), "hostUnreachable"],
    ["runs on two hosts", ({ host }) => (host("kvm-b").domains = [fakeDomain()]), "domainOnTwoHosts"],
  ];
  for (const [title, spoil, code] of unreadable) {
    it(`fails, and never calls a VM gone, where it ${title}`, async () => {
      const world = boundary();
      const { outs } = (await world.create(await world.inputs({ host: ["kvm-a", "kvm-b"] }))) as { outs: Props };
      spoil(world);
      world.later(60_000);
      if (world.host("kvm-a").down) world.fake.connectionsLost();
      assert.match((await refusal(world.read(fakeUuid, outs))).message, new RegExp(`\\[${code}\\]$`));
    });
  }
});
