import { endsWithin } from "../observe/clock";
import type { DomainView, JobInfo } from "../core/domain";
import { isHeld, isOutgoing, isPostCopySource } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { Clock, Ports, Progress } from "../core/ports";
import { progressRow } from "../core/progressRow";
import { goesOn, judgePoll, type Memory, type PollVerdict, type Sample } from "../core/monitor";
import { stallRemedy } from "../core/stall";
import { longestDowntimeMs, type StepKey } from "../core/convergence/steps";
import { type Due, dueTimer } from "../core/timers";
import { sendsFreely, TransferRate } from "../core/predict/transferRate";
import { showDuration } from "../core/units";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "../observe/hosts";
import type { Monitored, Watchable } from "./monitored";
import { diskProgress } from "./diskProgress";
import { lostContact } from "./lostContact";
import { qemuDoesNotAnswer, stalledInPostCopy } from "./noEndSeen";
import { OurVirsh } from "./ourVirsh";
import { runTimerAction, timerActionFailed, wasDoneBefore } from "./timerAction";
import { intervals, waits } from "../core/times";

const silentCodes = new Set<string>(["hostUnreachable", "connectionLost", "commandTimeout"]);

/** Watches a migration from its source until it ends, shows how far it is, and does what is due. */
export function monitor(hosts: Hosts, watchable: Watchable, ports: Ports): Promise<Monitored> {
  return new Watch(hosts, watchable, ports).toItsEnd();
}

/** Reads, asks `judgePoll`, and acts. */
class Watch {
  private readonly done = new Set<StepKey>();
  private memory: Memory;
  /** As it was last observed while libvirt gave no answer on its job. */
  private heldView: DomainView | undefined;
  private answeredAt: number;
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
  private readonly migration: Migration;
  private readonly startedAt: number;
  private readonly onPostCopy: () => void;
  private readonly ourVirsh: OurVirsh;
  private readonly clock: Clock;
  private readonly progress: Progress;
  private readonly sampled: Ports["sampled"];

  constructor(
    private readonly hosts: Hosts,
    { migration, run, startedAt, onPostCopy = () => {} }: Watchable,
    { clock, progress, sampled }: Ports,
  ) {
    this.migration = migration;
    this.startedAt = startedAt;
    this.onPostCopy = onPostCopy;
    this.ourVirsh = new OurVirsh(run);
    this.clock = clock;
    this.progress = progress;
    this.sampled = sampled;
    this.answeredAt = clock.now();
    const { inPostCopy = false } = migration;
    this.memory = { inPostCopy, done: this.done, jobSeen: false, activeAt: this.answeredAt, stallReported: false };
  }

  async toItsEnd(): Promise<Monitored> {
    for (;;) {
      await this.untilNextPoll();
      // After a success the source need not be asked again. After a failure it must: virsh may have been killed, or met another migration.
      if (this.ourVirsh.exit?.code === 0) return this.monitored();
      this.endWhereQemuHangs();
      try {
        if ((await this.poll()) === "ended") return this.monitored();
      } catch (error) {
        if (!(error instanceof PlacementError) || error === this.ended) throw error;
        if (this.clock.now() - this.answeredAt > waits.silence) {
          throw await lostContact(this.hosts, error, this.migration, this.memory.inPostCopy);
        }
        await this.sleepOrEnd(intervals.poll * 2);
      }
    }
  }

