import type { DomainView, JobInfo } from "../core/domain";
import { hasBegun, isHeld, isInPostCopy, isInterrupted, isOutgoing, isPostCopySource } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Clock, ExecResult, Progress } from "../core/ports";
import { progressRow } from "../core/progressRow";
import { advance, judgeStall, type Mark, stallRemedy } from "../core/stall";
import { dueTimer, type TimerAction } from "../core/timers";
import { sendsFreely, TransferRate } from "../core/predict/transferRate";
import { qemuHangs } from "../core/decide/inFlight";
import { showDuration } from "../core/units";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "../observe/hosts";
import { lostContact } from "./lostContact";
import { intervals, waits } from "../core/times";

const silentCodes = new Set<string>(["hostUnreachable", "connectionLost", "commandTimeout"]);

export interface Monitored {
  /** How virsh ended; undefined where there was no virsh of ours, or it was lost or still hangs. */
  exit: ExecResult | undefined;
  /** Why nothing is known of our virsh, where that is so. */
  lost: PlacementError | undefined;
  inPostCopy: boolean;
  done: ReadonlySet<TimerAction>;
  /** Why it was cancelled, where we did. */
  cancelled: string | undefined;
  /** It was cancelled because it never began: libvirt on the source could not reach the destination. */
  neverBegan: boolean;
  /** It was cancelled because nothing was sent any more. */
  stalled: boolean;
  /** The last statistics seen while it ran. */
  lastJob: JobInfo | undefined;
  /** How fast pre-copy sent memory, where that could be measured. */
  bytesPerSecond?: number | undefined;
}

/** A migration to be watched. */
export interface Watchable {
  view: DomainView;
  to: string;
  /** The virsh of this migration; undefined for one that this run did not start. */
  run: Promise<ExecResult> | undefined;
  options: MigrationOptions;
  startedAt: number;
  inPostCopy: boolean;
  /** Hears when it has switched to post-copy. */
  onPostCopy?: () => void;
}

/** Watches a migration from its source until it ends, shows how far it is, and does what is due. */
export async function monitor(
  hosts: Hosts,
  migration: Watchable,
  { clock, progress }: { clock: Clock; progress: Progress },
): Promise<Monitored> {
  const { view, to, options, startedAt } = migration;
  const { uuid } = view;
  const done = new Set<TimerAction>();
  let { inPostCopy } = migration;
  let cancelled: { why: string; at: number } | undefined;
  let neverBegan = false;
  let stalled = false;
  let toldStall = false;
  let mark: Mark | undefined;
  let ended: PlacementError | undefined;
  let lastJob: JobInfo | undefined;
  let lostAt: number | undefined;
  const rate = new TransferRate();
  /** Nothing but the network limits how fast it sends; undefined = not asked yet. */
  let isFree: boolean | undefined;
  let percent = 0;
  let shownAt = -intervals.row;
  let heardAt = clock.now();
  /** Since when libvirt waits for QEMU, which answers nothing while the VM stands still for the switch-over. */
  let held: { since: number; view: DomainView } | undefined;
  const busyMs = waits.silence + (options.maxDowntimeMs ?? 0);
  /** When it was last seen to have something to do, or began. */
  let activeAt = clock.now();

  const virshOfOurs = listenTo(migration.run);
  const watched = (): Monitored => ({
    exit: virshOfOurs.exit,
    lost: virshOfOurs.lost,
    inPostCopy,
    done,
    cancelled: cancelled?.why,
    neverBegan,
    stalled,
    lastJob,
    bytesPerSecond: isFree ? rate.bytesPerSecond : undefined,
  });

  const sleepOrEnd = (ms: number) =>
    virshOfOurs.open ? Promise.race([clock.sleep(ms), virshOfOurs.end]) : clock.sleep(ms);

  for (;;) {
    const due = dueTimer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
    const untilDue = due.dueMs === undefined ? intervals.poll : Math.max(1, startedAt + due.dueMs - clock.now());
    if (virshOfOurs.exit === undefined) await sleepOrEnd(Math.min(intervals.poll, untilDue));
    else if (virshOfOurs.exit.code !== 0) await clock.sleep(intervals.poll);
    // A success needs no other look from here. A failure does: virsh may have been killed, or have met a migration of somebody else.
    if (virshOfOurs.exit?.code === 0) return watched();
    if (held !== undefined && heardAt - held.since > busyMs) throw stuck(held.view, to, heardAt - held.since);

    try {
      const virsh = await hosts.virsh(view.host);
      const [job, state] = await Promise.all([
        virsh.job(uuid),
        options.postCopy || inPostCopy || !virshOfOurs.open ? virsh.state(uuid) : undefined,
      ]);
      heardAt = clock.now();
      if (!inPostCopy && isPostCopySource(state)) {
        inPostCopy = true;
        migration.onPostCopy?.();
      }
      if (isHeld(job)) {
        held = { since: held?.since ?? heardAt, view: { ...view, ...(state ?? (await virsh.state(uuid))) } };
        progress.live(`libvirt on ${view.host} waits for the VM's QEMU`);
        continue;
      }
      held = undefined;
      // libvirt keeps the job of an interrupted post-copy as if it ran.
      const goesOn = !isInterrupted(state) && (isOutgoing(job) || isInPostCopy(state));
      if (!goesOn) {
        if (virshOfOurs.lost?.code === "sessionRefused") return watched();
        if (virshOfOurs.lost !== undefined && lastJob === undefined) {
          lostAt ??= heardAt;
          if (heardAt - lostAt < waits.lateStart) continue;
        }
        if (!virshOfOurs.open || heardAt - activeAt > waits.reach) return watched();
        continue;
      }
      if (job !== undefined && isOutgoing(job)) {
        lastJob = job;
        if (!inPostCopy && isFree !== false) rate.add(job);
        isFree ??= sendsFreely(options, await virsh.maxSpeedMiBps(uuid));
      }
      const row = progressRow(job ?? { type: "none" }, inPostCopy, percent);
      percent = row.percent;
      mark = advance(mark, job, inPostCopy, heardAt);
      const stillMs = heardAt - mark.atMs;
      if (clock.now() - shownAt >= intervals.row) {
        shownAt = clock.now();
        const still = stillMs >= waits.stallTold ? ` · nothing sent for ${showDuration(stillMs)}` : "";
        progress.live(cancelled === undefined ? `${row.text}${still}` : "cancelling");
      }
      const begun = hasBegun(job) || inPostCopy;
      if (begun) activeAt = heardAt;
      if (cancelled !== undefined) {
        if (heardAt - cancelled.at > waits.cancel) return watched();
        continue;
      }
      if (heardAt - activeAt > waits.reach) {
        neverBegan = true;
        const why = `libvirt on ${view.host} has not reached ${to} within ${showDuration(waits.reach)}`;
        progress.info(`${why}: cancelling the migration`);
        cancelled = { why, at: heardAt };
        await virsh.abortJob(uuid);
        continue;
      }
      if (begun) {
        const switchAsked = done.has("postCopy");
        const { action, reason } = judgeStall({ stillMs, inPostCopy, switchAsked, told: toldStall });
        if (stillMs < waits.stallTold) toldStall = false;
        if (action === "end") {
          ended = stalledInPostCopy(migration, reason);
          throw ended;
        }
        if (action === "tell") {
          toldStall = true;
          progress.warn(`${reason}; ${stallRemedy(view.name, view.host, to, inPostCopy)}`);
        }
        if (action === "abort") {
          stalled = true;
          progress.info(`${reason}: cancelling the migration`);
          await virsh.abortJob(uuid);
          cancelled = { why: reason, at: heardAt };
          continue;
        }
      }
      const step = dueTimer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
      if (step.action === "wait") continue;
      // Until memory flows QEMU has not been told that there may be a switch, and refuses it.
      if (step.action === "postCopy" && !job?.memoryTotalBytes) continue;
      done.add(step.action);
      if (step.action === "inform") progress.warn(step.reason);
      else progress.info(step.reason);
      try {
        await act(virsh, uuid, step.action, options);
        if (step.action === "abort") cancelled = { why: step.reason, at: clock.now() };
      } catch (error) {
        if (!(error instanceof PlacementError) || silentCodes.has(error.code)) {
          // Nothing is known of what it did; all of them may be done twice.
          done.delete(step.action);
          throw error;
        }
        if (isPostCopySource(await virsh.state(uuid))) inPostCopy = true;
        if (inPostCopy) migration.onPostCopy?.();
        progress.warn(
          inPostCopy ? `it is in post-copy, where it can only be waited for` : failedAct(step.action, error),
        );
      }
    } catch (error) {
      if (!(error instanceof PlacementError) || error === ended) throw error;
      if (clock.now() - heardAt > waits.silence) throw await lostContact(hosts, error, migration, inPostCopy);
      await sleepOrEnd(intervals.poll * 2);
    }
  }
}

