import assert from "node:assert/strict";
import fc from "fast-check";
import { type BalanceOptions, type Fleet, type FleetPlan, planFleet } from "../../../provider/fleet";
import { aFleet, aHost, aVm, tinyFleets } from "../../support/fleets";

function moves(fleet: Fleet, balance: BalanceOptions = {}): string[] {
  const plan: FleetPlan = planFleet(fleet, { balance });
  assert.ok(plan.possible);
  return plan.steps.map(({ vm, destination }) => `${vm} to ${destination}`);
}

describe("fleet: balance", () => {
  const hosts = [aHost("a"), aHost("b"), aHost("c", { maintenance: true })];
  const vms = [aVm("x", "a", 4), aVm("y", "a", 3), aVm("z", "b", 1)];
  const fleet = aFleet(hosts, vms);

  it("moves what brings the fuller host down most, not to a host in maintenance", () => {
    assert.deepEqual(moves(fleet), ["y to b"]);
    const plan = planFleet(fleet, { balance: {} });
    assert.ok(plan.possible);
    assert.match(plan.steps[0]!.reason, /a from 70 % to 40 % and b from 13 % to 40 %/);
  });

  for (const [what, options] of [
    ["below the threshold", { threshold: 0.6 }],
    ["whose gain is below the margin", { margin: 0.31 }],
    ["of ignored VMs and such as moved a short time ago", { ignore: ["x"], recentlyMoved: ["y"] }],
  ] as [string, BalanceOptions][]) {
    it(`proposes no move ${what}`, () => assert.deepEqual(moves(fleet, options), []));
  }

  it("takes the emptiest of the hosts that are as good, so that no second move follows", () => {
    const full = ["s", "t", "u", "v"].map((name) => aVm(name, "c", 2));
    const three = [aHost("a"), aHost("b"), aHost("c")];
    const taken = [aVm("p", "a", 2), aVm("q", "a", 2), aVm("r", "b", 2)];
    assert.deepEqual(moves(aFleet(three, [...full, ...taken])), ["s to b"]);
  });

  it("goes by the measured load, or by the size if it is told to", () => {
    const idle = { memoryBytes: 1, cpus: 0 };
    const loaded = aFleet(hosts, [
      aVm("x", "a", 4, { load: idle }),
      aVm("y", "a", 3, { load: idle }),
      aVm("z", "b", 1, { load: { memoryBytes: 1, cpus: 8 } }),
    ]);
    assert.deepEqual(moves(loaded), []);
    assert.deepEqual(moves(loaded, { by: "size" }), ["y to b"]);
  });

  it("counts virtual CPUs by their limit, and CPUs that were measured as they are", () => {
    const busy = (name: string, host: string) => aVm(name, host, 0, { load: { memoryBytes: 0, cpus: 2 } });
    const overcommitted = aFleet(hosts, [busy("x", "a"), busy("y", "a"), busy("z", "a")], { limits: { cpu: 16 } });
    assert.deepEqual(moves(overcommitted, { by: "load" }), ["x to b"]);
    assert.deepEqual(moves(overcommitted, { by: "size" }), []);
  });

  it("does without VMs that change places where none of them has room before the other has left", () => {
    const loaded = (name: string, host: string, memory: number, load: [number, number]) =>
      aVm(name, host, memory, { load: { memoryBytes: load[0], cpus: load[1] } });
    const tight = [
      loaded("s", "a", 4, [2.98, 1]),
      loaded("t", "a", 4, [2.63, 2.16]),
      loaded("u", "b", 5, [0.77, 3.67]),
      loaded("v", "a", 4, [2.67, 0.01]),
      loaded("w", "b", 4, [0.97, 1.4]),
    ];
    const small = [aHost("a", { memoryBytes: 7 }), aHost("b", { memoryBytes: 8 }), aHost("c", { memoryBytes: 8 })];
    const goal = { balance: { margin: 0.05, threshold: 0 } };
    const plan = planFleet(aFleet(small, tight), goal);
    assert.ok(plan.possible);
    assert.ok(plan.steps.length > 0);
    const moved = tight.map((vm) => ({ ...vm, host: plan.assignment.get(vm.name)! }));
    assert.deepEqual(moves(aFleet(small, moved), goal.balance), []);
  });

  it("proposes no moves after which the next plan would move a VM on", () => {
    const memory = { h0: 4, h1: 3, h2: 6, h3: 5 };
    const four = Object.entries(memory).map(([name, memoryBytes]) => aHost(name, { memoryBytes, cpus: 8 }));
    const loaded = (name: string, host: string, memoryBytes: number, load: { memoryBytes: number; cpus: number }) =>
      aVm(name, host, memoryBytes, { vcpus: 1, load });
    const placed = [
      loaded("v0", "h0", 1, { memoryBytes: 1.98, cpus: 0 }),
      loaded("v1", "h3", 1, { memoryBytes: 0, cpus: 0.14 }),
      loaded("v2", "h0", 1, { memoryBytes: 0, cpus: 0 }),
      loaded("v3", "h1", 5, { memoryBytes: 1.59, cpus: 0 }),
      loaded("v4", "h2", 1, { memoryBytes: 1.39, cpus: 2.09 }),
    ];
    const goal: BalanceOptions = { by: "load", margin: 0, threshold: 0 };
    const plan = planFleet(aFleet(four, placed), { balance: goal });
    assert.ok(plan.possible);
    const moved = placed.map((vm) => ({ ...vm, host: plan.assignment.get(vm.name)! }));
    assert.deepEqual(moves(aFleet(four, moved), goal), []);
  });

  it("proposes nothing after its own moves, whatever the loads", () => {
    const share = fc.integer({ min: 0, max: 300 }).map((percent) => percent / 100);
    const loads = fc.array(fc.record({ memoryBytes: share, cpus: share }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(tinyFleets({ vms: 8 }), loads, fc.constantFrom(0, 0.02, 0.2), (drawn, load, margin) => {
        const vms = drawn.vms.map((vm, index) => ({ ...vm, load: load[index]! }));
        const fleet = { ...drawn, vms, limits: { ...drawn.limits, moves: Infinity } };
        const goal = { balance: { by: "load" as const, margin, threshold: margin } };
        const plan = planFleet(fleet, goal);
        assert.ok(plan.possible);
        const moved = vms.map((vm) => ({ ...vm, host: plan.assignment.get(vm.name)! }));
        const again = planFleet({ ...fleet, vms: moved }, goal);
        assert.ok(again.possible);
        assert.deepEqual(again.steps, []);
      }),
      { numRuns: 300 },
    );
  });

  it("empties hosts if it packs, and makes no more moves than it may", () => {
    assert.deepEqual(moves(fleet, { pack: true }), ["z to a"]);
    assert.deepEqual(moves({ ...fleet, limits: { moves: 0 } }, { pack: true }), []);
    assert.deepEqual(moves({ ...fleet, limits: { moves: 0 } }), []);
  });
});
