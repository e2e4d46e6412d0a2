/** The fleet as the planner takes it: what the hosts have, with what the placements file says of it. */
import type { FleetHost, FleetVm, Stay } from "../../fleet";
import type { Host } from "../../core/model";
import type { Placements } from "../../placements/model";
import { parsePlacements } from "../../placements/parse";
import type { HostUse } from "../../preflight/probes/hostUse";
import type { VmLoad } from "../../preflight/probes/vmLoad";
import { survey, type Survey, type SurveyedVm } from "../../preflight/survey";
import { UsageError } from "../inventory";
import { textOf } from "../placementsFile";
import type { Session } from "../verb";

export interface Gathered {
  file: string;
  text: string;
  placements: Placements;
  hosts: FleetHost[];
  vms: FleetVm[];
  /** The VM on its host, by its name in the fleet. */
  domains: ReadonlyMap<string, SurveyedVm>;
  /** VMs on the hosts that the file does not have: they take room, and the file cannot move them. */
  notInFile: ReadonlySet<string>;
  /** Where VMs are that were moved by hand and may stay there, by their names in the file. */
  adopted: ReadonlyMap<string, string>;
  /** Why no plan would be worth anything. */
  hindrances: string[];
  notes: string[];
  /** What VMs and hosts use, by their names; absent: nothing was measured. */
  measured?: { vms: ReadonlyMap<string, VmLoad>; hosts: ReadonlyMap<string, HostUse | undefined> };
  /** VMs that a command leaves where they are, and why. */
  leftAlone?: readonly Stay[];
}

/** @param mustAnswer hosts without which nothing can be planned. */
export async function gather(session: Session, file: string, mustAnswer: readonly string[]): Promise<Gathered> {
  const { inventory } = session.settings;
  const text = await textOf(file);
  if (text === undefined)
    throw new UsageError(`there is no ${file}; \`vm-placement discover --write ${file}\` makes one of the VMs that are there`); // prettier-ignore
  const { placements } = parsePlacements(text, { file, hosts: Object.keys(inventory) });
  const surveyed = await survey(session.hosts, session.hosts.names, session.clock);
  const { vms, domains, notInFile } = vmsOf(placements, surveyed);
  const drifted = moved(placements, domains, file);
  return {
    file,
    text,
    placements,
    hosts: surveyed.hosts.map((host) => hostOf(host, inventory[host.name]!, placements)),
    vms,
    domains,
    notInFile,
    adopted: drifted.adopted,
    hindrances: [...silent(surveyed, mustAnswer), ...drifted.hindrances],
    notes: [...notesOf(placements, surveyed, domains, mustAnswer), ...drifted.notes],
  };
}

function hostOf(surveyed: Survey["hosts"][number], host: Host, { hosts }: Placements): FleetHost {
  const entry = hosts[surveyed.name];
  return {
    ...surveyed,
    labels: { ...host.labels, ...entry?.labels },
    maintenance: host.maintenance === true || entry?.maintenance === true,
    ...(entry?.limits && { limits: entry.limits }),
    maxIncoming: host.maxIncoming ?? 2,
    maxOutgoing: host.maxOutgoing ?? 2,
  };
}

function vmsOf({ vms: entries }: Placements, { vms: found }: Survey) {
  const keys = keysOf(entries, found);
  const domains = new Map<string, SurveyedVm>();
  const notInFile = new Set<string>();
  const vms = found.map((vm): FleetVm => {
    const key = keys.get(vm.uuid);
    const name = key ?? (Object.hasOwn(entries, vm.name) || domains.has(vm.name) ? vm.uuid : vm.name);
    domains.set(name, vm);
    if (key === undefined) notInFile.add(name);
    const entry = key === undefined ? undefined : entries[key]!;
    const { host, active, memoryBytes, vcpus, hugePages, nodes } = vm;
    return {
      ...{
        name,
        host,
        active,
        memoryBytes,
        vcpus,
        ...(hugePages !== undefined && { hugePages }),
        ...(nodes && { nodes }),
      },
      labels: entry?.labels ?? {},
      priority: entry?.priority ?? 0,
      pinned: entry?.pinned ?? false,
      onEvacuation: entry?.onEvacuation ?? "block",
    };
  });
  return { vms, domains, notInFile };
}

/** The entry of each VM, by its UUID. Of several VMs with the name of an entry, the one on the host of the entry is meant, if there is one. */
function keysOf(entries: Placements["vms"], found: readonly SurveyedVm[]): Map<string, string> {
  const keys = new Map<string, string>();
  for (const [key, { domain, host }] of Object.entries(entries)) {
    const named = found.filter(({ uuid, name }) => uuid === domain || name === domain);
    const meant = named.find((vm) => vm.uuid === domain) ?? named.find((vm) => vm.host === host) ?? named[0];
    if (meant !== undefined) keys.set(meant.uuid, key);
  }
  return keys;
}

function silent({ unreachable }: Survey, mustAnswer: readonly string[]): string[] {
  return unreachable
    .filter(({ host }) => mustAnswer.includes(host))
    .map(({ host, why }) => `${host} cannot be asked: ${why}`);
}

interface Drifted {
  hindrances: string[];
  adopted: Map<string, string>;
  notes: string[];
}

/** A plan starts where the VMs are, and `up` where the file says: they have to agree. */
function moved({ vms, defaults }: Placements, domains: ReadonlyMap<string, SurveyedVm>, file: string): Drifted {
  const drifted: Drifted = { hindrances: [], adopted: new Map(), notes: [] };
  for (const [name, { host: placed, onDrift = defaults.onDrift }] of Object.entries(vms)) {
    const host = domains.get(name)?.host;
    if (host === undefined || host === placed) continue;
    const where = `${name} is on ${host}, and ${file} has it on ${placed}`;
    if (onDrift !== "adopt") {
      const orUp = onDrift === "fail" ? "" : "run `pulumi up --refresh`, or ";
      drifted.hindrances.push(`${where}: ${orUp}correct the file`);
    } else {
      drifted.adopted.set(name, host);
      drifted.notes.push(`${where}: the file takes over where it is (onDrift: adopt)`);
    }
  }
  return drifted;
}

function notesOf(
  { vms }: Placements,
  { unreachable, unclear }: Survey,
  domains: ReadonlyMap<string, SurveyedVm>,
  mustAnswer: readonly string[],
): string[] {
  const asked = new Set(unreachable.map(({ host }) => host));
  const missing = Object.entries(vms).filter(
    ([name, { host }]) =>
      !domains.has(name) && !asked.has(host) && !unclear.some(({ vm }) => vm === name || vm === vms[name]!.domain),
  );
  return [
    ...unreachable
      .filter(({ host }) => !mustAnswer.includes(host))
      .map(({ host, why }) => `${host} is left out: ${why}`),
    ...unclear.map(({ vm, why }) => `${vm} is left out: ${why}`),
    ...missing.map(([name, { host }]) => `${name} is in the file on ${host}, and on no host`),
  ];
}
