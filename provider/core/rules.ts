/** What stands in the way of a move, from facts alone. All findings at once, never one by one. */
import type { ErrorCode } from "./errors";
import { type MigrationOptions, optionNames, optionTable } from "./options";
import { versionBelow } from "./version";

export interface HostFacts {
  host: string;
  /** undefined: it did not say. */
  libvirt: string | undefined;
  qemu: string | undefined;
  /** libvirt's own UUID of the host. */
  hostUuid: string | undefined;
}

export interface MoveFacts {
  source: HostFacts & { migrateOptions: ReadonlySet<string> };
  destination: HostFacts;
  /** The command that would run. */
  command: string;
  how: "live" | "offline";
  options: MigrationOptions;
}

export interface Finding {
  rule: string;
  severity: "blocker" | "warning";
  code: ErrorCode;
  where: string;
  message: string;
  next: string;
}

const rules: ((facts: MoveFacts) => Finding[])[] = [
  differentMachines,
  virshKnowsTheOptions,
  multiFdWithPostCopy,
  tlsDiskCopyOverMultiFd,
];

export function findings(facts: MoveFacts): Finding[] {
  return rules.flatMap((rule) => rule(facts));
}

/** Cloned hosts share the UUID by which libvirt tells hosts apart; it then refuses with "Attempt to migrate guest to the same host". */
function differentMachines({ source, destination }: MoveFacts): Finding[] {
  if (source.hostUuid === undefined || source.hostUuid !== destination.hostUuid) return [];
  return [
    {
      rule: "different-machines",
      severity: "blocker",
      code: "domainConflict",
      where: destination.host,
      message: `${source.host} and ${destination.host} are one machine, or have the same host UUID (${source.hostUuid})`,
      next: `if one is a clone, give it a host_uuid of its own in /etc/libvirt/libvirtd.conf (or virtqemud.conf) and restart libvirt there`,
    },
  ];
}

function virshKnowsTheOptions({ source, command }: MoveFacts): Finding[] {
  // What is quoted is a value: a domain may well be called "db --old".
  const used = command.replace(/'[^']*'/g, "''").match(/(?<= )--[a-z][a-z0-9-]+/g) ?? [];
  return used
    .filter((flag) => !source.migrateOptions.has(flag))
    .map((flag) => {
      const name = optionNames.find((option) => optionTable[option].virsh?.split(" | ").includes(flag));
      const since = name && optionTable[name].since;
      return {
        rule: "virsh-options",
        severity: "blocker",
        code: "optionUnsupported",
        where: source.host,
        message: `virsh on ${source.host} (libvirt ${source.libvirt ?? "of unknown version"}) does not know ${flag}`,
        next: `${name ? `leave out migration.${optionTable[name].input}, or ` : ""}upgrade libvirt on ${source.host}${since ? ` to ${since} or later` : ""}`,
      } satisfies Finding;
    });
}

/** QEMU 7.2 accepts the pair, and its destination process aborts when post-copy starts: the guest is lost (5 of 5). QEMU 10.0 refuses it. */
function multiFdWithPostCopy({ source, destination, options, how }: MoveFacts): Finding[] {
  if (how !== "live" || !options.parallel || !options.postCopy) return [];
  return [source, destination]
    .filter(({ qemu }) => qemu === undefined || versionBelow(qemu, "10.1"))
    .map(({ host, qemu }) => ({
      rule: "multi-fd-with-post-copy",
      severity: "blocker",
      code: "unsafeCombination",
      where: host,
      message: `migration.parallel together with migration.postCopy loses the guest below QEMU 10.1; ${host} has ${qemu ?? "an unknown version"}`,
      next: "leave out one of the two; postCopy alone copes with any dirty rate",
    }));
}

/** libvirt 9.0.0 checks the disks' certificate against an empty name here; the destination's name given by hand cures it, 11.3.0 needs no cure. */
function tlsDiskCopyOverMultiFd({ source, options, how }: MoveFacts): Finding[] {
  const { tls, parallel, copyStorage, tlsDestination } = options;
  if (how !== "live" || !tls || !parallel || !copyStorage || tlsDestination !== undefined) return [];
  if (source.libvirt === undefined || !versionBelow(source.libvirt, "9.1")) return [];
  return [
    {
      rule: "tls-disk-copy-over-multi-fd",
      severity: "blocker",
      code: "unsafeCombination",
      where: source.host,
      message: `libvirt ${source.libvirt} on ${source.host} always fails with tls, parallel and copyStorage together`,
      next: 'name the destination as in its certificate: migration.tls: { destination: "kvm-b.example.net" }',
    },
  ];
}
