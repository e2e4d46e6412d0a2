/** Refuses fleets and goals that say nothing that can be planned. */
import { PlacementError } from "../core/errors";
import type { Fleet } from "./model";
import type { Goal } from "./plan";

/** @throws PlacementError `invalidInput` with all that is wrong. */
export function checkFleet(fleet: Fleet, goal?: Goal): void {
  const hosts = new Set(fleet.hosts.map(({ name }) => name));
  const vms = new Set(fleet.vms.map(({ name }) => name));
  const faults = [
    ...duplicates(fleet.hosts).map((name) => `two hosts have the name ${name}`),
    ...duplicates(fleet.vms).map((name) => `two VMs have the name ${name}`),
    ...fleet.vms
      .filter(({ host }) => !hosts.has(host))
      .map(({ name, host }) => `${name} is on ${host}, which is no host of the fleet`),
    ...numbers(fleet),
    ...waitingInCircle(fleet),
    ...(goal ? goalFaults(goal, hosts, vms) : []),
  ];
  if (faults.length === 0) return;
  throw new PlacementError({
    phase: "check",
    action: "cannot plan the moves of the fleet",
    code: "invalidInput",
    message: faults.join("; "),
    remedies: [{ do: "fix the placements" }],
  });
}

function duplicates(named: readonly { readonly name: string }[]): string[] {
  const seen = new Set<string>();
  return named.flatMap(({ name }) => {
    if (seen.has(name)) return [name];
    seen.add(name);
    return [];
  });
}

function numbers({ hosts, vms, limits }: Fleet): string[] {
  const wrong = (owner: string, values: Record<string, number | undefined>) =>
    Object.entries(values)
      .filter(([, value]) => value !== undefined && !(value >= 0))
      .map(([field, value]) => `${owner}: ${field} is ${value}`);
  return [
    ...hosts.flatMap((host) =>
      wrong(host.name, {
        memoryBytes: host.memoryBytes,
        cpus: host.cpus,
        memory: host.limits?.memory,
        cpu: host.limits?.cpu,
      }),
    ),
    ...vms.flatMap(({ name, memoryBytes, vcpus, load }) =>
      wrong(name, { memoryBytes, vcpus, loadMemory: load?.memoryBytes, loadCpus: load?.cpus }),
    ),
    ...wrong("limits", { ...limits }),
  ];
}

/** VMs that wait for each other: none of them could ever move first. */
function waitingInCircle({ vms }: Fleet): string[] {
  const after = new Map(vms.map((vm) => [vm.name, vm.after ?? []]));
  const inCircle = vms.filter(({ name }) => {
    const seen = new Set<string>();
    const open = [...after.get(name)!];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(after.get(next) ?? []));
    }
    return seen.has(name);
  });
  return inCircle.length === 0
    ? []
    : [`the moves of ${inCircle.map(({ name }) => name).join(" and ")} wait for each other`];
}

function goalFaults(goal: Goal, hosts: ReadonlySet<string>, vms: ReadonlySet<string>): string[] {
  const noHost = (names: Iterable<string>) =>
    [...names].filter((name) => !hosts.has(name)).map((name) => `${name} is no host of the fleet`);
  const noVm = (names: Iterable<string>) =>
    [...names].filter((name) => !vms.has(name)).map((name) => `${name} is no VM of the fleet`);
  if ("evacuate" in goal) return noHost(goal.evacuate);
  if ("restore" in goal) return noHost(goal.restore);
  if ("assign" in goal) return [...noVm(goal.assign.keys()), ...noHost(goal.assign.values())];
  return [];
}
