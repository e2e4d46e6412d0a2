/** Empties hosts. */
import { conflictOf, impossible, obstacle } from "./conflict";
import type { Fleet, FleetVm } from "./model";
import { finished } from "./finished";
import type { EvacuateGoal, Evacuated, FleetPlan, Listed, PossiblePlan, Stay } from "./plan";
import { select, show } from "./rules";
import { type Problem, solve } from "./solve";

export function planEvacuation(fleet: Fleet, goal: EvacuateGoal, steps: number): FleetPlan {
  const closed = new Set(goal.evacuate);
  const listed = stuckOn(fleet, closed);
  if (listed.blocked.length > 0) return impossible(blockedBy(listed.blocked), listed);
  const stay = new Set(listed.stays.map(({ vm }) => vm));
  const leaving = fleet.vms.filter(({ name, host }) => closed.has(host) && !stay.has(name));
  const problem: Problem = {
    fleet,
    options: { closed, stay },
    goal: new Map(leaving.map(({ name }) => [name, undefined])),
    spread: true,
  };
  const { board, found, proven } = solve(problem, { left: steps });
  if (!found) return impossible(conflictOf(problem, proven), listed);
  const plan = finished(fleet, board, found, listed, (leg) =>
    closed.has(board.hosts[leg.source]!.name)
      ? `${board.hosts[leg.source]!.name} is evacuated`
      : `makes room on ${board.hosts[leg.source]!.name}`,
  );
  return plan.possible ? { ...plan, evacuated: noted(fleet, plan, goal.evacuated ?? {}) } : plan;
}

/** VMs that cannot leave, whatever the others do, and those that the rules keep with them. */
function stuckOn(fleet: Fleet, closed: ReadonlySet<string>): Listed {
  const reasons = new Map<FleetVm, string>();
  const inside = fleet.vms.filter(({ host }) => closed.has(host));
  for (const vm of inside) {
    const reason = stuck(fleet, vm, closed);
    if (reason !== undefined) reasons.set(vm, reason);
  }
  for (let size = -1; size < reasons.size;) {
    size = reasons.size;
    for (const vm of inside) {
      const bond = reasons.has(vm) ? undefined : bondOf(fleet, vm, [...reasons.keys()]);
      if (bond !== undefined) reasons.set(vm, bond);
    }
  }
  const all = inside
    .filter((vm) => reasons.has(vm))
    .map((vm) => ({ how: vm.onEvacuation, vm: vm.name, host: vm.host, reason: reasons.get(vm)! }));
  const list = (kind: FleetVm["onEvacuation"]): Stay[] =>
    all.filter(({ how }) => how === kind).map(({ vm, host, reason }) => ({ vm, host, reason }));
  return { stays: list("stay"), blocked: list("block") };
}

function stuck(fleet: Fleet, vm: FleetVm, closed: ReadonlySet<string>): string | undefined {
  if (vm.pinned) return "it is pinned";
  const others = fleet.hosts.filter(({ name }) => name !== vm.host);
  const obstacles = others.map((host) => obstacle(fleet, vm, host, { closed }));
  return obstacles.some((reason) => reason === undefined)
    ? undefined
    : obstacles.join("; ") || "there is no other host";
}

function bondOf(fleet: Fleet, vm: FleetVm, stay: readonly FleetVm[]): string | undefined {
  for (const rule of fleet.rules) {
    if (!("together" in rule) || select(rule.together, [vm]).length === 0) continue;
    const [partner] = select(rule.together, stay).filter(({ host }) => host === vm.host);
    if (partner) return `${partner.name} stays (${show(rule)})`;
  }
  return undefined;
}

function blockedBy(blocked: readonly Stay[]) {
  return {
    rules: [],
    limits: [],
    vms: blocked.map(({ vm }) => vm),
    hosts: [...new Set(blocked.map(({ host }) => host))],
    why: blocked.map(({ vm, host, reason }) => `${vm} cannot leave ${host}: ${reason}`).join("; "),
    proven: true,
  };
}

/** What the plan moves, added to what was noted before: the numbers go on from there. */
function noted(fleet: Fleet, plan: PossiblePlan, before: Evacuated): Evacuated {
  const record: Record<string, Record<string, number>> = {};
  for (const [host, vms] of Object.entries(before)) record[host] = { ...vms };
  let next = Math.max(-1, ...Object.values(before).flatMap((vms) => Object.values(vms))) + 1;
  const homes = new Map(fleet.vms.map(({ name, host }) => [name, host]));
  for (const { vm, parking } of plan.steps) {
    const home = homes.get(vm)!;
    if (parking || plan.assignment.get(vm) === home) continue;
    (record[home] ??= {})[vm] = next++;
  }
  return record;
}
