/** Brings VMs to given hosts, and back to those that they were evacuated from. */
import { conflictOf, impossible } from "./conflict";
import { finished } from "./finished";
import type { Fleet } from "./model";
import type { AssignGoal, Evacuated, FleetPlan, RestoreGoal } from "./plan";
import { solve } from "./solve";

const nothingListed = { stays: [], blocked: [] };

export function planAssignment(fleet: Fleet, { assign }: AssignGoal, steps: number): FleetPlan {
  return bring(fleet, assign, new Set(), steps, "it is assigned to this host");
}

export function planRestore(fleet: Fleet, goal: RestoreGoal, steps: number): FleetPlan {
  const inMaintenance = new Set(fleet.hosts.filter(({ maintenance }) => maintenance).map(({ name }) => name));
  const asked = new Set(goal.restore);
  // What left a host that is open made room. It stays if hosts that are still empty need that room.
  const madeRoom = Object.keys(goal.evacuated).filter((host) => !asked.has(host) && !inMaintenance.has(host));
  const all = restored(fleet, goal.evacuated, asked, new Set([...asked, ...madeRoom]), steps);
  return all.possible || madeRoom.length === 0 ? all : restored(fleet, goal.evacuated, asked, asked, steps);
}

function restored(
  fleet: Fleet,
  evacuated: Evacuated,
  opened: ReadonlySet<string>,
  from: ReadonlySet<string>,
  steps: number,
): FleetPlan {
  const homes = homesOf(fleet, evacuated, from);
  const goal = new Map(homes.map(({ vm, host }) => [vm, host]));
  const plan = bring(fleet, goal, opened, steps, "it was evacuated from this host");
  return plan.possible ? { ...plan, evacuated: rest(evacuated, from, homes) } : plan;
}

/** Where each VM goes back to: of several hosts that it left, the one that it left first. */
function homesOf({ vms, hosts }: Fleet, evacuated: Evacuated, opened: ReadonlySet<string>) {
  return vms.flatMap(({ name }) => {
    const left = Object.entries(evacuated)
      .filter(
        ([host, those]) => Object.hasOwn(those, name) && opened.has(host) && hosts.some((each) => each.name === host),
      )
      .map(([host, those]) => ({ vm: name, host, number: those[name]! }));
    return left.sort((a, b) => a.number - b.number).slice(0, 1);
  });
}

/** What stays noted: of other hosts, what left before what is undone now. */
function rest(
  evacuated: Evacuated,
  opened: ReadonlySet<string>,
  homes: readonly { vm: string; number: number }[],
): Evacuated {
  const undone = new Map(homes.map(({ vm, number }) => [vm, number]));
  const kept = Object.entries(evacuated)
    .filter(([host]) => !opened.has(host))
    .map(([host, vms]): [string, Record<string, number>] => [
      host,
      Object.fromEntries(Object.entries(vms).filter(([vm, number]) => number < (undone.get(vm) ?? Infinity))),
    ]);
  return Object.fromEntries(kept.filter(([, vms]) => Object.keys(vms).length > 0));
}

function bring(
  fleet: Fleet,
  assign: ReadonlyMap<string, string>,
  opened: ReadonlySet<string>,
  steps: number,
  why: string,
): FleetPlan {
  const at = new Map(fleet.vms.map(({ name, host }) => [name, host]));
  const goal = new Map([...assign].filter(([vm, host]) => at.get(vm) !== host));
  const problem = { fleet, options: { opened }, goal, spread: true };
  const { board, found, proven } = solve(problem, { left: steps });
  return found
    ? finished(fleet, board, found, nothingListed, () => why)
    : impossible(conflictOf(problem, proven), nothingListed);
}
