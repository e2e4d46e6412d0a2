/** The fleet with what its VMs use, and the VMs that are to be left alone. */
import { PlacementError } from "../../core/errors";
import { listed } from "../../core/near";
import { showDuration } from "../../core/units";
import type { FleetHost, FleetVm, Stay } from "../../fleet";
import { whyUnreachable } from "../../observe/hosts";
import { type Arrivals, arrivalsOn } from "../../preflight/probes/arrivals";
import { type HostLoad, loadOn } from "../../preflight/probes/load";
import type { VmLoad } from "../../preflight/probes/vmLoad";
import type { Virsh } from "../../virsh/client";
import type { Session } from "../verb";
import type { BalanceWishes, Measure } from "./balanceOptions";
import type { Gathered } from "./gather";
import { pressuresOf } from "./pressure";

type Answer<T> = { host: string; value: T } | { host: string; why: string };

export async function measured(session: Session, gathered: Gathered, wishes: BalanceWishes): Promise<Gathered> {
  const { hosts, clock } = session;
  const { windowMs, coolDownMs, by } = wishes;
  const names = gathered.hosts.map(({ name }) => name);
  if (by !== "assigned") session.note(`measuring ${listed(names, "and")} for ${showDuration(windowMs)}`);
  const [loads, arrivals] = await Promise.all([
    by === "assigned" ? [] : askAll(session, names, (virsh) => loadOn(hosts, virsh, windowMs, clock)),
    coolDownMs === 0 ? [] : askAll(session, names, arrivalsOn),
  ]);
  const withLoads = by === "assigned" ? gathered : measuredBy(gathered, by, loads);
  const { notes, moved } = recentlyMoved(gathered, arrivals, coolDownMs);
  return {
    ...withLoads,
    leftAlone: [...(withLoads.leftAlone ?? []), ...moved],
    notes: [...withLoads.notes, ...notes],
  };
}

/** All hosts at once. */
async function askAll<T>(
  { hosts }: Session,
  names: readonly string[],
  ask: (virsh: Virsh) => Promise<T | undefined>,
): Promise<Answer<T>[]> {
  return Promise.all(
    names.map(async (host): Promise<Answer<T>> => {
      try {
        const value = await ask(await hosts.on(host));
        return value === undefined ? { host, why: "it does not answer" } : { host, value };
      } catch (error) {
        if (!(error instanceof PlacementError)) throw error;
        return { host, why: whyUnreachable(error) };
      }
    }),
  );
}

function measuredBy(gathered: Gathered, by: Exclude<Measure, "assigned">, loads: Answer<HostLoad>[]): Gathered {
  const known = new Map(loads.flatMap((each) => ("value" in each ? [[each.host, each.value] as const] : [])));
  const used = new Map<string, VmLoad>();
  const leftAlone: Stay[] = [];
  const vms = gathered.vms.map((vm): FleetVm => {
    if (!vm.active) return vm;
    const found = known.get(vm.host)?.vms.get(gathered.domains.get(vm.name)!.name) ?? { why: "libvirt tells nothing of it" }; // prettier-ignore
    if ("why" in found) {
      const reason = `it could not be measured (${found.why}), and counts with its assigned size`;
      leftAlone.push({ vm: vm.name, host: vm.host, reason });
      return { ...vm, load: counted({ memoryBytes: vm.memoryBytes, cpus: vm.vcpus }, by) };
    }
    // Huge pages are set aside as a whole, and are not in what the process is said to hold.
    const use = vm.hugePages === undefined ? found : { ...found, memoryBytes: vm.memoryBytes };
    used.set(vm.name, use);
    return { ...vm, load: counted(use, by) };
  });
  return {
    ...gathered,
    vms,
    measured: { vms: used, hosts: new Map([...known].map(([host, { use }]) => [host, use])) },
    leftAlone,
    hindrances: [...gathered.hindrances, ...notMeasured(loads)],
    notes: [
      ...gathered.notes,
      ...gathered.hosts.flatMap((host) => pressureNotes(host, known.get(host.name), vms, used)),
    ],
  };
}

/** What it is not balanced by is nothing. */
function counted({ memoryBytes, cpus }: VmLoad, by: Measure): VmLoad {
  return { memoryBytes: by === "cpu" ? 0 : memoryBytes, cpus: by === "memory" ? 0 : cpus };
}

/** Its VMs would count with their assigned size, those of the others with what they use. */
function notMeasured(loads: readonly Answer<unknown>[]): string[] {
  return loads.flatMap((each) =>
    "why" in each ? [`${each.host} cannot be measured: ${each.why}; --by assigned does without`] : [],
  );
}

/** A host may be short of CPUs for other reasons than its VMs: then no move helps it. */
function pressureNotes(
  { name, cpus }: FleetHost,
  load: HostLoad | undefined,
  vms: readonly FleetVm[],
  used: ReadonlyMap<string, VmLoad>,
): string[] {
  if (load === undefined) return [];
  if (load.use?.pressure === undefined)
    return [
      `${name} has no figures of pressure (no PSI in its kernel, or not without psi=1 on the kernel command line)`,
    ];
  const all = pressuresOf(load.use);
  if (all.length === 0) return [];
  const byVms = vms.reduce((sum, vm) => sum + (vm.host === name ? (used.get(vm.name)?.cpus ?? 0) : 0), 0);
  const percent = (fraction: number) => `${Math.round(fraction * 100)} %`;
  const { busyFraction } = load.use;
  const busy =
    busyFraction === undefined ? "" : ` Its CPUs are ${percent(busyFraction)} busy, ${percent(byVms / cpus)} with VMs.`;
  return [`${name} is under ${listed(all, "and")}.${busy}`];
}

function recentlyMoved({ vms, domains }: Gathered, arrivals: Answer<Arrivals>[], coolDownMs: number) {
  const known = new Map(arrivals.flatMap((each) => ("value" in each ? [[each.host, each.value] as const] : [])));
  const running = coolDownMs === 0 ? [] : vms.filter(({ active }) => active);
  const unknown = new Set(
    running.filter(({ name, host }) => !known.get(host)?.has(domains.get(name)!.uuid)).map(({ host }) => host),
  );
  const moved = running.flatMap(({ name, host }): Stay[] => {
    const ageMs = known.get(host)?.get(domains.get(name)!.uuid);
    if (ageMs === undefined || ageMs >= coolDownMs) return [];
    return [{ vm: name, host, reason: `its last move was ${showDuration(ageMs)} ago` }];
  });
  const notes = [...unknown].map(
    (host) => `${host} does not show when its VMs came (the QEMU processes are hidden): no cool-down for them`,
  );
  return { notes, moved };
}
