/** What follows a migration that has moved the VM: it is kept as it was, and the move is recorded. */
import type { LastMigration } from "../core/args";
import { hasDone } from "../core/convergence/steps";
import { type DomainView, showState } from "../core/domain";
import { isActive, isPaused } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { Progress } from "../core/ports";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "../observe/hosts";
import { type MappedDefinition, verifyMapping } from "./mappedDefinition";
import type { Monitored } from "./monitored";
import { record, summary } from "./record";
import type { Verdict } from "./verify";

export interface Moved {
  view: DomainView;
  /** A definition the source kept. */
  leftover: DomainView | undefined;
  lastMigration: LastMigration;
}

/** The VM is on the destination. What fails from here on leaves it there. */
export async function arrived(
  hosts: Hosts,
  migration: Migration,
  watched: Monitored & { definition?: MappedDefinition | undefined },
  verdict: Verdict,
  times: { startedAt: number; durationMs: number },
  progress: Progress,
): Promise<Moved> {
  const { domain, source, destination } = migration;
  const seen = verdict.destination!;
  try {
    const virsh = await hosts.on(destination);
    if (watched.cancelled !== undefined) progress.info("the VM had moved before the migration could be cancelled");
    await keepAsItWas(virsh, domain, seen, watched, progress);
    const lastMigration = await record(virsh, migration, watched, times);
    progress.info(summary(lastMigration));
    informOfStaleImages(lastMigration, source, progress);
    if (watched.definition !== undefined) await verifyMapping(virsh, migration, watched.definition);
    const now = (await virsh.view(domain.uuid)) ?? seen;
    if (migration.how === "live" && !isActive(now)) {
      progress.warn(`${domain.name} is ${showState(now)} on ${destination}: it ended there after it had arrived`);
    }
    return { view: now, leftover: verdict.source, lastMigration };
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    throw error.with({
      action: `${domain.name} has moved from ${source} to ${destination}, but the steps after the move failed`,
      phase: "verify",
      domain: domain.name,
      seen,
      remedies: [{ do: `run \`pulumi up\` again when ${destination} can be reached: it finds the VM there` }],
    });
  }
}

function informOfStaleImages({ staleImages = [] }: LastMigration, source: string, progress: Progress): void {
  const paths = staleImages.filter(({ host }) => host === source).map(({ path }) => path);
  if (paths.length === 0) return;
  progress.info(
    `stale from now on, and left as they are on ${source}: ${paths.join(", ")}; a move back needs migration.copyStorage again`,
  );
}

/** libvirt does not move autostart. A VM that was paused to end the migration is resumed; one that was paused before is not. */
async function keepAsItWas(
  virsh: Virsh,
  before: DomainView,
  after: DomainView,
  watched: Monitored,
  progress: Progress,
): Promise<void> {
  if (before.autostart !== after.autostart) await virsh.setAutostart(before.uuid, before.autostart);
  const wasPaused = isPaused(before);
  if (hasDone(watched.done, "suspend") && !wasPaused && isPaused(after)) {
    await virsh.resume(before.uuid);
    progress.info(`resumed on ${virsh.host}`);
  }
}
