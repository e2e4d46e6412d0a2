/** Whether the placements keep to their own rules. Decided from the file and the inventory: no host is asked. */
import type { Problem } from "../core/problem";
import { brokenRules, type FleetHost, type FleetVm, type Labels } from "../fleet";
import type { Placements } from "./model";

/** What the inventory says of a host. */
export interface KnownHost {
  name: string;
  labels?: Labels;
}

/** A VM that has to be told of with many others is counted. */
const mostNamed = 10;

export function checkAssignment(placements: Placements, inventory: readonly KnownHost[]): Problem[] {
  return [...onMaintenance(placements), ...againstRules(placements, inventory)];
}

function onMaintenance({ hosts, vms }: Placements): Problem[] {
  return Object.entries(hosts).flatMap(([host, { maintenance }]) => {
    if (maintenance !== true) return [];
    // What cannot leave and may stay is where the last evacuation left it.
    const placed = Object.entries(vms).filter(([, vm]) => vm.host === host && vm.onEvacuation !== "stay");
    const pinned = placed.filter(([, vm]) => vm.pinned).map(([name]) => name);
    const others = placed.filter(([, vm]) => !vm.pinned).map(([name]) => name);
    const open = { do: `take \`maintenance\` of ${host} away` };
    return [
      ...problem("hostMaintenance", host, others, `placed on ${host}, which is in maintenance`, [
        { do: "place them on other hosts" },
        open,
      ]),
      ...problem("hostMaintenance", host, pinned, `pinned to ${host}, which is in maintenance`, [
        { do: "set `onEvacuation: stay` if it may stay there" },
        open,
      ]),
    ];
  });
}

function problem(
  code: Problem["code"],
  host: string,
  vms: readonly string[],
  what: string,
  remedies: Problem["remedies"],
): Problem[] {
  if (vms.length === 0) return [];
  const message = `${named(vms)} ${vms.length === 1 ? "is" : "are"} ${what}`;
  return [{ code, severity: "blocker", rule: "maintenance", host, message, remedies }];
}

function againstRules({ hosts, vms, rules }: Placements, inventory: readonly KnownHost[]): Problem[] {
  const known = new Map(inventory.map((host) => [host.name, host.labels ?? {}]));
  const names = new Set([...known.keys(), ...Object.keys(hosts), ...Object.values(vms).map(({ host }) => host)]);
  const fleetHosts = [...names].map((name): FleetHost => {
    const own = Object.hasOwn(hosts, name) ? hosts[name]!.labels : undefined;
    return { name, memoryBytes: 0, cpus: 0, maintenance: false, labels: { ...known.get(name), ...own } };
  });
  const fleetVms = Object.entries(vms).map(([name, { domain: _, migration: __, ...vm }]): FleetVm => ({
    ...vm,
    name,
    active: true,
    memoryBytes: 0,
    vcpus: 0,
  }));
  const whereabouts = new Map(fleetVms.map(({ name, host }) => [name, [host]]));
  return brokenRules({ hosts: fleetHosts, vms: fleetVms, rules }, whereabouts).map(({ message, hosts: [host] }) => ({
    code: "invalidInput",
    severity: "blocker",
    rule: "rules",
    ...(host !== undefined && { host }),
    message,
    remedies: [{ do: "place one of them on another host" }, { do: "change the rule" }],
  }));
}

function named(vms: readonly string[]): string {
  const shown = vms.slice(0, mostNamed).join(", ");
  return vms.length > mostNamed ? `${shown} and ${vms.length - mostNamed} more` : shown;
}
