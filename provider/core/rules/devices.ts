/** What is part of the VM, or holds it, and cannot go along. */
import { shownCommand } from "../shownCommand";
import { listed } from "../near";
import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

export function devicesCanMove({ domain, source, options, how }: MoveFacts): Finding[] {
  if (domain === undefined || how !== "live") return [];
  const { name } = domain;
  const finding = (
    rule: string,
    message: string,
    next: string,
    severity: Finding["severity"] = "blocker",
  ): Finding => ({
    rule,
    severity,
    code: "migrationRefused",
    where: source.host,
    message,
    next,
  });
  return [
    ...domain.hostDevices
      .filter(({ transient }) => !transient)
      .map((device) =>
        finding(
          "host-devices",
          `${name} has a device of ${source.host} itself (${device.type} ${device.name}), which cannot go along`,
          `detach it (${shownCommand`virsh detach-device ${domain} FILE --live`}), use a failover pair (<teaming type='transient'/>), or move it shut off`,
        ),
      ),
    ...domain.filesystems.map(({ driver, target }) =>
      driver === "virtiofs"
        ? finding(
            "host-directories",
            `${name} has a directory of ${source.host} by virtiofs (${target}), which libvirt may refuse to move`,
            `unmount it in the guest and detach it, or move the VM shut off`,
          )
        : finding(
            "host-directories",
            `${name} has a directory of ${source.host} by 9p (${target}): QEMU refuses to move while the guest has it mounted`,
            "unmount it in the guest first",
            "warning",
          ),
    ),
    ...domain.sharedMemory.map((device) =>
      finding(
        "shared-memory",
        `${name} shares memory with others on ${source.host} (shmem ${device}), which cannot go along`,
        "take the device out, or move the VM shut off",
      ),
    ),
    ...(domain.invariantTsc
      ? [
          finding(
            "invariant-tsc",
            `${name} has the CPU feature invtsc, with which libvirt moves no VM`,
            `give it a fixed tsc frequency (<timer name='tsc' frequency='…'/>), or take the feature out; it takes effect at its next start`,
          ),
        ]
      : []),
    ...(options.postCopy && domain.hugepageKiB.includes(1_048_576)
      ? [
          finding(
            "post-copy-hugepages",
            `${name} has huge pages of 1 GiB: in post-copy it stands still while each of them is fetched`,
            "leave out migration.postCopy, or use huge pages of 2 MiB",
            "warning",
          ),
        ]
      : []),
  ];
}

export function nothingHoldsIt({ domain, source, how }: MoveFacts): Finding[] {
  if (domain === undefined) return [];
  const { name, snapshots = [], checkpoints = [], blockJobs = [] } = domain;
  const finding = (
    rule: string,
    message: string,
    next: string,
    severity: Finding["severity"] = "blocker",
  ): Finding => ({
    rule,
    severity,
    code: "migrationRefused",
    where: source.host,
    message,
    next,
  });
  return [
    ...(snapshots.length > 0
      ? [
          finding(
            "snapshots",
            `${name} has ${count(snapshots, "snapshot")}, with which libvirt moves no VM`,
            `on ${source.host}: ${shownCommand`virsh snapshot-delete ${domain} NAME`} (with --metadata the snapshot's data stays in the image)`,
          ),
        ]
      : []),
    ...(checkpoints.length > 0
      ? [
          finding(
            "checkpoints",
            `${name} has ${count(checkpoints, "checkpoint")}, which libvirt does not take along`,
            "let the backup make a full copy after the move",
            "warning",
          ),
        ]
      : []),
    ...(how === "live" && blockJobs.length > 0
      ? [
          finding(
            "block-jobs",
            `a block job (copy, commit, pull or backup) runs on ${listed(blockJobs, "and")} of ${name}`,
            `wait for it: ${shownCommand`virsh blockjob ${domain} ${blockJobs[0]!} --info`} on ${source.host}; or end it with --abort`,
          ),
        ]
      : []),
  ];
}

function count(names: readonly string[], what: string): string {
  const shown = names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "");
  return `${names.length} ${what}${names.length === 1 ? "" : "s"} (${shown})`;
}
