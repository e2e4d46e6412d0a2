/** What each host has, and how much of it is in use before and after a plan. */
import { showBytes } from "../../core/units";
import type { FleetVm, Step } from "../../fleet";
import type { HostUse } from "../../preflight/probes/hostUse";
import { table } from "../table";
import type { Gathered } from "./gather";

/** What VMs were given. */
interface Usage {
  vms: number;
  memoryBytes: number;
  vcpus: number;
}

/** What those VMs use that could be measured. */
interface MeasuredUsage {
  memoryBytes: number;
  /** CPUs kept busy: 1.5. */
  cpus: number;
}

export interface HostUsage {
  host: string;
  memoryBytes: number;
  cpus: number;
  before: Usage;
  after: Usage;
  /** Absent where nothing was measured; `use` is the host as a whole, before. */
  measured?: { before: MeasuredUsage; after: MeasuredUsage; use: HostUse | undefined };
}

export function usageOf({ hosts, vms, measured }: Gathered, steps: readonly Step[]): HostUsage[] {
  const destination = new Map(steps.map((step) => [step.vm, step.destination]));
  return hosts.map(({ name, memoryBytes, cpus }) => {
    const before = vms.filter(({ host }) => host === name);
    const after = vms.filter((vm) => (destination.get(vm.name) ?? vm.host) === name);
    const used = (some: readonly FleetVm[]) => measuredUsage(some, measured!.vms);
    return {
      ...{ host: name, memoryBytes, cpus, before: usage(before), after: usage(after) },
      ...(measured?.hosts.has(name) && {
        measured: { before: used(before), after: used(after), use: measured.hosts.get(name) },
      }),
    };
  });
}

function usage(vms: readonly FleetVm[]): Usage {
  const active = vms.filter((vm) => vm.active);
  const sum = (of: (vm: FleetVm) => number) => active.reduce((total, vm) => total + of(vm), 0);
  return { vms: vms.length, memoryBytes: sum((vm) => vm.memoryBytes), vcpus: sum((vm) => vm.vcpus) };
}

function measuredUsage(vms: readonly FleetVm[], measured: ReadonlyMap<string, MeasuredUsage>): MeasuredUsage {
  const known = vms.flatMap(({ name }) => measured.get(name) ?? []);
  const sum = (of: (each: MeasuredUsage) => number) => known.reduce((total, each) => total + of(each), 0);
  return { memoryBytes: sum((each) => each.memoryBytes), cpus: sum((each) => each.cpus) };
}

export function hostsTable(hosts: readonly HostUsage[]): string {
  const withMeasured = hosts.some(({ measured }) => measured);
  const rows = hosts.map(({ host, memoryBytes, cpus, before, after, measured }) => [
    host,
    `${before.vms} → ${after.vms}`,
    `${percents(before.memoryBytes, after.memoryBytes, memoryBytes)} of ${showBytes(memoryBytes)}`,
    `${before.vcpus} → ${after.vcpus} on ${cpus}`,
    ...(withMeasured ? measuredCells(measured, memoryBytes, cpus) : []),
  ]);
  const measured = withMeasured ? ["USED MEMORY", "USED CPU", "PRESSURE"] : [];
  return table([["HOST", "VMS", "MEMORY", "VIRTUAL CPUS", ...measured], ...rows]);
}

function measuredCells(measured: HostUsage["measured"], memoryBytes: number, cpus: number): string[] {
  if (measured === undefined) return ["?", "?", "?"];
  const { before, after, use } = measured;
  const { cpu, memory, io } = use?.pressure ?? {};
  const waits = (what: string, value: number | undefined) =>
    value === undefined ? [] : [`${what} ${percent(value, 1)}`];
  const pressure = [...waits("cpu", cpu), ...waits("memory", memory), ...waits("io", io)];
  return [
    percents(before.memoryBytes, after.memoryBytes, memoryBytes),
    percents(before.cpus, after.cpus, cpus),
    pressure.length === 0 ? "?" : pressure.join(", "),
  ];
}

function percents(before: number, after: number, whole: number): string {
  return `${percent(before, whole)} → ${percent(after, whole)}`;
}

function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`;
}
