/** Whether the destination's libvirt and QEMU can run this VM at all. */
import { type Daemons, restarting } from "../daemons";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { DomainFacts, MoveFacts } from "./facts";
import { install } from "./install";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/** Virtualisation, architecture, emulator and machine type in one question (`domcapabilities`), which libvirt answers or refuses. */
export function domainFits({ domain, destination, fit }: MoveFacts): Problem[] {
  if (domain === undefined || fit?.capabilities === undefined || !("refusal" in fit.capabilities)) return [];
  const { refused, refusal } = fit.capabilities;
  const { host, machines } = destination;
  const { name, virtType, arch, machine, emulator } = domain;
  const said = refusal === "" ? "" : ` (${refusal})`;
  const problem = (rule: string, message: string, remedies: Remedy[]): Problem[] => [
    { rule, severity: "blocker", code: "migrationRefused", host, message: `${message}${said}`, remedies },
  ];
  if (refused === "machine") {
    const remedies = knownMachineType(host, name, newestOf(machines, domain));
    return problem("machine-type", `${host} does not know ${name}'s machine type ${machine}`, remedies);
  }
  if (refused === "emulator") {
    const message = `${host} has no ${emulator ?? `emulator for ${arch}`}, which ${name} runs with`;
    return problem("emulator", message, [
      { do: `install QEMU for ${arch} on ${host}${emulator === undefined ? "" : ` with ${emulator}`}` },
      ...(emulator === undefined ? [] : [{ do: `start ${name} with an <emulator> that both hosts have` }]),
    ]);
  }
  return problem(
    "virtualisation",
    `${host} cannot run ${name}'s type of VM (${virtType}, ${arch})`,
    virtType === "kvm"
      ? loadKvm(host, destination.daemons)
      : [
          {
            do: "check what it can run",
            commands: [{ host, command: commandLine`virsh domcapabilities --virttype ${virtType} --arch ${arch}` }],
          },
        ],
  );
}

/** The newest machine types of the VM's family. */
function newestOf(machines: MoveFacts["destination"]["machines"], { arch, machine }: DomainFacts): string[] {
  const family = machine.replace(/[\d.]+$/, "");
  const near = (new Map(Object.entries(machines ?? {})).get(arch) ?? []).filter((name) => name.startsWith(family));
  return near.toSorted((a, b) => b.localeCompare(a, "en", { numeric: true })).slice(0, 3);
}

/** @param known some that the host has. */
function knownMachineType(host: string, domain: string, known: readonly string[]): Remedy[] {
  return [
    { do: `upgrade QEMU on ${host}` },
    {
      do: `start ${domain} with a machine type that both hosts support${known.length > 0 ? ` (${host} has ${known.join(", ")})` : ""}`,
    },
  ];
}

function loadKvm(host: string, daemons: Daemons | undefined): Remedy[] {
  const { then, commands } = restarting(host, daemons);
  return ["kvm_intel", "kvm_amd"].map((module) => ({
    do:
      module === "kvm_intel"
        ? `turn on virtualisation in the firmware of ${host}, load KVM for its Intel CPU and ${then}`
        : "the same for an AMD CPU",
    commands: [{ host, command: commandLine`modprobe ${module}` }, ...commands],
  }));
}

export const kvmMissing: StderrCause = {
  stderr:
    /Domain requires KVM, but it is not available|does not support virt type 'kvm'|Could not access KVM kernel module|CPU mode '(?:host-passthrough|maximum)' .{1,80} is not supported by hypervisor/i,
  code: "migrationRefused",
  namesDaemons: true,
  remedies: ({ destination, daemons }) => loadKvm(destination, daemons?.[destination]),
};

export const emulatorMissing: StderrCause = {
  stderr: anyOf(/Cannot check QEMU binary/i, onOneLine(/Emulator '/, /' does not exist/)),
  code: "migrationRefused",
  remedies: ({ destination, domain }) => [
    ...install(destination, "QEMU", { apt: "qemu-system", dnf: "qemu-kvm" }),
    { do: `start ${domain} with an <emulator> that both hosts have` },
  ],
};

export const machineTypeUnknown: StderrCause = {
  stderr: anyOf(
    /does not support machine type|unsupported machine type/i,
    onOneLine(/unsupported configuration: /i, /machine/i),
  ),
  code: "migrationRefused",
  remedies: ({ destination, domain }) => [
    ...knownMachineType(destination, domain, []),
    {
      do: "check which machine types it supports",
      commands: [{ host: destination, command: "virsh domcapabilities" }],
    },
  ],
};

/** A warning: an access list or SELinux may allow what the account's groups do not. */
export function kvmIsOpen({ domain, destination: { host, system } }: MoveFacts): Problem[] {
  const account = system?.kvmForbiddenTo;
  if (account === undefined || (domain !== undefined && domain.virtType !== "kvm")) return [];
  const message = `QEMU on ${host} runs as ${account}, which may not open /dev/kvm`;
  return [
    { rule: "kvm-access", severity: "warning", code: "migrationRefused", host, message, remedies: openKvm(host) },
  ];
}

function openKvm(host: string): Remedy[] {
  return [
    {
      do: `let QEMU's account on ${host} open /dev/kvm (group kvm, mode 0660)`,
      commands: ["ls -lZ /dev/kvm", "udevadm trigger --name-match=kvm"].map((command) => ({ host, command })),
    },
  ];
}

export const kvmForbidden: StderrCause = {
  stderr: onOneLine(/Could not access KVM kernel module|\/dev\/kvm/, /Permission denied/),
  code: "migrationRefused",
  remedies: ({ destination }) => openKvm(destination),
};
