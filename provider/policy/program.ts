/** Policies about the placements of a program as a whole. */
import { parseBytes, showBytes } from "../core/units";
import { type ProgramPolicy } from "./definition";
import { expectedHost, type Facts, mayMove, type Placement } from "./model";

/** Settings of `capacity`. */
export interface Capacity {
  /** How full the memory of each host may become: 0.9. Default: the limits of the host, else of all hosts, else 1. */
  memory?: number;
  /** Virtual CPUs for each CPU of a host: 4. Default: the limits of the host, else of all hosts, else CPUs are not counted. */
  cpu?: number;
}

export const capacity: ProgramPolicy<Capacity> = {
  description: "No host is given more VMs than it has memory, or CPUs, for.",
  schema: { memory: { type: "number", exclusiveMinimum: 0 }, cpu: { type: "number", exclusiveMinimum: 0 } },
  notApplicable: (_settings, { hosts }) =>
    Object.values(hosts).some(({ memory, cpus }) => memory !== undefined || cpus !== undefined)
      ? undefined
      : "no host has `memory` or `cpus`",
  checkAll: (placements, settings, facts) =>
    [...byHost(placements, facts)].flatMap(([host, vms]) => [
      ...memoryFaults(host, vms, settings, facts),
      ...cpuFaults(host, vms, settings, facts),
    ]),
};

function byHost(placements: readonly Placement[], facts: Facts): Map<string, Placement[]> {
  const groups = new Map<string, Placement[]>();
  for (const placement of placements) {
    const host = expectedHost(placement, facts);
    groups.set(host, [...(groups.get(host) ?? []), placement]);
  }
  return groups;
}

function memoryFaults(host: string, vms: readonly Placement[], settings: Capacity, facts: Facts) {
  const { memory, limits } = facts.hosts[host] ?? {};
  if (memory === undefined) return [];
  const share = settings.memory ?? limits?.memory ?? facts.limits.memory ?? 1;
  const room = bytes(`hosts.${host}.memory`, memory) * share;
  const sizeOf = ({ vm }: Placement) => {
    const size = facts.vms[vm]?.memory;
    return size === undefined ? undefined : bytes(`vms.${vm}.memory`, size);
  };
  const allowed = `${showBytes(room)} (${Math.round(share * 100)} % of ${memory})`;
  return tooMuch(host, vms, sizeOf, room, { what: "memory", show: showBytes, allowed });
}

function cpuFaults(host: string, vms: readonly Placement[], settings: Capacity, facts: Facts) {
  const { cpus, limits } = facts.hosts[host] ?? {};
  const share = settings.cpu ?? limits?.cpu ?? facts.limits.cpu;
  if (cpus === undefined || share === undefined) return [];
  const allowed = `${cpus * share} (${share} for each of ${cpus} CPUs)`;
  const show = String;
  return tooMuch(host, vms, ({ vm }) => facts.vms[vm]?.vcpus, cpus * share, { what: "vcpus", show, allowed });
}

function tooMuch(
  host: string,
  vms: readonly Placement[],
  sizeOf: (placement: Placement) => number | undefined,
  room: number,
  { what, show, allowed }: { what: "memory" | "vcpus"; show: (amount: number) => string; allowed: string },
): { message: string; urn?: string }[] {
  // A VM of unknown size may be the one that does not fit.
  const faults: { message: string; urn?: string }[] = vms
    .filter((placement) => sizeOf(placement) === undefined)
    .map(({ vm, urn }) => ({
      message: `${vm}: got no ${what}, so what ${host} is given cannot be added up; give it in vms: { "${vm}": { ${what}: … } }`,
      urn,
    }));
  const sum = vms.reduce((total, placement) => total + (sizeOf(placement) ?? 0), 0);
  if (sum > room) {
    const list = vms.map((placement) => `${placement.vm} ${show(sizeOf(placement) ?? 0)}`).join(", ");
    faults.push({
      message: `${host}: got ${what} ${show(sum)} (${list}); allowed: ${allowed}; place some of these VMs on another host`,
    });
  }
  return faults;
}

function bytes(setting: string, text: string): number {
  const value = parseBytes(text);
  if (value === undefined)
    throw new Error(`${setting}: got ${JSON.stringify(text)}; expected a size, for example "32GiB"`);
  return value;
}

/** Settings of `moves-per-update`. */
export interface MovesPerUpdate {
  /** The most VMs that one update may move. Default: `moves` of the limits of all hosts. */
  max?: number;
}

export const movesPerUpdate: ProgramPolicy<MovesPerUpdate> = {
  description: "One update moves a limited number of VMs.",
  schema: { max: { type: "integer", minimum: 0 } },
  notApplicable: ({ max }, { limits }) => ((max ?? limits.moves) === undefined ? "no limit is given" : undefined),
  checkAll: (placements, { max }, facts) => {
    const limit = max ?? facts.limits.moves!;
    const moved = placements.filter((placement) => mayMove(placement, facts));
    if (moved.length <= limit) return [];
    const list = moved.map(({ vm }) => vm).join(", ");
    return [
      {
        message: `this update: got ${moved.length} placements that it makes or changes (${list}); allowed: ${limit}; change fewer at once, or run \`pulumi up --target\` for some of them`,
      },
    ];
  },
};
