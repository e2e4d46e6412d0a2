/** What cannot hold together: the smallest part of a problem that has no solution still. */
import type { Conflict, Listed } from "./plan";
import { listed } from "../core/near";
import { whyNot } from "./board";
import type { Fleet, FleetVm, LimitName, Rule } from "./model";
import { select, show } from "./rules";
import { type Problem, solve } from "./solve";

const limitNames: readonly LimitName[] = ["memory", "cpu", "hugePages", "nodes"];
const roomOf: Readonly<Record<LimitName, string>> = {
  memory: "memory within `limits.memory`",
  cpu: "virtual CPUs within `limits.cpu`",
  hugePages: "huge pages",
  nodes: "memory on one NUMA node",
  moves: "moves within the limit",
};
/** Steps for each smaller problem, and for all of them. */
const budgetOfEach = 200_000;
const budgetOfAll = 4_000_000;
/** Up to so many elements pairs are tried before the elements are left out one by one. */
const mostForPairs = 14;

/** @param proven whether it is certain that the whole problem has no solution. */
export function conflictOf(problem: Problem, proven: boolean): Conflict {
  return proven ? new Reduction(problem).run() : givenUp(problem);
}

/** No smaller part of it is known to have no solution either. */
function givenUp({ fleet, goal }: Problem): Conflict {
  const vms = [...goal.keys()].sort();
  const hosts = [...new Set(hostsOf(fleet, vms))].sort();
  const why = `no plan found for the moves of ${vms.join(" and ")} before the search was given up; there may be one`;
  return { rules: [], limits: [], vms, hosts, why, proven: false };
}

class Reduction {
  #left = budgetOfAll;

  constructor(private problem: Problem) {}

  run(): Conflict {
    const names = [...this.problem.goal.keys()];
    const sizes = new Map(this.problem.fleet.vms.map(({ name, memoryBytes }) => [name, memoryBytes]));
    names.sort((a, b) => sizes.get(a)! - sizes.get(b)! || (a < b ? -1 : 1));
    const vms = this.#smallest(names, (kept) => withGoal(this.problem, kept), 1);
    const limits = this.#smallest(limitNames, (kept) => withLimits(this.problem, kept));
    const rules = this.#smallest(this.problem.fleet.rules, (kept) => withRules(this.problem, kept));
    const others = limits.length > 0 ? [] : this.#others(vms, rules);
    const involved = [...vms, ...others].sort();
    const hosts = this.#hosts(vms);
    const known = { rules, limits, vms: involved, hosts };
    return { ...known, why: sentence(this.problem, vms, others, known), proven: true };
  }

  /** The elements without which there would be a solution. */
  #smallest<T>(elements: readonly T[], withOnly: (kept: readonly T[]) => Problem, least = 0): T[] {
    const take = (kept: readonly T[]): T[] => {
      this.problem = withOnly(kept);
      return [...kept];
    };
    if (least === 0 && this.#fails(withOnly([]))) return take([]);
    for (const one of elements) if (this.#fails(withOnly([one]))) return take([one]);
    if (elements.length <= mostForPairs)
      for (const [index, one] of elements.entries())
        for (const other of elements.slice(index + 1))
          if (this.#fails(withOnly([one, other]))) return take([one, other]);
    let kept = [...elements];
    for (const one of elements) {
      const fewer = kept.filter((other) => other !== one);
      if (fewer.length >= least && this.#fails(withOnly(fewer))) kept = fewer;
    }
    return take(kept);
  }

  /** VMs that need not move, but that the rules compare with those that are to. */
  #others(vms: readonly string[], rules: readonly Rule[]): string[] {
    const { fleet } = this.problem;
    const selected = new Set(
      rules.flatMap((rule) =>
        select("apart" in rule ? rule.apart : "together" in rule ? rule.together : [], fleet.vms).map(
          ({ name }) => name,
        ),
      ),
    );
    const candidates = [...selected].filter((name) => !vms.includes(name)).sort();
    const without = (kept: readonly string[]): Problem => {
      const gone = new Set(candidates.filter((name) => !kept.includes(name)));
      return { ...this.problem, fleet: { ...fleet, vms: fleet.vms.filter(({ name }) => !gone.has(name)) } };
    };
    return this.#smallest(candidates, without);
  }

  /** The hosts that the VMs are on or should go to, and those that are closed and would solve it if they were open. */
  #hosts(vms: readonly string[]): string[] {
    const { fleet, options, goal } = this.problem;
    const own = fleet.vms.filter(({ name }) => vms.includes(name)).map(({ host }) => host);
    const targets = vms.flatMap((vm) => goal.get(vm) ?? []);
    const closed = fleet.hosts.filter(
      ({ name, maintenance }) => options.closed?.has(name) || (maintenance && !options.opened?.has(name)),
    );
    const helping = closed
      .map(({ name }) => name)
      .filter((name) => !own.includes(name))
      .filter((name) => {
        const opened = new Set([...(options.opened ?? []), name]);
        const stillClosed = new Set([...(options.closed ?? [])].filter((other) => other !== name));
        return this.#solvable({ ...this.problem, options: { ...options, opened, closed: stillClosed } });
      });
    return [...new Set([...own, ...targets, ...helping])].sort();
  }

  #fails(problem: Problem): boolean {
    const { found, proven } = this.#solve(problem);
    return found === undefined && proven;
  }

