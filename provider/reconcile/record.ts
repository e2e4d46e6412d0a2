/** What the state keeps of a migration that has moved the VM. */
import type { LastMigration } from "../core/args";
import { hasDone } from "../core/convergence/steps";
import type { JobInfo } from "../core/domain";
import type { Migration } from "../core/migration";
import { showBytes, showDuration } from "../core/units";
import { isCopied } from "../core/problems";
import type { Virsh } from "../virsh/client";
import { parseDomainXml } from "../virsh/domainXml";
import { command } from "../virsh/virshCommand";
import type { Monitored } from "./monitored";

export async function record(
  virsh: Virsh,
  migration: Migration,
  watched: Monitored,
  { startedAt, durationMs }: { startedAt: number; durationMs: number },
): Promise<LastMigration> {
  const { domain, source, destination, how } = migration;
  const completed = how === "offline" ? undefined : await virsh.completedJob(domain.uuid);
  // The second phase may end between two polls. Then the destination shows it: it has statistics of a pre-copy, and none of a post-copy.
  const switched = watched.inPostCopy || (hasDone(watched.done, "postCopy") && completed === undefined);
  const mode =
    how === "offline" ? "offline" : switched ? "postCopy" : hasDone(watched.done, "suspend") ? "suspended" : "live";
  const job: JobInfo | undefined = completed ?? watched.lastJob;
  const startedText = new Date(startedAt).toISOString();
  const staleImages = [
    ...migration.staleImages.filter(({ host }) => host !== destination),
    ...(await imagesLeft(virsh, migration)).map((path) => ({ host: source, path, since: startedText })),
  ];
  const bytes = job && (job.memoryProcessedBytes ?? 0) + (job.diskProcessedBytes ?? 0);
  return {
    from: source,
    to: destination,
    startedAt: startedText,
    durationMs,
    // While it runs libvirt only repeats its estimate; after a post-copy that is all there is, and it can be far off.
    ...(completed?.downtimeMs !== undefined && !switched && { downtimeMs: completed.downtimeMs }),
    ...(bytes ? { totalBytes: bytes } : {}),
    ...(watched.bytesPerSecond !== undefined && { bytesPerSecond: watched.bytesPerSecond }),
    ...(job?.passes ? { passes: job.passes } : {}),
    mode,
    command: migration.command ?? "",
    reason: migration.reason,
    ...(staleImages.length > 0 && { staleImages }),
  };
}

/** The images on the source whose content was copied: the guest writes to the copies now, which may have other paths. */
async function imagesLeft(virsh: Virsh, { how, options, domain, copiedDisks }: Migration): Promise<string[]> {
  if (how !== "live" || options.copyStorage === undefined) return [];
  if (copiedDisks !== undefined) return copiedDisks.flatMap(({ path }) => path ?? []);
  const xml = await virsh.inquire(command`dumpxml ${domain.uuid}`);
  const disks = (xml === undefined ? undefined : parseDomainXml(xml))?.disks ?? [];
  return disks.filter((disk) => isCopied(disk, { options })).flatMap(({ path }) => path ?? []);
}

/** "moved kvm-a → kvm-b in 2.4 s, paused 43 ms, 163 MiB sent". */
export function summary(last: LastMigration): string {
  const parts = [
    `moved ${last.from} → ${last.to}${last.mode === "offline" ? " (shut off)" : ""} in ${showDuration(last.durationMs)}`,
  ];
  if (last.mode === "postCopy") parts.push("by post-copy, pause not reported by libvirt");
  else if (last.downtimeMs !== undefined) parts.push(`paused ${showDuration(last.downtimeMs)}`);
  if (last.totalBytes !== undefined) parts.push(`${showBytes(last.totalBytes)} sent`);
  return parts.join(", ");
}
