import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { PlacementError } from "../../../provider/core/errors";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import type { Hosts } from "../../../provider/observe/hosts";
import { observe } from "../../../provider/observe/observe";
import { viewsOf } from "../../../provider/observe/viewsOf";
import { Placing } from "../../support/placing";
import { dbUuid, view } from "../../support/views";

const names = ["kvm-a", "kvm-b", "kvm-c", "kvm-d"];
const silent = (host: string) =>
  new PlacementError({
    code: "hostUnreachable",
    phase: "connect",
    action: `cannot reach ${host}`,
    message: "no route",
    remedies: [],
  });

/** The last host answers first; kvm-b and kvm-d do not. */
const hosts = {
  names,
  recentViews: async (name: string) => {
    await sleep(10 * (names.length - names.indexOf(name)));
    if (name === "kvm-b" || name === "kvm-d") throw silent(name);
    return [view(name, "running (booted)")];
  },
} as unknown as Hosts;

describe("many hosts that are asked at once", () => {
  it("are told of in their order, not in that of their answers", async () => {
    const query = { domain: "db-01", uuid: dbUuid, first: names, everywhere: true, lastHost: undefined };
    for (const { views, unreachable } of [await observe(hosts, query, true), await viewsOf(hosts, names)]) {
      assert.deepEqual(
        views.map(({ host }) => host),
        ["kvm-a", "kvm-c"],
      );
      assert.deepEqual(
        unreachable.map(({ host }) => host),
        ["kvm-b", "kvm-d"],
      );
    }
  });
});

describe("a fresh look where the VM was last", () => {
  const other = "00000000-0000-4000-8000-000000000002";
  const look = async (domains: ReturnType<typeof fakeDomain>[]) => {
    const { hosts } = new Placing({ "kvm-a": domains });
    const query = { domain: "db-01", uuid: fakeUuid, first: ["kvm-a"], everywhere: false, lastHost: "kvm-a" };
    return (await observe(hosts, query)).views.map(({ uuid, name, state, owns }) => ({ uuid, name, state, owns }));
  };

  it("asks for all of it before it knows which VMs there are", async () => {
    const asked: string[] = [];
    const answer = <T>(what: string, value: T) => {
      asked.push(what);
      return Promise.resolve(value);
    };
    let all: (domains: { uuid: string; name: string }[]) => void = () => {};
    const virsh = {
      domains: () => new Promise((resolve) => (all = resolve)),
      views: () => answer("views", [view("kvm-a", "running (booted)")]),
      owns: () => answer("owns", {}),
    };
    const stub = { names: ["kvm-a"], on: () => Promise.resolve(virsh) } as unknown as Hosts;
    const query = { domain: "db-01", uuid: dbUuid, first: ["kvm-a"], everywhere: false, lastHost: "kvm-a" };
    const observing = observe(stub, query);
    await sleep(5);
    assert.deepEqual(asked, ["views", "owns"]);
    all([{ uuid: dbUuid, name: "db-new" }]);
    assert.deepEqual(
      (await observing).views.map(({ name }) => name),
      ["db-new"],
    );
    assert.equal(asked.length, 2);
  });

  it("finds it under the name that it has now, with what it owns", async () => {
    const [found, ...more] = await look([fakeDomain({ name: "db-new" })]);
    assert.deepEqual(more, []);
    assert.deepEqual([found!.uuid, found!.name, found!.state], [fakeUuid, "db-new", "running"]);
    assert.deepEqual(Object.keys(found!.owns!), ["nvram", "tpm", "keepTpm"]);
  });

  it("finds another one of its name beside it, or alone", async () => {
    const stranger = fakeDomain({ uuid: other, state: "shut off" });
    const both = await look([fakeDomain({ name: "db-new" }), stranger]);
    assert.deepEqual(
      both.map(({ uuid, name, state }) => [uuid, name, state]),
      [
        [fakeUuid, "db-new", "running"],
        [other, "db-01", "shut off"],
      ],
    );
    assert.deepEqual(
      (await look([stranger])).map(({ uuid }) => uuid),
      [other],
    );
  });

  it("finds nothing where it is no longer", async () => {
    assert.deepEqual(await look([fakeDomain({ uuid: other, name: "web-01" })]), []);
  });
});
