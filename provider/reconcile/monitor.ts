import type { DomainView, JobInfo } from "../core/domain";
import { isHeld, isOutgoing, isPostCopySource, runsInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Clock, ExecResult, Progress } from "../core/ports";
import { progressRow } from "../core/progressRow";
import { goesOn, judgePoll, type Memory, type PollVerdict, type Sample } from "../core/monitor";
import { stallRemedy } from "../core/stall";
import { dueTimer, type TimerAction } from "../core/timers";
import { sendsFreely, TransferRate } from "../core/predict/transferRate";
import { qemuHangs } from "../core/decide/preCopy";
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
export function monitor(
  hosts: Hosts,
  migration: Watchable,
  ports: { clock: Clock; progress: Progress },
): Promise<Monitored> {
  return new Watch(hosts, migration, ports).toItsEnd();
}

/** Reads, asks `judgePoll`, and acts. */
class Watch {
  private readonly done = new Set<TimerAction>();
  private memory: Memory;
  /** As it was last seen while libvirt did not tell of its job. */
  private heldView: DomainView | undefined;
  private heardAt: number;
  private cancelled: string | undefined;
  private neverBegan = false;
  private stalled = false;
  private ended: PlacementError | undefined;
  private lastJob: JobInfo | undefined;
  private readonly rate = new TransferRate();
  /** Nothing but the network limits how fast it sends; undefined = not asked yet. */
  private isFree: boolean | undefined;
  private percent = 0;
  private shownAt = -intervals.row;
  private readonly virshOfOurs: ReturnType<typeof listenTo>;
  private readonly clock: Clock;
  private readonly progress: Progress;

  constructor(
    private readonly hosts: Hosts,
    private readonly migration: Watchable,
    { clock, progress }: { clock: Clock; progress: Progress },
  ) {
    this.clock = clock;
    this.progress = progress;
    this.heardAt = clock.now();
    const { inPostCopy } = migration;
    this.memory = { inPostCopy, done: this.done, jobSeen: false, activeAt: this.heardAt, toldStall: false };
    this.virshOfOurs = listenTo(migration.run);
  }

  async toItsEnd(): Promise<Monitored> {
    for (;;) {
      await this.untilNextPoll();
      // A success needs no other look from here. A failure does: virsh may have been killed, or have met a migration of somebody else.
      if (this.virshOfOurs.exit?.code === 0) return this.monitored();
      this.endWhereQemuHangs();
      try {
        if ((await this.poll()) === "ended") return this.monitored();
      } catch (error) {
        if (!(error instanceof PlacementError) || error === this.ended) throw error;
        if (this.clock.now() - this.heardAt > waits.silence) {
          throw await lostContact(this.hosts, error, this.migration, this.memory.inPostCopy);
        }
        await this.sleepOrEnd(intervals.poll * 2);
      }
    }
  }

  private monitored(): Monitored {
    const { virshOfOurs, memory, done, cancelled, neverBegan, stalled, lastJob } = this;
    return {
      exit: virshOfOurs.exit,
      lost: virshOfOurs.lost,
      inPostCopy: memory.inPostCopy,
      done,
      cancelled,
      neverBegan,
      stalled,
      lastJob,
      bytesPerSecond: this.isFree ? this.rate.bytesPerSecond : undefined,
    };
  }

  private async untilNextPoll(): Promise<void> {
    const { clock, done, virshOfOurs } = this;
    const { options, startedAt } = this.migration;
    const { inPostCopy } = this.memory;
    const due = dueTimer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
    const untilDue = due.dueMs === undefined ? intervals.poll : Math.max(1, startedAt + due.dueMs - clock.now());
    if (virshOfOurs.exit === undefined) await this.sleepOrEnd(Math.min(intervals.poll, untilDue));
    else if (virshOfOurs.exit.code !== 0) await clock.sleep(intervals.poll);
  }

  private async sleepOrEnd(ms: number): Promise<void> {
    if (this.virshOfOurs.open) await Promise.race([this.clock.sleep(ms), this.virshOfOurs.end]);
    else await this.clock.sleep(ms);
  }

  private endWhereQemuHangs(): void {
    const { heldSince } = this.memory;
    if (heldSince === undefined) return;
    const heldMs = this.heardAt - heldSince;
    const { to, options } = this.migration;
    if (heldMs > waits.silence + (options.maxDowntimeMs ?? 0)) throw stuck(this.heldView!, to, heldMs);
  }

  private async poll(): Promise<"ended" | undefined> {
    const { view, to: destination, options, startedAt } = this.migration;
    const virsh = await this.hosts.on(view.host);
    const { job, state } = await this.read(virsh);
    if (goesOn(job, state)) await this.measure(virsh, job);
    const sample: Sample = {
      atMs: this.heardAt,
      elapsedMs: this.clock.now() - startedAt,
      job,
      state,
      virsh: howItIs(this.virshOfOurs),
    };
    const verdict = judgePoll({ source: view.host, destination, options }, sample, this.memory);
    this.memory = verdict.memory;
    if (verdict.stillMs !== undefined) this.show(job, verdict.stillMs);
    if (verdict.tell !== undefined) {
      this.progress.warn(`${verdict.tell}; ${stallRemedy(view.name, view.host, destination, this.memory.inPostCopy)}`);
    }
    return this.carryOut(virsh, verdict);
  }

