/** What is part of the VM and cannot go along. */
import { commandLine } from "../shownCommand";
import { anyOf } from "../textMatch";
import type { DomainFacts, HostDevice, MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { between, type StderrCause } from "./stderr";

export function devicesCanMove({ domain, source: { host }, options, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  const { name, hostDevices, filesystems, sharedMemory, hugepageKiB } = domain;
  return [
    ...hostDevices.filter(({ transient }) => !transient).map((device) => hostDevice(host, domain, device)),
    ...filesystems.map((directory) => hostDirectory(host, name, directory)),
    ...sharedMemory.map((device) =>
      problem(
        "shared-memory",
        host,
        `${name} shares memory with others on ${host} (shmem ${device}), which cannot go along`,
        withoutDevice,
      ),
    ),
    ...(domain.invariantTsc
      ? [
          problem(
            "invariant-tsc",
            host,
            `${name} has the CPU feature invtsc, with which libvirt moves no VM`,
            fixedTscFrequency,
          ),
        ]
      : []),
    ...(options.postCopy && hugepageKiB.includes(1_048_576)
      ? [
          problem(
            "post-copy-hugepages",
            host,
            `${name} has huge pages of 1 GiB: in post-copy it stands still while each of them is fetched`,
            [{ do: "leave out migration.postCopy" }, { do: "use huge pages of 2 MiB" }],
            "warning",
          ),
        ]
      : []),
  ];
}

function problem(
  rule: string,
  host: string,
  message: string,
  remedies: Remedy[],
  severity: Problem["severity"] = "blocker",
): Problem {
  return { rule, severity, code: "migrationRefused", host, message, remedies };
}

function hostDevice(host: string, domain: DomainFacts, { type, name }: HostDevice): Problem {
  const message = `${domain.name} has a device of ${host} itself (${type} ${name}), which cannot go along`;
  return problem("host-devices", host, message, withoutHostDevice(host, domain));
}

function withoutHostDevice(host: string, domain: DomainFacts | string): Remedy[] {
  return [
    {
      do: "detach it",
      commands: [{ host, command: commandLine`virsh detach-device ${domain} FILE --live` }],
    },
    { do: "use a failover pair (<teaming type='transient'/>)" },
    { do: "move it shut off" },
  ];
}

function hostDirectory(host: string, name: string, { driver, target }: DomainFacts["filesystems"][number]): Problem {
  return driver === "virtiofs"
    ? problem(
        "host-directories",
        host,
        `${name} has a directory of ${host} by virtiofs (${target}), which libvirt may refuse to move`,
        withoutDirectory,
      )
    : problem(
        "host-directories",
        host,
        `${name} has a directory of ${host} by 9p (${target}): QEMU refuses to move while the guest has it mounted`,
        [{ do: "unmount it in the guest first" }],
        "warning",
      );
}

const withoutDirectory: Remedy[] = [{ do: "unmount it in the guest and detach it" }, { do: "move the VM shut off" }];
const withoutDevice: Remedy[] = [{ do: "take the device out" }, { do: "move the VM shut off" }];
const fixedTscFrequency: Remedy[] = [
  { do: "give it a fixed tsc frequency (<timer name='tsc' frequency='…'/>) and start it again" },
  { do: "take the feature out and start it again" },
];

export const hostDeviceRefused: StderrCause = {
  stderr: anyOf(
    /cannot migrate a domain with <hostdev|domain has assigned non-USB host devices/,
    /VFIO (device )?(migration is not supported|doesn't support migration)/i,
  ),
  code: "migrationRefused",
  remedies: ({ source, domain }) => withoutHostDevice(source, domain),
};

export const hostDirectoryRefused: StderrCause = {
  stderr: /migration with virtiofs device is not supported|Migration is disabled when VirtFS export path/i,
  code: "migrationRefused",
  remedies: () => withoutDirectory,
};

export const sharedMemoryRefused: StderrCause = {
  stderr: /migration with shmem device is not supported/,
  code: "migrationRefused",
  remedies: () => withoutDevice,
};

export const invariantTscRefused: StderrCause = {
  stderr: /domain has 'invtsc' CPU feature|domain has CPU feature: invtsc/,
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
        do: `take ${device === undefined ? "the device that QEMU names" : `the device ${device}`} out of ${domain}, and start it again`,
        commands: [{ host, command: commandLine`virsh edit ${domain}` }],
      },
      { do: "move it shut off" },
    ];
  },
};
