import assert from "node:assert/strict";
import { fakeDomain, fakeUuid, SimulatedLab } from "../../../lab/simulated";
import { Hosts } from "../../../provider/observe/hosts";
import { FactsAhead } from "../../../provider/preflight/factsAhead";
import type { IntendedMove } from "../../../provider/preflight/intendedMove";
import { validity } from "../../../provider/core/times";

describe("facts that are asked for ahead of an update", () => {
  const move: IntendedMove = {
    source: "kvm-a",
    destination: "kvm-b",
    how: "live",
    options: { mode: "auto" },
    staleImages: [],
    domain: { uuid: fakeUuid, state: "running" },
    command: "virsh migrate --live db-01 qemu+ssh://kvm-b/system",
  };

  function world() {
    const lab = new SimulatedLab();
    lab.add("kvm-a", [fakeDomain()]);
    lab.add("kvm-b");
    lab.add("kvm-c");
    let nowMs = 0;
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const hosts = new Hosts(
      lab.dial,
      Object.fromEntries(["kvm-a", "kvm-b", "kvm-c"].map((name) => [name, { name }])),
      "qemu:///system",
      clock,
    );
    const asked = () => lab.hosts.get("kvm-a")!.commands.filter((line) => line.startsWith("dumpxml")).length;
    return { lab, hosts, asked, ahead: new FactsAhead(clock, false), later: (ms: number) => (nowMs += ms) };
  }

  it("are taken once, by the move that they are of; another asks for its own", async () => {
    const { hosts, ahead, asked } = world();
    ahead.ask(hosts, move);
    assert.equal((await ahead.of(hosts, move)).domain?.name, "db-01");
    assert.equal(asked(), 1);
    await ahead.of(hosts, move);
    assert.equal(asked(), 2);
  });

  const others: Record<string, Partial<IntendedMove>> = {
    "to another host": { destination: "kvm-c" },
    "of a VM that is shut off": { how: "offline", domain: { uuid: fakeUuid, state: "shut off" } },
    "with other options": { options: { mode: "auto", tls: true } },
    "with limits": { limits: { cpu: 2 } },
  };
  for (const [what, other] of Object.entries(others)) {
    it(`are not those of a move ${what}`, async () => {
      const { hosts, ahead, asked } = world();
      ahead.ask(hosts, move);
      await ahead.of(hosts, { ...move, ...other });
      assert.equal(asked(), 2);
    });
  }

  it("do not hold for long, nor when something has moved on a host since", async () => {
    const { hosts, ahead, asked, later } = world();
    ahead.ask(hosts, move);
    later(validity.facts);
    await ahead.of(hosts, move);
    assert.equal(asked(), 2);
    ahead.ask(hosts, move);
    hosts.forget("kvm-b");
    await ahead.of(hosts, move);
    assert.equal(asked(), 4);
  });

  it("are asked for again where that failed", async () => {
    const { hosts, ahead, lab } = world();
    lab.hosts.get("kvm-b")!.down = true;
    ahead.ask(hosts, move);
    await new Promise((resolve) => setTimeout(resolve, 20));
    lab.hosts.get("kvm-b")!.down = false;
    assert.equal((await ahead.of(hosts, move)).domain?.name, "db-01");
  });

  it("are asked for of few moves at a time", async () => {
    const { hosts, ahead, asked } = world();
    const uuids = Array.from({ length: 9 }, (_, n) => fakeUuid.replace(/.$/, String(n)));
    for (const uuid of uuids) ahead.ask(hosts, { ...move, domain: { uuid, state: "running" } });
    for (const uuid of uuids.slice(0, 4)) await ahead.of(hosts, { ...move, domain: { uuid, state: "running" } });
    assert.equal(asked(), 4);
  });
});
