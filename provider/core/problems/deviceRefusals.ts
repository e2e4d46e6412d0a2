/** What libvirt and QEMU print of a device that cannot go along, and what to do about each. */
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { DomainFacts } from "./facts";
import type { Remedy } from "../problem";
import { between, type StderrCause } from "./stderr";

export function withoutHostDevice(host: string, domain: DomainFacts | string): Remedy[] {
  return [
    {
      do: "detach the device",
      commands: [{ host, command: commandLine`virsh detach-device ${domain} FILE --live` }],
    },
    { do: "use a failover pair (<teaming type='transient'/>)" },
    { do: "move the VM while it is shut off" },
  ];
}

export const withoutTransientDisk: Remedy[] = [
  { do: "shut the VM down before the move", loses: "what the guest has written to the disk since it started" },
  {
    do: "remove <transient/> from its definition and start the VM again",
    loses: "what the guest has written to the disk since it started",
  },
];
export const withoutDirectory: Remedy[] = [
  { do: "unmount it in the guest and detach it" },
  { do: "move the VM while it is shut off" },
];
export const withoutDevice: Remedy[] = [{ do: "remove the device" }, { do: "move the VM while it is shut off" }];
export const fixedTscFrequency: Remedy[] = [
  { do: "give the VM a fixed tsc frequency (<timer name='tsc' frequency='…'/>) and start it again" },
  { do: "remove the feature and start the VM again" },
];

export const hostDeviceRefused: StderrCause = {
  stderr: anyOf(
    /cannot migrate a domain with <(hostdev|interface)|domain has assigned non-USB host devices|vDPA devices cannot be migrated/,
    /VFIO (device )?(migration is not supported|doesn't support migration)/i,
  ),
  code: "migrationRefused",
  remedies: ({ source, domain }) => withoutHostDevice(source, domain),
};

export const hostDirectoryRefused: StderrCause = {
  stderr: /migration with (this )?virtiofs device is not supported|Migration is disabled when VirtFS export path/i,
  code: "migrationRefused",
  remedies: () => withoutDirectory,
};

export const transientDiskRefused: StderrCause = {
  stderr: /migration with transient disk is not supported/,
  code: "migrationRefused",
  remedies: () => withoutTransientDisk,
};

export const sharedMemoryRefused: StderrCause = {
  stderr: /migration with shmem device is not supported|shmem device '[^'\n]{0,255}' cannot be migrated/,
  code: "migrationRefused",
  remedies: () => withoutDevice,
};

export const invariantTscRefused: StderrCause = {
  stderr: /domain has 'invtsc' CPU feature|domain has CPU feature: invtsc|host doesn't support invariant TSC/,
  code: "migrationRefused",
  remedies: () => fixedTscFrequency,
};

/** What QEMU itself names. */
export const deviceBlocksMigration: StderrCause = {
  stderr: /State blocked by non-migratable device|cannot migrate domain: |Migration disabled: /,
  code: "migrationRefused",
  remedies: ({ source: host, domain }, stderr) => {
    const device = between(stderr, "non-migratable device '");
    return [
      {
        do: `remove ${device === undefined ? "the device that QEMU names" : `the device ${device}`} from ${domain}, and start it again`,
        commands: [{ host, command: commandLine`virsh edit ${domain}` }],
      },
      { do: "move the VM while it is shut off" },
    ];
  },
};

/** The VM may move with its device, and the destination has none, or keeps it from guests. */
export const hostDeviceMissing: StderrCause = {
  stderr: anyOf(
    /host doesn't support (VFIO|legacy) PCI passthrough|host doesn't support passthrough of host PCI devices/,
    onOneLine(/\bvfio /, /failed to open \/dev\/vfio\/|no such host device|failed to setup container/),
  ),
  code: "migrationRefused",
  remedies: ({ source, destination: host, domain }) => [
    {
      do: `give ${host} such a device at the same address, with its IOMMU turned on (intel_iommu=on or amd_iommu=on) and vfio-pci loaded`,
      commands: [
        { host, command: "virsh nodedev-list --cap pci" },
        { host, command: "modprobe vfio-pci" },
      ],
    },
    ...withoutHostDevice(source, domain),
  ],
};
