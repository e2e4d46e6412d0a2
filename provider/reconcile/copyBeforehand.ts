/** What libvirt does not move of a VM that is shut off: its disks, where they are to be copied, and what it owns beside them. */
import type { CopiedImage, LastMigration } from "../core/args";
import type { Migration } from "../core/migration";
import { listed } from "../core/near";
import type { Ports } from "../core/ports";
import { imagesToCopy, imagesToCreate, type MoveFacts, ownedToCopy } from "../core/problems";
import type { Hosts } from "../observe/hosts";
import { createImages } from "./createImages";
import { copyDisks } from "./copyDisks";
import { takeAlong } from "./ownedState";
import { type TakenAlong, together } from "./takenAlong";

/** @throws PlacementError with both hosts as they were before. */
export async function copyBeforehand(
  hosts: Hosts,
  migration: Migration,
  facts: MoveFacts,
  ports: Ports,
): Promise<{ along: TakenAlong | undefined; copied: readonly CopiedImage[] }> {
  const created = await createImages(hosts, migration, imagesToCreate(facts), ports);
  if (created) return { along: created, copied: [] };
  const images = imagesToCopy(facts);
  const disks = images.length > 0 ? await copyDisks(hosts, migration, images, ports) : undefined;
  const owned = ownedToCopy(facts);
  if (owned.length === 0) return { along: disks, copied: disks?.copied ?? [] };
  const names = owned.map(({ what }) => what);
  ports.progress.live(`copying ${listed(names, "and")} to ${migration.destination}`);
  try {
    const state = await takeAlong(hosts, migration, owned);
    return { along: together([...(disks ? [disks] : []), state]), copied: disks?.copied ?? [] };
  } catch (error) {
    await disks?.putBack().catch(() => {});
    throw error;
  }
}

export function withCopied(
  lastMigration: LastMigration,
  copied: readonly CopiedImage[],
  source: string,
  durationMs: number,
): LastMigration {
  if (copied.length === 0) return lastMigration;
  const stale = copied.map(({ path }) => ({ host: source, path, since: lastMigration.startedAt }));
  return {
    ...lastMigration,
    durationMs,
    staleImages: [...(lastMigration.staleImages ?? []), ...stale],
    copiedImages: [...copied],
  };
}