/** How a virsh of ours ended. `open` while it has not, and its connection is there. */
function listenTo(run: Promise<ExecResult> | undefined) {
  const heard: {
    exit: ExecResult | undefined;
    lost: PlacementError | undefined;
    open: boolean;
    end: Promise<void>;
  } = {
    exit: undefined,
    lost: undefined,
    open: run !== undefined,
    end: Promise.resolve(),
  };
  if (run === undefined) return heard;
  heard.end = run.then(
    (result) => {
      heard.exit = result;
      heard.open = false;
    },
    (error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      // The connection went, or never took the command. Peer-to-peer a migration needs neither virsh nor us: the hosts tell.
      heard.lost = error;
      heard.open = false;
    },
  );
  return heard;
}

function failedAct(action: TimerAction, { why }: PlacementError): string {
  const words = {
    postCopy: "it could not be switched to post-copy",
    abort: "it could not be cancelled",
    suspend: "the VM could not be paused",
    raiseMaxDowntime: "the maximum downtime could not be raised",
    inform: "",
  };
  return `${words[action]}: ${why}`;
}

function stalledInPostCopy({ view, to }: Watchable, reason: string): PlacementError {
  return new PlacementError({
    code: "migrationRunning",
    phase: "watch",
    domain: view.name,
    host: view.host,
    what: `cannot see the migration of ${view.name} from ${view.host} to ${to} to its end`,
    why: `${reason}; it runs on ${to}, and a part of its memory is still on ${view.host}`,
    next:
      `destroy and resume nothing on either host: check the link between ${view.host} and ${to}, and run \`pulumi up\` again, which watches it further ` +
      "and says then what has become of it",
    seen: { ...view, host: to, state: "running", reason: "post-copy" },
  });
}

function stuck(view: DomainView, to: string, ms: number): PlacementError {
  const { code, reason, next } = qemuHangs(view);
  return new PlacementError({
    code,
    phase: "watch",
    domain: view.name,
    host: view.host,
    what: `cannot see the migration of ${view.name} from ${view.host} to ${to} to its end`,
    why: `${reason} for ${showDuration(ms)}`,
    next,
  });
}

async function act(virsh: Virsh, uuid: string, action: TimerAction, options: MigrationOptions): Promise<void> {
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
