import assert from "node:assert/strict";
import fc from "fast-check";
import { brokenLimits, brokenRules, type Fleet, type FleetPlan, type Goal, planFleet } from "../../../provider/fleet";
import { boardOf } from "../../../provider/fleet/board";
import { costOf } from "../../../provider/fleet/state";
import { apply, bruteForce, groups, reachable, tinyFleets, worse } from "../../support/fleets";

const runs = Number(process.env["FLEET_CASES"] ?? 150);
const fleets = tinyFleets({ hosts: 3, vms: 5 });

/** No moment that the plan can lead to is worse than the start, and its end is what it says. */
function assertSafe(fleet: Fleet, plan: FleetPlan): void {
  if (!plan.possible) return;
  for (const places of reachable(fleet, plan.steps)) assert.deepEqual(worse(fleet, places), []);
  const at = new Map(fleet.vms.map(({ name, host }) => [name, host]));
  for (const { vm, source, destination } of plan.steps) {
    assert.equal(at.get(vm), source);
    at.set(vm, destination);
  }
  assert.deepEqual(at, new Map(plan.assignment));
}

/** Without any one of its dependencies the plan could do harm. */
function assertNeeded(fleet: Fleet, plan: FleetPlan): void {
  if (!plan.possible) return;
  const grouped = groups(fleet)
    .filter(({ length }) => length > 1)
    .flat();
  for (const step of plan.steps.filter(({ vm }) => grouped.every(({ name }) => name !== vm)))
    for (const id of step.after) {
      if (plan.steps.find((other) => other.id === id)!.vm === step.vm) continue;
      const bolder = plan.steps.map((other) =>
        other === step ? { ...step, after: step.after.filter((before) => before !== id) } : other,
      );
      assert.ok(
        reachable(fleet, bolder).some((places) => worse(fleet, places).length > 0),
        `${step.id} waits for ${id} for nothing`,
      );
    }
}

function costs(fleet: Fleet, at: ReadonlyMap<string, string>, closed: string[]): number {
  const board = boardOf(fleet, { closed: new Set(closed) });
  const hosts = board.hosts.map(({ name }) => name);
  return costOf(
    board,
    board.items.map(({ vms }) => hosts.indexOf(at.get(vms[0]!.name)!)),
  );
}

function assertLikeBruteForce(
  fleet: Fleet,
  goal: Goal,
  closed: string[],
  isGoal: (at: ReadonlyMap<string, string>) => boolean,
) {
  const plan = planFleet(fleet, goal);
  const stay = plan.stays.map(({ vm }) => vm);
  const best = bruteForce(fleet, { closed, stay, isGoal });
  if (!plan.possible) {
    assert.equal(best, undefined, `there is a plan: ${JSON.stringify(best && [...best.assignments[0]!])}`);
    return plan;
  }
  assertSafe(fleet, plan);
  assert.ok(best, "there is no plan");
  assert.equal(plan.steps.length, best.moves);
  if ("evacuate" in goal) {
    const least = Math.min(...best.assignments.map((at) => costs(fleet, at, closed)));
    assert.ok(costs(fleet, plan.assignment, closed) <= least + 1e-6, "there is a better spread");
  }
  assert.deepEqual(planFleet(fleet, goal), plan);
  return plan;
}

describe("fleet: planner, beside brute force", () => {
  it("evacuates with the fewest moves and the best spread, safe at every moment", () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const leaves = (vm: string) => !planFleet(fleet, { evacuate: ["h0"] }).stays.some((stay) => stay.vm === vm);
        const leaving = fleet.vms.filter(({ name, host }) => host === "h0" && leaves(name)).map(({ name }) => name);
        assertLikeBruteForce(fleet, { evacuate: ["h0"] }, ["h0"], (at) => leaving.every((vm) => at.get(vm) !== "h0"));
      }),
      { numRuns: runs },
    );
  });

  it("assigns with the fewest moves, parked ones included, and no needless dependency", () => {
    fc.assert(
      fc.property(fleets, fc.array(fc.nat(2), { minLength: 5, maxLength: 5 }), (fleet, targets) => {
        const assign = new Map(fleet.vms.map(({ name }, index) => [name, `h${targets[index]! % fleet.hosts.length}`]));
        const plan = assertLikeBruteForce(fleet, { assign }, [], (at) =>
          [...assign].every(([vm, host]) => at.get(vm) === host),
        );
        assertNeeded(fleet, plan);
      }),
      { numRuns: runs },
    );
  });

  it("restores what it evacuated", () => {
    fc.assert(
      fc.property(fleets, (fleet) => {
        const plan = planFleet(fleet, { evacuate: ["h0"] });
        if (!plan.possible || isBroken(fleet)) return;
        const after = apply(fleet, plan);
        const back = planFleet(after, { restore: ["h0"], evacuated: plan.evacuated! });
        assert.ok(back.possible);
        assertSafe(after, back);
        assert.deepEqual(apply(after, back).vms, fleet.vms);
        assert.deepEqual(back.evacuated, {});
      }),
      { numRuns: runs },
    );
  });

  for (const balance of [{}, { threshold: 0, margin: 0.01 }, { by: "size", margin: 0.1 }, { pack: true }] as const) {
    it(`balances safely, and proposes nothing the second time: ${JSON.stringify(balance)}`, () => {
      fc.assert(
        fc.property(fleets, (fleet) => {
          const plan = planFleet(fleet, { balance });
          assertSafe(fleet, plan);
          assertNeeded(fleet, plan);
          const second = planFleet(apply(fleet, plan), { balance });
          assert.ok(second.possible);
          assert.deepEqual(second.steps, []);
        }),
        { numRuns: runs },
      );
    });
  }
});

function isBroken(fleet: Fleet): boolean {
  const at = new Map(fleet.vms.map(({ name, host }) => [name, [host]]));
  const misplaced = fleet.vms.some(({ name, host }) => fleet.cannotGo(name, host) !== undefined);
  return misplaced || brokenRules(fleet, at).length + brokenLimits(fleet, at).length > 0;
}
