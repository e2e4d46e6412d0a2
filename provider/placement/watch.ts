import { type DomainView, isOutgoing, type JobInfo } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Clock, ExecResult, Progress } from "../core/ports";
import { progressLine } from "../core/progressLine";
import { steer, type SteerAction } from "../core/steer";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "./hosts";

/** How often a migration is looked at; the display takes one line a second. */
const pollMs = 250;
const rowMs = 1000;
/** How long a source that went silent is tried again before the watch is given up. The migration itself goes on without us. */
const silenceMs = 60_000;

const silentCodes = new Set<string>(["hostUnreachable", "connectionLost", "commandTimeout"]);

export interface Watched {
  /** How virsh ended; undefined where there was no virsh of ours, or its connection was lost. */
  exit: ExecResult | undefined;
  inPostCopy: boolean;
  done: ReadonlySet<SteerAction>;
  /** Why it was cancelled, where we did. */
  cancelled: string | undefined;
  /** The last statistics seen while it ran. */
  lastJob: JobInfo | undefined;
}

/**
 * Watches a migration from its source until it ends, shows how far it is, and does what is due.
 *
 * @param run the virsh of this migration; undefined for one that somebody else started.
 */
export async function watch(
  hosts: Hosts,
  migration: {
    view: DomainView;
    run: Promise<ExecResult> | undefined;
    options: MigrationOptions;
    startedAt: number;
    inPostCopy: boolean;
  },
  { clock, progress }: { clock: Clock; progress: Progress },
): Promise<Watched> {
  const { view, options, startedAt } = migration;
  const done = new Set<SteerAction>();
  let { inPostCopy } = migration;
  let cancelled: string | undefined;
  let lastJob: JobInfo | undefined;
  let percent = 0;
  let shownAt = -rowMs;
  let heardAt = clock.now();

  let exit: ExecResult | undefined;
  let ours = migration.run !== undefined;
  let ended = false;
  let fatal: Error | undefined;
  const end = migration.run?.then(
    (result) => {
      exit = result;
      ended = true;
    },
    (error: unknown) => {
      // The connection went, not the migration: peer-to-peer it needs neither virsh nor us.
      if (error instanceof PlacementError && silentCodes.has(error.code)) ours = false;
      else {
        fatal = error as Error;
        ended = true;
      }
    },
  );

  const sleepOrEnd = (ms: number) => Promise.race([clock.sleep(ms), ...(ours && end ? [end] : [])]);

  for (;;) {
    const due = steer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
    const untilDue = due.dueMs === undefined ? pollMs : Math.max(1, startedAt + due.dueMs - clock.now());
    await sleepOrEnd(Math.min(pollMs, untilDue));
    if (ended) break;

    try {
      const virsh = await hosts.virsh(view.host);
      const job = await virsh.job(view.uuid);
      heardAt = clock.now();
      if (!isOutgoing(job)) {
        if (ours) continue;
        break;
      }
      lastJob = job;
      if (options.postCopy && !inPostCopy) inPostCopy = await hasSwitched(virsh, view.uuid);
      const row = progressLine(job!, inPostCopy, percent);
      percent = row.percent;
      if (clock.now() - shownAt >= rowMs) {
        shownAt = clock.now();
        progress.live(row.text);
      }
      const step = steer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
      if (step.action !== "wait") {
        const { action } = step;
        done.add(action);
        if (action === "inform") progress.warn(step.reason);
        else progress.info(step.reason);
        if (action === "abort") cancelled = step.reason;
        await act(virsh, view.uuid, action, options).catch((error: unknown) => {
          if (error instanceof PlacementError && !silentCodes.has(error.code))
            return progress.warn(`${action}: ${error.why}`);
          done.delete(action);
          throw error;
        });
      }
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      if (clock.now() - heardAt > silenceMs) {
        throw error.with({
          phase: "watch",
          domain: view.name,
          what: `lost sight of the migration of ${view.name} away from ${view.host}`,
          next: `the migration goes on between the hosts without us; run \`pulumi up\` again when ${view.host} can be reached, it finds the machine wherever it is`,
        });
      }
      await sleepOrEnd(pollMs * 2);
    }
  }
  if (fatal !== undefined) throw fatal;
  return { exit, inPostCopy, done, cancelled, lastJob };
}

async function hasSwitched(virsh: Virsh, uuid: string): Promise<boolean> {
  const view = await virsh.state(uuid);
  return view?.state === "paused" && view.reason.startsWith("post-copy");
}

async function act(virsh: Virsh, uuid: string, action: SteerAction, options: MigrationOptions): Promise<void> {
  switch (action) {
    case "postCopy":
      return virsh.startPostCopy(uuid);
    case "abort":
      return virsh.abortJob(uuid);
    case "suspend":
      return virsh.suspend(uuid);
    case "raiseMaxDowntime":
      return virsh.setMaxDowntimeMs(uuid, options.maxDowntimeMs!);
    case "inform":
      return;
  }
}
