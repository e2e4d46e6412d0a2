import { randomUUID } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { eventually, must } from "./commands";
import { makeDisk, type Disk } from "./disks";
import { bootSector } from "./guest/boot-sector";
import { ensureLinuxImage, linuxBootMs, linuxCommandLine, type LinuxLoad, linuxReady } from "./guest/linux";
import type { LabHost } from "./host";
import { hostDir } from "./host-files";
import { findProgram } from "./prerequisites";
import type { LabRecord } from "./registry";

export interface GuestOptions {
  name: string;
  /** Where it is defined and started. */
  host: string;
  /** Default 64. */
  memoryMiB?: number;
  /** How much of its memory it keeps writing to. Default 16, at most 2 less than memoryMiB. */
  dirtyMiB?: number;
  /** MiB it writes per second, on any computer. 0 = as fast as it can, which costs a CPU. Default 20. */
  dirtyRate?: number;
  /** Turns of an empty loop after each page; with it and no dirtyRate the guest never rests. Default 0. */
  delay?: number;
  /** Default "running". */
  state?: "running" | "shutOff" | "paused";
  autostart?: boolean;
  /**
   * nbd (default): shared, as live migration needs it. file: an image of the host's own, with an empty one of the same size on
   * the others. none: it has nothing to boot from and does nothing.
   */
  disk?: "nbd" | "file" | "none";
  /** Default: pc-q35-7.2 where QEMU has it, else its newest q35. */
  machine?: string;
  /** Default: qemu64, which all have. host-passthrough runs with KVM, which this computer must have. */
  cpu?: "host-model" | "host-passthrough";
  /** An emulated TPM 2.0; "persistent" with persistent_state. Needs a lab with `vtpm`. */
  vtpm?: boolean | "persistent";
  /** UEFI firmware, which boots none of the lab's disks. Needs a lab with `vtpm`. */
  uefi?: boolean;
  uuid?: string;
  vcpus?: number;
  /** The hard limit of its memtune, in KiB: what libvirt lets QEMU lock for zero-copy. */
  hardLimitKiB?: number;
  /** A Linux that does this, instead of the boot sector: without disk, and with 256 MiB at least. */
  linux?: LinuxLoad;
}

const serialPath = (guest: string) => `/var/lib/libvirt/${guest}.serial`;

/** What the guest printed while it ran on this host: see boot-sector.S. Empty when it never did. */
export function readSerial(record: LabRecord, guest: string, host: string): string {
  try {
    return readFileSync(join(hostDir(record, host), serialPath(guest)), "latin1");
  } catch {
    return "";
  }
}

/** Defines the guest and brings it to its state; a guest that runs has booted and begun to write. */
export async function startGuest(
  record: LabRecord,
  hosts: readonly LabHost[],
  switchPid: number,
  options: GuestOptions,
): Promise<{ uuid: string }> {
  const { name, state = "running" } = options;
  const host = hosts.find((candidate) => candidate.name === options.host)!;
  if (!/^[A-Za-z0-9_.-]{1,60}$/.test(name)) throw new Error(`not a name for a guest: ${name}`);
  const uuid = options.uuid ?? randomUUID();
  const { memoryMiB, os, disk } = options.linux
    ? await linuxGuest(record, options.memoryMiB, options.linux)
    : await bootSectorGuest(record, hosts, host, switchPid, options);
  const machine = options.machine ?? (await machineType());
  const xml = domainXml(record, { ...options, memoryMiB, uuid, machine, os }, disk);
  // Standard input is a socket here, which virsh cannot open by name; a pipe it can.
  await host.must("cat | virsh -q define /dev/stdin", { input: xml });
  if (options.autostart) await host.virsh(`autostart ${name}`);
  if (state === "shutOff") return { uuid };
  const before = readSerial(record, name, host.name).length;
  await host.virsh(`start ${name}`);
  const sign = options.linux ? linuxReady : options.disk === "none" || options.uefi ? undefined : "B";
  if (sign !== undefined) {
    const booted = () => readSerial(record, name, host.name).includes(sign, before) || undefined;
    const withinMs = options.linux ? linuxBootMs : 60_000;
    if (!(await eventually(booted, withinMs))) {
      throw new Error(`${name} did not boot on ${host.name} within ${withinMs / 1000} s`);
    }
  }
  if (state === "paused") await host.virsh(`suspend ${name}`);
  return { uuid };
}

interface Bootable {
  memoryMiB: number;
  /** Goes into <os>. */
  os: string;
  disk: Disk | undefined;
}

