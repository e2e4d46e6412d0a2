/** Fleets for tests of the planner, drawn at random or written out, and what a plan of them can lead to. */
import fc from "fast-check";
import {
  brokenLimits,
  brokenRules,
  type Fleet,
  type FleetHost,
  type FleetPlan,
  type FleetVm,
  type Rule,
  select,
  type Step,
} from "../../provider/fleet";

export function aHost(name: string, more: Partial<FleetHost> = {}): FleetHost {
  return { name, memoryBytes: 10, cpus: 8, labels: {}, maintenance: false, ...more };
}

export function aVm(name: string, host: string, memoryBytes = 1, more: Partial<FleetVm> = {}): FleetVm {
  const rest = { active: true, vcpus: 1, labels: {}, priority: 0, pinned: false, onEvacuation: "block" as const };
  return { name, host, memoryBytes, ...rest, ...more };
}

export function aFleet(hosts: FleetHost[], vms: FleetVm[], more: Partial<Fleet> = {}): Fleet {
  return { hosts, vms, rules: [], limits: {}, cannotGo: () => undefined, ...more };
}

/** Few hosts, few VMs, tight memory, all kinds of rules. What is broken at the start stays broken in some of them. */
export function tinyFleets({ hosts: mostHosts = 4, vms: mostVms = 6 } = {}): fc.Arbitrary<Fleet> {
  return fc
    .record({
      hosts: fc.array(
        fc.record({
          memoryBytes: fc.integer({ min: 3, max: 9 }),
          maintenance: fc.constantFrom(false, false, false, false, true),
          site: fc.constantFrom("x", "y"),
        }),
        { minLength: 2, maxLength: mostHosts },
      ),
      vms: fc.array(
        fc.record({
          at: fc.nat(20),
          memoryBytes: fc.integer({ min: 1, max: 5 }),
          app: fc.constantFrom("a", "b", "c"),
          priority: fc.nat(2),
          active: fc.constantFrom(true, true, true, true, false),
          pinned: fc.constantFrom(false, false, false, false, false, false, true),
        }),
        { minLength: 1, maxLength: mostVms },
      ),
      rules: fc.array(fc.oneof(apart, together, only), { maxLength: 2 }),
      cannot: fc.array(fc.tuple(fc.nat(6), fc.nat(4)), { maxLength: 2 }),
    })
    .map(({ hosts, vms, rules, cannot }) =>
      aFleet(
        hosts.map(({ site, ...rest }, index) => aHost(`h${index}`, { ...rest, labels: { site } })),
        vms.map(({ at, app, ...rest }, index) =>
          aVm(`v${index}`, `h${at % hosts.length}`, 1, { ...rest, labels: { app } }),
        ),
        {
          rules,
          cannotGo: (vm, host) => (cannot.some(([v, h]) => `v${v}` === vm && `h${h}` === host) ? "CPU" : undefined),
        },
      ),
    );
}

const apart = fc.constantFrom<Rule>({ apart: { app: "a" } }, { apart: ["v0", "v1", "v2"] });
const together = fc.constantFrom<Rule>({ together: ["v0", "v1"] }, { together: { app: "b" } });
const only = fc.constantFrom<Rule>({ only: { app: "c" }, on: { site: "x" } }, { only: ["v1"], on: ["h0", "h1"] });

/** Where each VM is, by name: one host, or both ends of its move. */
export type Places = ReadonlyMap<string, readonly string[]>;

/** Every moment that the steps can lead to, whatever their order and overlap. */
export function reachable(fleet: Fleet, steps: readonly Step[]): Places[] {
  const ids = new Map(steps.map(({ id }, index) => [id, index]));
  const found = new Map<string, Places>();
  const seen = new Set<string>();
  const open: string[] = ["0".repeat(steps.length)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const places = new Map(fleet.vms.map(({ name, host }) => [name, [host]]));
    steps.forEach(({ vm, source, destination }, index) => {
      if (next[index] === "1") places.set(vm, [source, destination]);
      if (next[index] === "2") places.set(vm, [destination]);
    });
    found.set(JSON.stringify([...places]), places);
    steps.forEach(({ after }, index) => {
      const state = next[index]!;
      if (state === "2" || (state === "0" && after.some((id) => next[ids.get(id)!] !== "2"))) return;
      open.push(`${next.slice(0, index)}${Number(state) + 1}${next.slice(index + 1)}`);
    });
  }
  return [...found.values()];
}

