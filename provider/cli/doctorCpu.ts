/** The CPU of a fleet: one that every host has, and the VMs that need more than some hosts have. */
import { listed } from "../core/near";
import { type Baseline, type FleetCpu, fleetCpu } from "../preflight/fleetCpu";
import { table } from "./table";
import { exitCodes, type Session } from "./verb";

export async function doctorCpu(session: Session, names: readonly string[]): Promise<number> {
  const found = await fleetCpu(session.hosts, names);
  session.show(found, showFleetCpu);
  const isWell =
    found.unreachable.length === 0 &&
    found.unclear.length === 0 &&
    found.baselines.every(({ cpu, without }) => cpu !== undefined && without.length === 0) &&
    found.vms.every(({ lacking, refusedBy, unknownOn }) => [...lacking, ...refusedBy, ...unknownOn].length === 0);
  return isWell ? exitCodes.fine : exitCodes.blocked;
}

function showFleetCpu({ baselines, vms, unclear, unreachable }: FleetCpu): string {
  return [
    ...baselines.map(showBaseline),
    ...(vms.length === 0 ? [] : [showVms(vms)]),
    ...unclear.map(({ vm, why }) => `${vm} was not compared: ${why}`),
    ...unreachable.map(({ host, why }) => `${host} cannot be asked: ${why}`),
  ].join("\n\n");
}

function showBaseline({ virtType, arch, machines, hosts, cpu, why, without }: Baseline): string {
  const kind = [virtType, arch].filter((word) => word !== "").join(" ");
  const what = `${kind === "" ? "" : `${kind} `}VMs${machines.length === 0 ? "" : ` of machine type ${listed(machines)}`}`;
  const lines = without.map((each) => `${each.host} has no such VMs: ${each.why}`);
  if (cpu === undefined) return [`No CPU for ${what}: ${why ?? ""}`, ...lines].join("\n");
  return [
    `For ${what}, every CPU of ${listed(hosts, "and")} has this. Put it in place of <cpu> (virsh edit VM); the VM has it from its next start:`,
    ...lines,
    "",
    cpu,
  ].join("\n");
}

function showVms(vms: FleetCpu["vms"]): string {
  return table([
    ["VM", "HOST", "STATE", "CPU", "EXCEEDS", "CANNOT RUN ON"],
    ...vms.map(({ name, host, running, cpu, lacking, refusedBy, unknownOn }) => [
      name,
      host,
      running ? "running" : "shut off",
      cpu,
      lacking.length > 0 ? "yes" : unknownOn.length > 0 ? "?" : "no",
      [
        ...lacking.map((on) => `${on.host}: ${on.missing.length > 0 ? `lacks ${on.missing.join(", ")}` : on.message}`),
        ...refusedBy.map((on) => `${on.host}: ${on.why}`),
        ...unknownOn.map((on) => `${on}: its libvirt did not compare`),
      ].join("; "),
    ]),
  ]);
}
