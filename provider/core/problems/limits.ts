import { listed } from "../near";
import type { Problem } from "../problem";
import { showBytes } from "../units";
import type { GivenToVm } from "./alongside";
import type { MoveFacts } from "./facts";

/**
 * The limits of the program hold while VMs move, too: a VM that moves counts on both hosts. In a preview those count no more that leave the
 * destination before.
 */
export function withinLimits(facts: MoveFacts): Problem[] {
  const { domain, limits, destination, how } = facts;
  if (domain === undefined || limits === undefined || how !== "live") return [];
  const { host, system } = destination;
  const memoryBytes = limits.memory === undefined ? Infinity : system?.totalMemoryBytes;
  const cpus = limits.cpu === undefined ? Infinity : system?.topology?.onlineCpus?.length;
  if (facts.givenOnDestination === undefined || memoryBytes === undefined || cpus === undefined)
    return [notChecked(host)];
  const vms = vmsThen(facts);
  const all = [...vms.values(), domain];
  const sum = (of: (vm: GivenToVm) => number) => all.reduce((total, vm) => total + of(vm), 0);
  const found = [
    over("memory", limits.memory, { taken: sum((vm) => vm.memoryBytes), all: memoryBytes, show: showBytes }),
    over("virtual CPUs", limits.cpu, {
      taken: sum((vm) => vm.vcpus),
      all: cpus,
      show: (n) => String(Number(n.toFixed(2))),
    }),
  ].filter((text) => text !== undefined);
  if (found.length === 0) return [];
  const others = vms.size === 0 ? "alone" : `with ${listed([...vms.keys()], "and")}`;
  return [
    {
      rule: "limits",
      severity: "blocker",
      code: "migrationRefused",
      host,
      message: `on ${host}, ${domain.name} ${others} would take ${listed(found, "and")}`,
      remedies: [
        { do: `move other VMs away from ${host} first, or this one to another host` },
        {
          do: "if the same `up` moves others away, let this one wait for them: `after` in the placements file, dependsOn in a program",
        },
        { do: "raise `limits`, if the host can take more" },
      ],
    },
  ];
}

function over(
  what: "memory" | "virtual CPUs",
  limit: number | undefined,
  { taken, all, show }: { taken: number; all: number; show: (amount: number) => string },
): string | undefined {
  if (limit === undefined || taken <= all * limit) return undefined;
  const field = what === "memory" ? "limits.memory" : "limits.cpu";
  const most = `${show(all * limit)}, ${showPercent(limit)} of ${show(all)}`;
  return `${show(taken)} ${what === "memory" ? "of memory" : what} (${field}: ${most})`;
}

function notChecked(host: string): Problem {
  return {
    rule: "limits",
    severity: "warning",
    code: "unreadableAnswer",
    host,
    message: `${host} does not tell what it has, or what its VMs were given, so \`limits\` are not checked`,
    remedies: [
      {
        do: "see what it says",
        commands: [{ host, command: "virsh domstats --raw --nowait --list-active --balloon --vcpu" }],
      },
    ],
  };
}

/** By name: what runs on the destination, what this run moves there, and without what leaves it before. */
function vmsThen({ domain, destination: { host }, givenOnDestination, alongside = [] }: MoveFacts) {
  const vms = new Map(Object.entries(givenOnDestination!));
  for (const { domain: name, source, destination, given, begun } of alongside) {
    if (destination === host && given !== undefined) vms.set(name, given);
    else if (source === host && !begun) vms.delete(name);
  }
  vms.delete(domain!.name);
  return vms;
}

function showPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(2))}%`;
}