  private async read(virsh: Virsh): Promise<Pick<Sample, "job" | "state">> {
    const { view, options } = this.migration;
    const [job, state] = await Promise.all([
      virsh.job(view.uuid),
      options.postCopy || this.memory.inPostCopy || !this.virshOfOurs.open ? virsh.state(view.uuid) : undefined,
    ]);
    this.heardAt = this.clock.now();
    if (!this.memory.inPostCopy && isPostCopySource(state)) this.switched();
    if (isHeld(job)) this.heldView = { ...view, ...(state ?? (await virsh.state(view.uuid))) };
    return { job, state };
  }

  private switched(): void {
    this.memory = { ...this.memory, inPostCopy: true };
    this.migration.onPostCopy?.();
  }

  private async measure(virsh: Virsh, job: JobInfo | undefined): Promise<void> {
    if (job === undefined || !isOutgoing(job)) return;
    this.lastJob = job;
    this.memory = { ...this.memory, jobSeen: true };
    if (!this.memory.inPostCopy && this.isFree !== false) this.rate.add(job);
    const { options, view } = this.migration;
    this.isFree ??= sendsFreely(options, await virsh.maxSpeedMiBps(view.uuid));
  }

  private show(job: JobInfo | undefined, stillMs: number): void {
    const row = progressRow(job ?? { type: "none" }, this.memory.inPostCopy, this.percent);
    this.percent = row.percent;
    if (this.clock.now() - this.shownAt < intervals.row) return;
    this.shownAt = this.clock.now();
    const still = stillMs >= waits.stallTold ? ` · nothing sent for ${showDuration(stillMs)}` : "";
    this.progress.live(this.cancelled === undefined ? `${row.text}${still}` : "cancelling");
  }

  private async carryOut(virsh: Virsh, { action, reason }: PollVerdict): Promise<"ended" | undefined> {
    switch (action) {
      case "ended":
        return "ended";
      case "wait":
        return undefined;
      case "held":
        this.progress.live(`libvirt on ${this.migration.view.host} waits for the VM's QEMU`);
        return undefined;
      case "cancelUnreached":
        this.neverBegan = true;
        this.progress.info(`${reason}: cancelling the migration`);
        // Whether or not libvirt hears of it: it may wait for the destination for ever.
        this.wasCancelled(reason, this.heardAt);
        await virsh.abortJob(this.migration.view.uuid);
        return undefined;
      case "cancelStalled":
        this.stalled = true;
        this.progress.info(`${reason}: cancelling the migration`);
        await virsh.abortJob(this.migration.view.uuid);
        this.wasCancelled(reason, this.heardAt);
        return undefined;
      case "endWatch":
        this.ended = stalledInPostCopy(this.migration, reason);
        throw this.ended;
      default:
        await this.onTimer(virsh, action, reason);
    }
  }

  private wasCancelled(why: string, at: number): void {
    this.cancelled = why;
    this.memory = { ...this.memory, cancelledAt: at };
  }

  private async onTimer(virsh: Virsh, action: TimerAction, reason: string): Promise<void> {
    const { migration, progress } = this;
    const { uuid } = migration.view;
    this.done.add(action);
    if (action === "inform") progress.warn(reason);
    else progress.info(reason);
    try {
      await act(virsh, uuid, action, migration.options);
      if (action === "abort") this.wasCancelled(reason, this.clock.now());
    } catch (error) {
      if (!(error instanceof PlacementError) || silentCodes.has(error.code)) {
        // Nothing is known of what it did; all of them may be done twice.
        this.done.delete(action);
        throw error;
      }
      if (this.memory.inPostCopy || isPostCopySource(await virsh.state(uuid))) this.switched();
      const { inPostCopy } = this.memory;
      progress.warn(inPostCopy ? `it is in post-copy, where it can only be waited for` : failedAct(action, error));
    }
  }
}

function howItIs({ open, lost }: ReturnType<typeof listenTo>): Sample["virsh"] {
  if (open) return "open";
  if (lost === undefined) return "closed";
  return lost.code === "sessionRefused" ? "refused" : "lost";
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

function failedAct(action: TimerAction, { problem }: PlacementError): string {
  const words = {
    postCopy: "it could not be switched to post-copy",
    abort: "it could not be cancelled",
    suspend: "the VM could not be paused",
    raiseMaxDowntime: "the maximum downtime could not be raised",
    inform: "",
  };
  return `${words[action]}: ${problem.message}`;
}

function stalledInPostCopy({ view, to }: Watchable, reason: string): PlacementError {
  return new PlacementError({
    code: "migrationRunning",
    phase: "watch",
    domain: view.name,
    host: view.host,
    action: `cannot see the migration of ${view.name} from ${view.host} to ${to} to its end`,
    message: `${reason}; it runs on ${to}, and a part of its memory is still on ${view.host}`,
    remedies: [
      {
        do:
          `destroy and resume nothing on either host: check the link between ${view.host} and ${to}, and run \`pulumi up\` again, which watches it further ` +
          "and says then what has become of it",
      },
    ],
    seen: { ...view, host: to, ...runsInPostCopy },
  });
}

function stuck(view: DomainView, to: string, ms: number): PlacementError {
  const { problem } = qemuHangs(view);
  return new PlacementError({
    ...problem,
    phase: "watch",
    domain: view.name,
    action: `cannot see the migration of ${view.name} from ${view.host} to ${to} to its end`,
    message: `${problem.message} for ${showDuration(ms)}`,
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
