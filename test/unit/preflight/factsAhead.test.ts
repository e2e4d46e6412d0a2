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
    let nowMs = 0;
    const clock = { now: () => nowMs, sleep: () => Promise.resolve() };
    const hosts = new Hosts(
      lab.dial,
      { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b" } },
      "qemu:///system",
      clock,
    );
    return { hosts, ahead: new FactsAhead(clock), later: (ms: number) => (nowMs += ms) };
  }

  it("are taken once, by the move that they are of", async () => {
    const { hosts, ahead } = world();
    ahead.ask(hosts, move);
    const facts = await ahead.take(hosts, move);
    assert.equal(facts?.domain?.name, "db-01");
    assert.equal(ahead.take(hosts, move), undefined);
  });

  const others: Record<string, Partial<IntendedMove>> = {
    "to another host": { destination: "kvm-c" },
    "of a VM that is shut off": { how: "offline", domain: { uuid: fakeUuid, state: "shut off" } },
    "with other options": { options: { mode: "auto", tls: true } },
    "with limits": { limits: { cpu: 2 } },
  };
  for (const [what, other] of Object.entries(others)) {
    it(`are not those of a move ${what}`, () => {
      const { hosts, ahead } = world();
      ahead.ask(hosts, move);
      assert.equal(ahead.take(hosts, { ...move, ...other }), undefined);
    });
  }

  it("do not hold for long, nor when something has moved on a host since", () => {
    const { hosts, ahead, later } = world();
    ahead.ask(hosts, move);
    later(validity.facts);
    assert.equal(ahead.take(hosts, move), undefined);
    ahead.ask(hosts, move);
    hosts.forget("kvm-b");
    assert.equal(ahead.take(hosts, move), undefined);
  });

  it("are asked of few moves at a time", () => {
    const { hosts, ahead } = world();
    const moves = [1, 2, 3, 4, 5].map((n) => ({ ...move, domain: { uuid: `vm-${n}`, state: "running" } }));
    for (const each of moves) ahead.ask(hosts, each);
    assert.deepEqual(
      moves.map((each) => ahead.take(hosts, each) !== undefined),
      [true, true, true, true, false],
    );
  });
});