  private monitored(): Monitored {
    const { ourVirsh, memory, done, cancelled, neverBegan, stalled, lastJob } = this;
    return {
      exit: ourVirsh.exit,
      lost: ourVirsh.lost,
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
    const { clock, done, ourVirsh, startedAt } = this;
    const { options } = this.migration;
    const { inPostCopy } = this.memory;
    const due = dueTimer(options, { elapsedMs: clock.now() - startedAt, inPostCopy, done });
    const untilDue = due.dueMs === undefined ? intervals.poll : Math.max(1, startedAt + due.dueMs - clock.now());
    if (ourVirsh.exit === undefined) await this.sleepOrEnd(Math.min(intervals.poll, untilDue));
    else if (ourVirsh.exit.code !== 0) await clock.sleep(intervals.poll);
  }

  private async sleepOrEnd(ms: number): Promise<void> {
    if (this.ourVirsh.isOpen) await endsWithin(this.clock, ms, this.ourVirsh.end);
    else await this.clock.sleep(ms);
  }

  private endWhereQemuHangs(): void {
    const { heldSince } = this.memory;
    if (heldSince === undefined) return;
    const heldMs = this.answeredAt - heldSince;
    const pauseMs = longestDowntimeMs(this.migration.options) ?? 0;
    if (heldMs > waits.silence + pauseMs) throw qemuDoesNotAnswer(this.migration, this.heldView!, heldMs);
  }

  private async poll(): Promise<"ended" | undefined> {
    const { domain, source, destination, options } = this.migration;
    const virsh = await this.hosts.on(source);
    const { job, state } = await this.read(virsh);
    if (goesOn(job, state)) await this.measure(virsh, job);
    const sample: Sample = {
      atMs: this.answeredAt,
      elapsedMs: this.clock.now() - this.startedAt,
      job,
      state,
      virsh: this.ourVirsh.how,
    };
    const verdict = judgePoll({ source, destination, options }, sample, this.memory);
    this.memory = verdict.memory;
    if (verdict.stillMs !== undefined) await this.show(virsh, job, verdict.stillMs);
    if (verdict.stallToReport !== undefined) {
      this.progress.warn(
        `${verdict.stallToReport}; ${stallRemedy(domain.name, source, destination, this.memory.inPostCopy)}`,
      );
    }
    return this.carryOut(virsh, verdict);
  }

  private async read(virsh: Virsh): Promise<Pick<Sample, "job" | "state">> {
    const { domain, options } = this.migration;
    const { uuid } = domain;
    const [job, state] = await Promise.all([
      virsh.job(uuid),
      options.postCopy || this.memory.inPostCopy || !this.ourVirsh.isOpen ? virsh.state(uuid) : undefined,
    ]);
    this.answeredAt = this.clock.now();
    if (!this.memory.inPostCopy && isPostCopySource(state)) this.switched();
    if (isHeld(job)) this.heldView = { ...domain, ...(state ?? (await virsh.state(uuid))) };
    return { job, state };
  }

  private switched(): void {
    this.memory = { ...this.memory, inPostCopy: true };
    this.onPostCopy();
  }

  private async measure(virsh: Virsh, job: JobInfo | undefined): Promise<void> {
    if (job === undefined || !isOutgoing(job)) return;
    this.lastJob = job;
    this.sampled?.(job, this.memory.inPostCopy);
    this.memory = { ...this.memory, jobSeen: true };
    if (!this.memory.inPostCopy && this.isFree !== false) this.rate.add(job);
    const { options, domain } = this.migration;
    this.isFree ??= sendsFreely(options, await virsh.maxSpeedMiBps(domain.uuid));
  }

  private async show(virsh: Virsh, job: JobInfo | undefined, stillMs: number): Promise<void> {
    const row = progressRow(job ?? { type: "none" }, this.memory.inPostCopy, this.percent);
    this.percent = row.percent;
    if (this.clock.now() - this.shownAt < intervals.row) return;
    this.shownAt = this.clock.now();
    const still = stillMs >= waits.stallReported ? ` · nothing sent for ${showDuration(stillMs)}` : "";
    const disks = await diskProgress(virsh, this.migration);
    this.progress.live(this.cancelled === undefined ? `${row.text}${disks}${still}` : "cancelling");
  }

  private async carryOut(virsh: Virsh, { action, reason, step }: PollVerdict): Promise<"ended" | undefined> {
    switch (action) {
      case "ended":
        return "ended";
      case "wait":
        return undefined;
      case "held":
        this.progress.live(`libvirt on ${this.migration.source} waits for the VM's QEMU`);
        return undefined;
      case "cancelUnreached":
        this.neverBegan = true;
        this.progress.info(`${reason}: cancelling the migration`);
        // Whether or not libvirt answers: it may wait for the destination for ever.
        this.wasCancelled(reason, this.answeredAt);
        await virsh.abortJob(this.migration.domain.uuid);
        return undefined;
      case "cancelStalled":
        this.stalled = true;
        this.progress.info(`${reason}: cancelling the migration`);
        await virsh.abortJob(this.migration.domain.uuid);
        this.wasCancelled(reason, this.answeredAt);
        return undefined;
      case "endWatch":
        this.ended = stalledInPostCopy(this.migration, reason);
        throw this.ended;
      default:
        await this.onTimer(virsh, step!, reason);
    }
  }

  private wasCancelled(why: string, at: number): void {
    this.cancelled = why;
    this.memory = { ...this.memory, cancelledAt: at };
  }

  private async onTimer(virsh: Virsh, { key, action }: Due, reason: string): Promise<void> {
    const { migration, progress } = this;
    const { uuid } = migration.domain;
    this.done.add(key);
    if (migration.command === undefined && (await wasDoneBefore(virsh, uuid, action))) return;
    if (action.kind === "inform") progress.warn(reason);
    else progress.info(reason);
    try {
      await runTimerAction(virsh, uuid, action);
      if (action.kind === "abort") this.wasCancelled(reason, this.clock.now());
    } catch (error) {
      if (!(error instanceof PlacementError) || silentCodes.has(error.code)) {
        // Nothing is known of what it did; all of them may be done twice.
        this.done.delete(key);
        throw error;
      }
      if (this.memory.inPostCopy || isPostCopySource(await virsh.state(uuid))) this.switched();
      const { inPostCopy } = this.memory;
      progress.warn(
        inPostCopy ? "the migration is in post-copy: it can only be waited for" : timerActionFailed(action, error),
      );
    }
  }
}
