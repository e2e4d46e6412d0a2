/** What is part of the VM and cannot go along. */
import { versionBelow } from "../version";
import type { DomainFacts, Filesystem, HostDevice, MoveFacts } from "./facts";
import type { HostFacts } from "./hostFacts";
import type { Problem, Remedy } from "../problem";
import {
  fixedTscFrequency,
  withoutDevice,
  withoutDirectory,
  withoutHostDevice,
  withoutTransientDisk,
} from "./deviceRefusals";

/**
 * From these releases libvirt asks QEMU which devices hold a migration up (`blocked-reasons` of query-migrate), and judges none itself. 8.6.0:
 * QEMU_CAPS_MIGRATION_BLOCKED_REASONS came in July 2022, between 8.5.0 and 8.6.0 (RHEL has it in 8.5.0-3, bug 2092833).
 */
const asksQemu = { libvirt: "8.6.0", qemu: "6.0.0" };
/**
 * Below these, a VM with virtiofs is surely refused. libvirt 9.0.0 refuses each ("migration with virtiofs device is not supported" in its driver);
 * 11.3.0 asks virtiofsd (`migrate-precopy` of its capabilities, since virtiofsd 1.11) and takes any external one (qemuMigrationSrcIsAllowed).
 * NEWS names no release that began, so those between may do either. QEMU: vhost-user-fs saves its state since bca3e2a13814 (8.2.0).
 */
const virtiofsRefused = { libvirt: "9.1.0", qemu: "8.2.0" };
/** The oldest libvirt that is known to move one. */
const virtiofsMoves = "11.3.0";

export function devicesCanMove({ domain, source, destination, options, how }: MoveFacts): Problem[] {
  if (domain === undefined || how !== "live") return [];
  const { host } = source;
  const { name, hostDevices, interfaces, filesystems, sharedMemory, hugeMemory } = domain;
  return [
    ...hostDevices
      .filter(({ transient }) => !transient)
      .flatMap((device) =>
        device.type === "usb"
          ? usbDevice(destination.host, name, device)
          : [hostDevice(source, destination, domain, device)],
      ),
    ...interfaces
      .filter(({ type }) => type === "vdpa")
      .map((each) =>
        hostDevice(source, destination, domain, {
          type: "vDPA",
          name: each.source ?? "",
          transient: false,
          optional: false,
        }),
      ),
    ...filesystems.map((directory) => hostDirectory(source, name, directory)),
    ...qemuDevices(host, domain),
    ...transientDisks(host, domain),
    ...sharedMemory.map((device) =>
      problem(
        "shared-memory",
        host,
        `${name} shares memory on ${host} (shmem ${device}), which cannot be migrated`,
        withoutDevice,
      ),
    ),
    ...(domain.invariantTsc
      ? [
          problem(
            "invariant-tsc",
            host,
            `${name} has the CPU feature invtsc, and libvirt does not migrate VMs with it`,
            fixedTscFrequency,
          ),
        ]
      : []),
    ...(options.postCopy && hugeMemory.some(({ pageKiB }) => pageKiB === 1_048_576)
      ? [
          problem(
            "post-copy-hugepages",
            host,
            `${name} has huge pages of 1 GiB: in post-copy the VM stops while each of them is fetched`,
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

/** libvirt below `since`, or with a QEMU below it. What is not known may be new enough. */
function isBelow({ libvirt, qemu }: HostFacts, since: { libvirt: string; qemu: string }): boolean {
  return (
    (libvirt !== undefined && versionBelow(libvirt, since.libvirt)) ||
    (qemu !== undefined && versionBelow(qemu, since.qemu))
  );
}

/** vhost-scsi is blocked unless its property `migratable` is set, which libvirt (to 11.3.0) never does. A LUN by scsi-generic has no state to save. */
function hostDevice(
  source: HostFacts,
  destination: HostFacts,
  domain: DomainFacts,
  { type, name }: HostDevice,
): Problem {
  const { host } = source;
  const device = `${domain.name} uses a host device of ${host} (${[type, name].filter((part) => part !== "").join(" ")})`;
  const remedies = withoutHostDevice(host, domain);
  if (type === "scsi_host" || isBelow(source, asksQemu)) {
    return problem("host-devices", host, `${device}, which cannot be migrated`, remedies);
  }
  const what =
    type === "scsi"
      ? `${destination.host} must have the same LUN at the same address`
      : "QEMU decides at the start of the move whether it can be migrated, which needs a driver on both hosts that can save its state";
  return problem("host-devices", host, `${device}: ${what}`, remedies, "warning");
}

function qemuDevices(host: string, { name, qemuDevices: devices }: DomainFacts): Problem[] {
  return devices.map(({ what, depends }) =>
    problem(
      "qemu-devices",
      host,
      `${name} has ${what}: ${depends ?? "QEMU does not migrate a VM with it"}`,
      withoutDevice,
      depends === undefined ? "blocker" : "warning",
    ),
  );
}

/** libvirt moves it: QEMU on the destination opens the device of the same name there, and does not start without one. */
function usbDevice(destination: string, domain: string, { name, optional }: HostDevice): Problem[] {
  if (optional) return [];
  const device = name === "" ? "" : ` ${name}`;
  return [
    problem(
      "usb-devices",
      destination,
      `${domain} has the USB device${device}: ${destination} must have it too, and the guest sees it unplugged and plugged in again`,
      [
        { do: `plug it in on ${destination} too`, commands: [{ host: destination, command: "lsusb" }] },
        { do: "allow the move without it (<source startupPolicy='optional'>)" },
      ],
      "warning",
    ),
  ];
}

function transientDisks(host: string, { name, disks }: DomainFacts): Problem[] {
  return disks
    .filter(({ transient }) => transient)
    .map(({ target }) =>
      problem(
        "transient-disks",
        host,
        `${target} of ${name} is transient (<transient/>): libvirt does not move a VM with such a disk while it runs`,
        withoutTransientDisk,
      ),
    );
}

function hostDirectory(source: HostFacts, name: string, { driver, target, external }: Filesystem): Problem {
  const { host } = source;
  const directory = `${name} uses a directory of ${host} by ${driver} (${target})`;
  if (driver === "9p") {
    return problem(
      "host-directories",
      host,
      `${directory}: QEMU refuses the move while the guest has it mounted`,
      [{ do: "unmount it in the guest first" }],
      "warning",
    );
  }
  return isBelow(source, virtiofsRefused)
    ? problem(
        "host-directories",
        host,
        `${directory}, which libvirt ${source.libvirt ?? ""} with QEMU ${source.qemu ?? ""} does not migrate; libvirt ${virtiofsMoves} with QEMU ${virtiofsRefused.qemu} does`,
        withoutDirectory,
      )
    : problem(
        "host-directories",
        host,
        `${directory}: it can be migrated if ${external ? "its virtiofsd" : "virtiofsd"} is 1.11 or later and both hosts see the same directory${source.libvirt !== undefined && versionBelow(source.libvirt, virtiofsMoves) ? `; libvirt before ${virtiofsMoves} may refuse the move` : ""}`,
        withoutDirectory,
        "warning",
      );
}