  #solvable(problem: Problem): boolean {
    return this.#solve(problem).found !== undefined;
  }

  #solve(problem: Problem) {
    const budget = { left: Math.min(budgetOfEach, this.#left) };
    const before = budget.left;
    const solution = solve({ ...problem, spread: false }, budget);
    // Each costs something, that of a big fleet more, however soon it is solved.
    this.#left -= before - budget.left + problem.fleet.vms.length * 10;
    return solution;
  }
}

/** Without the other VMs that were to move: those to be brought to a host are gone, those to leave one stay. */
function withGoal(problem: Problem, kept: readonly string[]): Problem {
  const goal = new Map([...problem.goal].filter(([name]) => kept.includes(name)));
  if ([...problem.goal.values()].every((target) => target === undefined)) return { ...problem, goal };
  const vms = problem.fleet.vms.filter(({ name }) => goal.has(name) || !problem.goal.has(name));
  return { ...problem, goal, fleet: { ...problem.fleet, vms } };
}

function withLimits(problem: Problem, kept: readonly LimitName[]): Problem {
  const ignoring = new Set(limitNames.filter((name) => !kept.includes(name)));
  return { ...problem, options: { ...problem.options, ignoring } };
}

function withRules(problem: Problem, rules: readonly Rule[]): Problem {
  return { ...problem, fleet: { ...problem.fleet, rules: [...rules] } };
}

function sentence(
  { fleet, goal, options }: Problem,
  vms: readonly string[],
  others: readonly string[],
  { rules, limits }: Pick<Conflict, "rules" | "limits">,
): string {
  const target = goal.get(vms[0]!);
  const what =
    target === undefined
      ? `${listed(vms, "and")} cannot ${vms.length > 1 ? `${vms.length > 2 ? "all" : "both"} ` : ""}leave ${listed(hostsOf(fleet, vms), "and")}`
      : `${vms.map((vm) => `${vm} to ${goal.get(vm)}`).join(" and ")} cannot be`;
  const keeps = [
    ...rules.map(show),
    ...(limits.length > 0 ? [noRoom(target, limits)] : []),
    ...others.map((other) => `${other} stays on ${fleet.vms.find(({ name }) => name === other)!.host}`),
  ];
  const reasons = keeps.length > 0 ? keeps : vms.flatMap((vm) => statics(fleet, vm, target, options));
  return `${what}: ${reasons.length > 0 ? reasons.join("; ") : "no order of moves leads there"}`;
}

function noRoom(target: string | undefined, limits: readonly LimitName[]): string {
  const room = listed(
    limits.map((limit) => roomOf[limit]),
    "and",
  );
  return target === undefined ? `the other hosts have not enough ${room}` : `${target} has not enough ${room}`;
}

function statics(fleet: Fleet, name: string, target: string | undefined, options: Problem["options"]): string[] {
  const vm = fleet.vms.find((each) => each.name === name)!;
  if (vm.pinned) return [`${name} is pinned`];
  const hosts = fleet.hosts.filter((host) => (target === undefined ? host.name !== vm.host : host.name === target));
  return hosts.length === 0
    ? ["there is no other host"]
    : hosts.flatMap((host) => obstacle(fleet, vm, host, options) ?? []);
}

/** Why a VM can never go to a host, rules apart. */
export function obstacle(
  fleet: Fleet,
  vm: FleetVm,
  host: Fleet["hosts"][number],
  options: Problem["options"],
): string | undefined {
  if (options.closed?.has(host.name)) return `${host.name} is to be emptied too`;
  if (host.maintenance && !options.opened?.has(host.name)) return `${host.name} is in maintenance`;
  const reason = whyNot(fleet, vm, host);
  return reason === undefined ? undefined : `${host.name}: ${reason}`;
}

function hostsOf(fleet: Fleet, vms: readonly string[]): string[] {
  return [...new Set(vms.map((vm) => fleet.vms.find(({ name }) => name === vm)!.host))];
}

/** An impossible plan. */
export function impossible(conflict: Conflict, { stays, blocked }: Listed) {
  return { possible: false as const, conflict, stays, blocked };
}
