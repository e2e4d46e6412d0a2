/** A fleet in numbers, as the searches use it: hosts and items by index. */
import { dimensionsOf, type Dimension } from "./capacity";
import type { Fleet, FleetHost, FleetVm, LimitName } from "./model";
import { namesOf, select } from "./rules";
import { isByLoad, loadsOf } from "./vmLoad";

/** VMs that move together: one VM, or those of a `together` rule that are on one host. */
interface Item {
  readonly vms: readonly FleetVm[];
  /** The index of the host that it is on. */
  readonly start: number;
  /** By dimension. */
  readonly use: readonly number[];
  /** Memory and CPUs, as balancing counts them. */
  readonly load: readonly [number, number];
  readonly priority: number;
  readonly fixed: boolean;
}

export interface Board {
  readonly fleet: Fleet;
  readonly hosts: readonly FleetHost[];
  readonly items: readonly Item[];
  /** The indexes of hosts that nothing goes to. */
  readonly closed: readonly number[];
  readonly dimensions: readonly Dimension[];
  /** By host: what the CPUs of items are a fraction of. Virtual CPUs are counted by their limit, which says how many of them a CPU is for. */
  readonly cpus: readonly number[];
  /** By host and dimension: the limit, or what is in use at the start if that is more. */
  readonly capacity: readonly (readonly number[])[];
  /** By item and host, whatever else is there. Its own host is always allowed. */
  readonly allowed: readonly (readonly boolean[])[];
  /** By item: the items that may not be on its host. */
  readonly enemies: readonly (readonly number[])[];
  /** By item: those apart from it by a rule that is broken at the start. */
  readonly tolerated: readonly (readonly number[])[];
  /** By item: the items that move before it. */
  readonly waits: readonly (readonly number[])[];
  /** By item and host: rules for hosts, broken at the start, that the host breaks too. */
  readonly outside: readonly (readonly number[])[];
}

export interface BoardOptions {
  /** Hosts that nothing may go to, beside those in maintenance. */
  readonly closed?: ReadonlySet<string>;
  /** Hosts that are open in spite of `maintenance`. */
  readonly opened?: ReadonlySet<string>;
  /** VMs that stay. */
  readonly stay?: ReadonlySet<string>;
  readonly by?: "load" | "size";
  /** Each VM is an item of its own, whatever is to be together. */
  readonly single?: boolean;
  /** Limits that do not count. */
  readonly ignoring?: ReadonlySet<LimitName>;
}

export function boardOf(fleet: Fleet, options: BoardOptions = {}): Board {
  const hosts = [...fleet.hosts].sort(byName);
  const hostAt = new Map(hosts.map(({ name }, index) => [name, index]));
  const groups = groupsOf(options.single ? { ...fleet, rules: [] } : fleet);
  const itemAt = new Map(groups.flatMap((group, index) => group.map(({ name }) => [name, index])));
  const dimensions = dimensionsOf(fleet).filter(({ limit }) => !options.ignoring?.has(limit));
  const loads = loadsOf(fleet.vms, options.by);
  const byLoad = isByLoad(fleet.vms, options.by);
  const cpuLimit = ({ limits }: FleetHost) => (byLoad ? 1 : (limits?.cpu ?? fleet.limits.cpu ?? 1));
  const items = groups.map((vms): Item => ({
    vms,
    start: hostAt.get(vms[0]!.host)!,
    use: dimensions.map(({ use }) => sum(vms.map(use))),
    load: [sum(vms.map((vm) => loads(vm)[0])), sum(vms.map((vm) => loads(vm)[1]))],
    priority: Math.max(...vms.map(({ priority }) => priority)),
    fixed: vms.some((vm) => vm.pinned || options.stay?.has(vm.name)),
  }));
  const inUse = hosts.map(() => dimensions.map(() => 0));
  for (const { start, use } of items) use.forEach((amount, dimension) => (inUse[start]![dimension]! += amount));
  const open = hosts.map(
    ({ name, maintenance }) => !options.closed?.has(name) && (!maintenance || options.opened?.has(name) === true),
  );
  const outside = items.map(({ vms }) => hosts.map((host) => sum(vms.map((vm) => strayRules(fleet, vm, host).broken))));
  return {
    fleet,
    hosts,
    items,
    closed: hosts.flatMap((_, at) => (open[at] ? [] : [at])),
    dimensions,
    cpus: hosts.map((host) => host.cpus * cpuLimit(host)),
    capacity: hosts.map((host, at) =>
      dimensions.map(({ capacity }, dimension) => Math.max(capacity(host), inUse[at]![dimension]!)),
    ),
    allowed: items.map(({ vms, start, fixed }) =>
      hosts.map((host, at) => at === start || (!fixed && open[at]! && vms.every((vm) => canBeOn(fleet, vm, host)))),
    ),
    ...apartPairs(fleet, itemAt, items),
    waits: items.map(({ vms }, index) =>
      [...new Set(vms.flatMap((vm) => (vm.after ?? []).flatMap((name) => itemAt.get(name) ?? [])))].filter(
        (other) => other !== index,
      ),
    ),
    outside,
  };
}

