/** What the state keeps of a migration that has moved the VM. */
import type { LastMigration } from "../core/args";
import { type JobInfo } from "../core/domain";
import { showBytes, showDuration } from "../core/units";
import { isCopied } from "../core/problems";
import type { Virsh } from "../virsh/client";
import { parseDomainXml } from "../virsh/domainXml";
import { command } from "../virsh/virshCommand";
import type { Migration } from "../observe/migration";
import { type Monitored } from "./monitor";

export async function record(
  destination: Virsh,
  move: Migration,
  watched: Monitored,
  { startedAt, durationMs }: { startedAt: number; durationMs: number },
): Promise<LastMigration> {
  const completed = move.how === "offline" ? undefined : await destination.completedJob(move.view.uuid);
  // The second phase may end between two looks. The destination tells: it has statistics of a pre-copy, and none of a post-copy.
  const switched = watched.inPostCopy || (watched.done.has("postCopy") && completed === undefined);
  const mode =
    move.how === "offline" ? "offline" : switched ? "postCopy" : watched.done.has("suspend") ? "suspended" : "live";
  const job: JobInfo | undefined = completed ?? watched.lastJob;
  const startedText = new Date(startedAt).toISOString();
  const staleImages = [
    ...(move.staleImages ?? []).filter(({ host }) => host !== move.destination),
    ...(await imagesLeft(destination, move)).map((path) => ({ host: move.view.host, path, since: startedText })),
  ];
  const bytes = job && (job.memoryProcessedBytes ?? 0) + (job.diskProcessedBytes ?? 0);
  return {
    from: move.view.host,
    to: move.destination,
    startedAt: startedText,
    durationMs,
    // While it runs libvirt only repeats its estimate; after a post-copy that is all there is, and it can be far off.
    ...(completed?.downtimeMs !== undefined && !switched && { downtimeMs: completed.downtimeMs }),
    ...(bytes ? { totalBytes: bytes } : {}),
    ...(watched.bytesPerSecond !== undefined && { bytesPerSecond: watched.bytesPerSecond }),
    ...(job?.passes ? { passes: job.passes } : {}),
    mode,
    command: move.command,
    reason: move.reason,
    ...(staleImages.length > 0 && { staleImages }),
  };
}

/** The images on the source whose content was copied: the guest writes to the copies now. */
async function imagesLeft(destination: Virsh, { how, options, view }: Migration): Promise<string[]> {
  if (how !== "live" || options.copyStorage === undefined) return [];
  const xml = await destination.inquire(command`dumpxml ${view.uuid}`);
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