async function bootSectorGuest(
  record: LabRecord,
  hosts: readonly LabHost[],
  host: LabHost,
  switchPid: number,
  options: GuestOptions,
): Promise<Bootable> {
  const { name, delay = 0, memoryMiB = 64 } = options;
  const { dirtyMiB = Math.min(16, memoryMiB - 2), dirtyRate = delay > 0 ? 0 : 20 } = options;
  if (!(dirtyMiB > 0 && dirtyMiB <= memoryMiB - 2)) {
    throw new Error(`dirtyMiB must lie between 1 and ${memoryMiB - 2} (memoryMiB - 2), not ${dirtyMiB}`);
  }
  const boot = bootSector({ dirtyMiB, dirtyRate, delay });
  const disk = await makeDisk(record, hosts, host, switchPid, options.disk ?? "nbd", name, boot);
  return { memoryMiB, os: `${options.uefi ? uefi : ""}<boot dev='hd'/>`, disk };
}

/** Every host has the kernel and the initramfs: a VM that has moved may be started again there. */
async function linuxGuest(record: LabRecord, memoryMiB = 256, linux: LinuxLoad): Promise<Bootable> {
  if (memoryMiB < 256) throw new Error(`a Linux guest needs 256 MiB, not ${memoryMiB}`);
  const image = await ensureLinuxImage();
  const files = [image.kernel, linux.load === "compile" ? image.initrdCompile : image.initrd];
  const [kernel, initrd] = files.map((file) => {
    const path = `/var/lib/libvirt/boot/linux-${basename(file)}`;
    for (const { name } of record.hosts) {
      mkdirSync(dirname(join(hostDir(record, name), path)), { recursive: true });
      copyFileSync(file, join(hostDir(record, name), path));
    }
    return path;
  });
  const os = `<kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${linuxCommandLine(linux)}</cmdline>`;
  return { memoryMiB, os, disk: undefined };
}

const uefi =
  "<loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE_4M.fd</loader><nvram template='/usr/share/OVMF/OVMF_VARS_4M.fd'/>";

/** Where this computer is a VM itself, its KVM may refuse the register of arch-capabilities. */
const cpuXml = (mode: NonNullable<GuestOptions["cpu"]>) =>
  mode === "host-passthrough"
    ? "<cpu mode='host-passthrough'><feature policy='disable' name='arch-capabilities'/></cpu>"
    : `<cpu mode='${mode}'/>`;

type Described = GuestOptions & { memoryMiB: number; uuid: string; machine: string; os: string };

function domainXml(record: LabRecord, guest: Described, disk: Disk | undefined): string {
  return `<domain type='${record.kvm || guest.cpu === "host-passthrough" ? "kvm" : "qemu"}'>
  <name>${guest.name}</name>
  <uuid>${guest.uuid}</uuid>
  <memory unit='MiB'>${guest.memoryMiB}</memory>
  ${guest.hardLimitKiB ? `<memtune><hard_limit unit='KiB'>${guest.hardLimitKiB}</hard_limit></memtune>` : ""}
  <vcpu>${guest.vcpus ?? 1}</vcpu>
  <os><type arch='x86_64' machine='${guest.machine}'>hvm</type>${guest.os}</os>
  <features><acpi/></features>
  ${guest.cpu ? cpuXml(guest.cpu) : "<cpu mode='custom' match='exact'><model fallback='allow'>qemu64</model><feature policy='disable' name='svm'/></cpu>"}
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>${findProgram("qemu-system-x86_64")!}</emulator>
    ${disk?.xml ?? ""}
    <controller type='usb' model='none'/>
    <serial type='file'><source path='${serialPath(guest.name)}'/><target port='0'/></serial>
    <memballoon model='none'/>${
      guest.vtpm
        ? `
    <tpm model='tpm-crb'><backend type='emulator' version='2.0'${guest.vtpm === "persistent" ? " persistent_state='yes'" : ""}/></tpm>`
        : ""
    }
  </devices>
</domain>
`;
}

let probedMachine: Promise<string> | undefined;

/** A fixed version, not the alias "q35": that means another VM after an upgrade of QEMU. */
function machineType(): Promise<string> {
  return (probedMachine ??= must(findProgram("qemu-system-x86_64")!, ["-machine", "help"]).then((list) => {
    const names = list.split("\n").map((line) => line.split(" ")[0]!);
    const alias = /\(alias of (\S+)\)/.exec(list.split("\n").find((line) => line.startsWith("q35 ")) ?? "");
    return names.includes("pc-q35-7.2") ? "pc-q35-7.2" : (alias?.[1] ?? "q35");
  }));
}