/** Why a VM can never be on a host, whatever else is there: a rule for hosts, its NUMA nodes, the preflight. */
export function whyNot(fleet: Fleet, vm: FleetVm, host: FleetHost): string | undefined {
  const missing = vm.nodes?.filter((node) => host.nodes?.every(({ id }) => id !== node)) ?? [];
  if (missing.length > 0) return `has no NUMA node ${missing.join(", ")}`;
  return fleet.cannotGo(vm.name, host.name);
}

function canBeOn(fleet: Fleet, vm: FleetVm, host: FleetHost): boolean {
  return strayRules(fleet, vm, host).forbidden === 0 && whyNot(fleet, vm, host) === undefined;
}

/** Rules that keep the VM off the host: those that hold at the start, and those that its own host breaks as well. */
function strayRules(fleet: Fleet, vm: FleetVm, host: FleetHost): { forbidden: number; broken: number } {
  const counts = { forbidden: 0, broken: 0 };
  for (const rule of fleet.rules) {
    if (!("only" in rule) || select(rule.only, [vm]).length === 0 || select(rule.on, [host]).length > 0) continue;
    const own = fleet.hosts.filter(({ name }) => name === vm.host);
    counts[select(rule.on, own).length > 0 ? "forbidden" : "broken"]++;
  }
  return counts;
}

/** VMs of a `together` rule that are on one host, of several rules if they share a VM. */
function groupsOf({ vms, rules }: Fleet): FleetVm[][] {
  const sorted = [...vms].sort(byName);
  const groups = new Map(sorted.map((vm) => [vm.name, [vm]]));
  for (const rule of rules) {
    if (!("together" in rule)) continue;
    const first = new Map<string, FleetVm>();
    for (const vm of select(rule.together, sorted)) {
      const other = first.get(vm.host);
      if (other === undefined) first.set(vm.host, vm);
      else if (groups.get(vm.name) !== groups.get(other.name)) {
        const merged = [...groups.get(other.name)!, ...groups.get(vm.name)!].sort(byName);
        for (const { name } of merged) groups.set(name, merged);
      }
    }
  }
  return [...new Set(groups.values())];
}

function apartPairs({ vms, rules }: Fleet, itemAt: ReadonlyMap<string, number>, items: readonly Item[]) {
  const enemies = items.map(() => new Set<number>());
  const tolerated = items.map(() => new Set<number>());
  for (const rule of rules) {
    if (!("apart" in rule)) continue;
    const selected = [...new Set(namesOf(rule.apart, vms).map((name) => itemAt.get(name)!))];
    for (const a of selected)
      for (const b of selected) {
        if (a === b) continue;
        (items[a]!.start === items[b]!.start ? tolerated : enemies)[a]!.add(b);
      }
  }
  return { enemies: enemies.map((set) => [...set]), tolerated: tolerated.map((set) => [...set]) };
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
