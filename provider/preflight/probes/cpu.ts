/** Questions about CPUs to the libvirt of one host. Each answer lasts until an upgrade. */
import type { FitFacts } from "../../core/problems";
import { cleanLine } from "../../core/clean";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { isCpu, parseCpuComparison } from "../../virsh/hostXml";
import { sh, type ShellScript } from "../../virsh/shellScript";

/** Which VMs a question is about. Empty = what the host takes by itself. */
export interface KindOfVm {
  virtType: string;
  arch: string;
  machine: string;
}

/** A <cpu> element, or libvirt's reason why there is none. */
export type CpuAnswer = { cpu: string } | { why: string };

export function kindOptions({ virtType, arch, machine }: KindOfVm): ShellScript[] {
  return [
    ...(virtType === "" ? [] : [sh`--virttype=${virtType}`]),
    ...(arch === "" ? [] : [sh`--arch=${arch}`]),
    ...(machine === "" ? [] : [sh`--machine=${machine}`]),
  ];
}

/** All that a VM of that kind can have of the CPU of the host and still migrate: what host-model stands for, and host-passthrough brings. */
export function hostCpuOn(hosts: Hosts, virsh: Virsh, kind: KindOfVm): Promise<CpuAnswer | undefined> {
  const options = kindOptions(kind);
  // A pipe hides that the first command has failed.
  const script = sh`xml=$(virsh -q domcapabilities ${options}) || exit 1
printf '%s\\n' "$xml" | virsh -q hypervisor-cpu-baseline ${options} --migratable /dev/stdin`;
  return hosts.remember(
    `${virsh.host}: CPU ${options.join(" ")}`,
    Infinity,
    () => cpuBy(virsh, script),
    (answer) => answer !== undefined && "cpu" in answer,
  );
}

/** The CPU that has all that these have in common, as the libvirt of this host works it out. */
export function baselineOn(virsh: Virsh, kind: KindOfVm, cpus: readonly string[]): Promise<CpuAnswer | undefined> {
  const xml = sh`printf '%s\\n' ${cpus}`;
  return cpuBy(virsh, sh`${xml} | virsh -q hypervisor-cpu-baseline ${kindOptions(kind)} --migratable /dev/stdin`);
}

/** Whether the host can give a VM of that kind this CPU; undefined where libvirt there does not say. */
export async function cpuOn(
  virsh: Virsh,
  kind: KindOfVm,
  cpuXml: string,
  emulator?: string,
): Promise<FitFacts["cpu"] | undefined> {
  // Standard input may be a socket, which virsh cannot open by name; a pipe it can.
  const xml = sh`printf '%s\\n' ${cpuXml}`;
  const path = emulator === undefined ? [] : [sh`--emulator=${emulator}`];
  const compare = sh`virsh -q hypervisor-cpu-compare ${kindOptions(kind)} ${path}`;
  // With --error the daemon names what is missing, in its own language; without it virsh itself prints whether anything is.
  const script = sh`${xml} | ${compare} --error /dev/stdin || { ${xml} | ${compare} /dev/stdin; exit 1; }`;
  const answer = await virsh.inquireShell(script);
  return answer && parseCpuComparison(answer.code, `${answer.stdout}\n${answer.stderr}`);
}

async function cpuBy(virsh: Virsh, script: ShellScript): Promise<CpuAnswer | undefined> {
  const answer = await virsh.inquireShell(script);
  if (answer === undefined) return undefined;
  if (answer.code === 0 && isCpu(answer.stdout)) return { cpu: answer.stdout.trim() };
  const lines = answer.stderr.split("\n").filter((line) => line.startsWith("error: "));
  const why = cleanLine((lines.at(-1) ?? "").replace(/^error: /, "").trim());
  return { why: why || "virsh hypervisor-cpu-baseline printed no CPU" };
}