/** What is broken at one moment and was not at the start, `together` apart: a group cannot move at one instant. */
export function worse(fleet: Fleet, places: Places): string[] {
  const start: Places = new Map(fleet.vms.map(({ name, host }) => [name, [host]]));
  const pairs = (at: Places) =>
    fleet.rules.flatMap((rule, index) =>
      "together" in rule
        ? []
        : brokenRules({ ...fleet, rules: [rule] }, at).flatMap(({ vms }) =>
            "only" in rule ? vms.map((vm) => `${vm} outside ${index}`) : pairsOf(vms),
          ),
    );
  const known = new Set(pairs(start));
  const took = (host: string, at: Places) =>
    fleet.vms
      .filter(({ name, active }) => active && at.get(name)!.includes(host))
      .reduce((sum, vm) => sum + vm.memoryBytes, 0);
  const limits = brokenLimits(fleet, places).filter(({ hosts }) => took(hosts[0]!, places) > took(hosts[0]!, start));
  return [...pairs(places).filter((pair) => !known.has(pair)), ...limits.map(({ message }) => message)];
}

function pairsOf(vms: readonly string[]): string[] {
  return vms.flatMap((a) => vms.filter((b) => a < b).map((b) => `${a} with ${b}`));
}

export function apply(fleet: Fleet, plan: FleetPlan): Fleet {
  if (!plan.possible) return fleet;
  return { ...fleet, vms: fleet.vms.map((vm) => ({ ...vm, host: plan.assignment.get(vm.name)! })) };
}

/** VMs that a `together` rule keeps on one host: they move as one. */
export function groups(fleet: Fleet): FleetVm[][] {
  let found = fleet.vms.map((vm) => [vm]);
  for (const rule of fleet.rules)
    if ("together" in rule)
      for (const { name: host } of fleet.hosts) {
        const bound = select(rule.together, fleet.vms).filter((vm) => vm.host === host);
        const [touched, rest] = [true, false].map((on) =>
          found.filter((group) => group.some((vm) => bound.includes(vm)) === on),
        );
        found = touched!.length > 0 ? [...rest!, touched!.flat()] : rest!;
      }
  return found;
}

/** All assignments that reach a goal with the fewest moves, found by trying every move in every state; none: it cannot be reached. */
export function bruteForce(
  fleet: Fleet,
  {
    closed = [],
    stay = [],
    opened = [],
    isGoal,
  }: { closed?: string[]; stay?: string[]; opened?: string[]; isGoal: (at: ReadonlyMap<string, string>) => boolean },
): { moves: number; assignments: ReadonlyMap<string, string>[] } | undefined {
  const units = groups(fleet).filter((group) => group.every(({ name, pinned }) => !pinned && !stay.includes(name)));
  const open = fleet.hosts.filter(
    ({ name, maintenance }) => !closed.includes(name) && (!maintenance || opened.includes(name)),
  );
  const start = new Map(fleet.vms.map(({ name, host }) => [name, host]));
  const keyOf = (at: ReadonlyMap<string, string>) => fleet.vms.map(({ name }) => at.get(name)).join();
  const seen = new Set<string>();
  const levels: Map<string, string>[][] = [[start]];
  for (let moves = 0; moves < levels.length; moves++) {
    const states = (levels[moves] ?? []).filter((at) => !seen.has(keyOf(at)) && seen.add(keyOf(at)));
    const assignments = states.filter(isGoal);
    if (assignments.length > 0) return { moves, assignments };
    for (const at of states)
      for (const unit of units)
        for (const { name: host } of open) {
          const from = at.get(unit[0]!.name)!;
          if (from === host || unit.some(({ name }) => fleet.cannotGo(name, host) !== undefined)) continue;
          const names = unit.map(({ name }) => name);
          const during = new Map([...at].map(([vm, on]) => [vm, names.includes(vm) ? [on, host] : [on]]));
          if (worse(fleet, during).length > 0) continue;
          const next = new Map([...at].map(([vm, on]): [string, string] => [vm, names.includes(vm) ? host : on]));
          (levels[moves + unit.length] ??= []).push(next);
        }
  }
  return undefined;
}
