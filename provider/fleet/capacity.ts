/** What VMs take of a host, and how much of it they may take. */
import type { Fleet, FleetHost, FleetVm, LimitName, Violation } from "./model";
import type { Whereabouts } from "./rules";

/** One thing that VMs take of a host. */
export interface Dimension {
  readonly limit: LimitName;
  /** What it is, in a sentence. */
  readonly label: string;
  readonly use: (vm: FleetVm) => number;
  /** Infinity where it is not limited. */
  readonly capacity: (host: FleetHost) => number;
}

/** More different sets of NUMA nodes than this in one fleet: their unions are not counted. */
const mostNodeSets = 64;

/** All that is counted in this fleet. */
export function dimensionsOf({ hosts, vms, limits }: Pick<Fleet, "hosts" | "vms" | "limits">): Dimension[] {
  const found: Dimension[] = [
    {
      limit: "memory",
      label: "memory",
      use: memoryOf,
      capacity: (host) => host.memoryBytes * (host.limits?.memory ?? limits.memory ?? 1),
    },
  ];
  if (limits.cpu !== undefined || hosts.some((host) => host.limits?.cpu !== undefined))
    found.push({
      limit: "cpu",
      label: "virtual CPUs",
      use: (vm) => (vm.active ? vm.vcpus : 0),
      capacity: (host) => host.cpus * (host.limits?.cpu ?? limits.cpu ?? Infinity),
    });
  return [...found, ...pages(hosts, vms), ...nodes(hosts, vms)];
}

function memoryOf(vm: FleetVm): number {
  return vm.active ? vm.memoryBytes : 0;
}

/** Memory set aside for huge pages serves VMs that ask for that size only. */
function pages(hosts: readonly FleetHost[], vms: readonly FleetVm[]): Dimension[] {
  if (hosts.every((host) => host.hugePages === undefined)) return [];
  const sizes = new Set(vms.flatMap((vm) => vm.hugePages ?? []));
  const ordinary = (host: FleetHost) =>
    host.memoryBytes - Object.values(host.hugePages ?? {}).reduce((sum, bytes) => sum + bytes, 0);
  return [
    {
      limit: "hugePages",
      label: "memory beside the huge pages",
      use: (vm) => (vm.hugePages === undefined ? memoryOf(vm) : 0),
      capacity: (host) => (host.hugePages ? ordinary(host) : Infinity),
    },
    ...[...sizes].sort(ascending).map((size) => ({
      limit: "hugePages" as const,
      label: `huge pages of ${size} KiB`,
      use: (vm: FleetVm) => (vm.hugePages === size ? memoryOf(vm) : 0),
      capacity: (host: FleetHost) => (host.hugePages ? (host.hugePages[size] ?? 0) : Infinity),
    })),
  ];
}

/** VMs fit on nodes exactly if, for every union of their sets of nodes, those that may use no other node fit on it (Hall's theorem). */
function nodes(hosts: readonly FleetHost[], vms: readonly FleetVm[]): Dimension[] {
  if (hosts.every((host) => host.nodes === undefined)) return [];
  const keyOf = (set: Iterable<number>) => [...new Set(set)].sort(ascending).join(",");
  const sets = new Map(vms.flatMap((vm) => (vm.nodes ? [[keyOf(vm.nodes), new Set(vm.nodes)]] : [])));
  for (const set of [...sets.values()])
    for (const other of [...sets.values()]) {
      if (sets.size >= mostNodeSets) break;
      const union = new Set([...set, ...other]);
      sets.set(keyOf(union), union);
    }
  return [...sets].map(([key, set]) => ({
    limit: "nodes",
    label: `memory of NUMA node ${key}`,
    use: (vm) => (vm.nodes?.every((node) => set.has(node)) ? memoryOf(vm) : 0),
    capacity: (host) =>
      host.nodes
        ? host.nodes.filter(({ id }) => set.has(id)).reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
        : Infinity,
  }));
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Sums of fractions are not exact: a host that is full to the last byte is not over its limit. */
export function exceeds(use: number, capacity: number): boolean {
  return use > capacity * (1 + 1e-9) + 1e-9;
}

/** The limits that an assignment breaks. A VM with two hosts takes its share of both. */
export function brokenLimits(fleet: Pick<Fleet, "hosts" | "vms" | "limits">, whereabouts: Whereabouts): Violation[] {
  const dimensions = dimensionsOf(fleet);
  return fleet.hosts.flatMap((host) => {
    const present = fleet.vms.filter((vm) => whereabouts.get(vm.name)?.includes(host.name));
    return dimensions.flatMap(({ limit, label, use, capacity }) => {
      const [taken, most] = [present.reduce((sum, vm) => sum + use(vm), 0), capacity(host)];
      if (!exceeds(taken, most)) return [];
      const vms = present.filter((vm) => use(vm) > 0).map(({ name }) => name);
      return [{ limit, vms, hosts: [host.name], message: `${host.name}: VMs take ${taken} of ${most} (${label})` }];
    });
  });
}
