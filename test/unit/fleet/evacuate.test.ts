import assert from "node:assert/strict";
import { type FleetPlan, planFleet } from "../../../provider/fleet";
import { aFleet, aHost, aVm, apply } from "../../support/fleets";

const hosts = [aHost("a"), aHost("b"), aHost("c")];

function moves(plan: FleetPlan): string[] {
  assert.ok(plan.possible, plan.possible ? "" : plan.conflict.why);
  return plan.steps.map(
    ({ vm, destination, after }) => `${vm} to ${destination}${after.length > 0 ? ` after ${after.join()}` : ""}`,
  );
}

describe("fleet: evacuate", () => {
  it("lists what blocks before anything is planned", () => {
    const vms = [aVm("gpu", "a", 1, { pinned: true }), aVm("db", "a"), aVm("cpu", "a")];
    const plan = planFleet(aFleet(hosts, vms, { cannotGo: (vm) => (vm === "cpu" ? "no such CPU model" : undefined) }), {
      evacuate: ["a"],
    });
    assert.ok(!plan.possible);
    assert.deepEqual(plan.blocked, [
      { vm: "gpu", host: "a", reason: "it is pinned" },
      { vm: "cpu", host: "a", reason: "b: no such CPU model; c: no such CPU model" },
    ]);
    assert.deepEqual(plan.conflict.vms, ["gpu", "cpu"]);
  });

  it("leaves behind what may stay, and moves it if it can move", () => {
    const stay = { onEvacuation: "stay" as const };
    const plan = planFleet(aFleet(hosts, [aVm("gpu", "a", 1, { ...stay, pinned: true }), aVm("db", "a", 1, stay)]), {
      evacuate: ["a"],
    });
    assert.deepEqual(moves(plan), ["db to b"]);
    assert.deepEqual(plan.stays, [{ vm: "gpu", host: "a", reason: "it is pinned" }]);
  });

  it("keeps with a pinned VM what is to be together with it", () => {
    const vms = [aVm("gpu", "a", 1, { pinned: true }), aVm("app", "a"), aVm("web", "a")];
    const plan = planFleet(aFleet(hosts, vms, { rules: [{ together: ["gpu", "app"] }] }), { evacuate: ["a"] });
    assert.deepEqual(
      plan.blocked.map(({ vm }) => vm),
      ["gpu", "app"],
    );
  });

  it("goes to no host in maintenance, and makes room only if it has to", () => {
    const vms = [aVm("db", "a", 6), aVm("x", "b", 6), aVm("y", "c", 1)];
    const maintained = [hosts[0]!, hosts[1]!, aHost("c", { memoryBytes: 7 }), aHost("d", { maintenance: true })];
    assert.deepEqual(moves(planFleet(aFleet(maintained, vms), { evacuate: ["a"] })), ["db to c"]);
    const smaller = [hosts[0]!, hosts[1]!, aHost("c", { memoryBytes: 6 }), aHost("d", { maintenance: true })];
    assert.deepEqual(moves(planFleet(aFleet(smaller, vms), { evacuate: ["a"] })), ["y to b", "db to c after y"]);
  });

  it("finds room for a large VM that comes after many small ones", () => {
    const small = Array.from({ length: 64 }, (_, n) => aVm(`db-${n + 10}`, "a"));
    const others = ["b", "c", "d", "e", "f", "g", "h", "i"];
    const free = others.map((name) => aHost(name, { memoryBytes: 9 }));
    const fleet = aFleet([aHost("a", { memoryBytes: 70 }), ...free], [...small, aVm("web-large", "a", 6)]);
    assert.equal(moves(planFleet(fleet, { evacuate: ["a"] })).length, 65);
  });

  it("moves the higher priority first, and waits where a VM says so", () => {
    const vms = [aVm("a1", "a", 1, { after: ["a2"] }), aVm("a2", "a"), aVm("a3", "a", 1, { priority: 5 })];
    const plan = planFleet(aFleet(hosts, vms), { evacuate: ["a"] });
    assert.deepEqual(
      moves(plan).map((text) => text.replace(/ to ./, "")),
      ["a3", "a2", "a1 after a2"],
    );
  });

  it("counts a VM that is shut off for rules only", () => {
    const vms = [aVm("off", "a", 50, { active: false }), aVm("x", "b", 9), aVm("y", "c", 9)];
    assert.deepEqual(moves(planFleet(aFleet(hosts, vms), { evacuate: ["a"] })).length, 1);
    const plan = planFleet(aFleet(hosts, vms, { rules: [{ apart: ["off", "x"] }] }), { evacuate: ["a"] });
    assert.deepEqual(moves(plan), ["off to c"]);
  });

  it("notes what left which host, after what was noted before, and takes away what it restores", () => {
    const fleet = aFleet([aHost("a"), aHost("b"), aHost("c")], [aVm("x", "a"), aVm("y", "b")]);
    const first = planFleet(fleet, { evacuate: ["a"] });
    assert.ok(first.possible);
    assert.deepEqual(first.evacuated, { a: { x: 0 } });
    const later = { ...apply(fleet, first), hosts: [aHost("a", { maintenance: true }), aHost("b"), aHost("c")] };
    const second = planFleet(later, { evacuate: ["b"], evacuated: first.evacuated });
    assert.ok(second.possible);
    assert.deepEqual(second.evacuated!["b"]!["y"], 1);
    const back = planFleet(apply(later, second), { restore: ["a", "b"], evacuated: second.evacuated! });
    assert.ok(back.possible);
    assert.deepEqual(
      [...back.assignment],
      [
        ["x", "a"],
        ["y", "b"],
      ],
    );
    assert.deepEqual(back.evacuated, {});
  });
});
