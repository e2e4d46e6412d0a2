/** What one poll of a migration leads to. Plain values in, action and reason out; no clock, no host. */
import type { DomainState, JobInfo } from "./domain";
import type { MigrationOptions } from "./options";
import { hasBegun, isHeld, isInPostCopy, isInterrupted, isOutgoing } from "./situation";
import { advanceStanding, type Standing } from "./convergence/standing";
import { hasDone, type StepKey, type TimerAction } from "./convergence/steps";
import { advance, judgeStall, type Mark } from "./stall";
import { type Due, dueTimer } from "./timers";
import { waits } from "./times";
import { showDuration } from "./units";

export interface Monitorable {
  source: string;
  destination: string;
  options: MigrationOptions;
}

/** What one poll of the source has shown. */
export interface Sample {
  atMs: number;
  /** Since the migration was started. */
  elapsedMs: number;
  job: JobInfo | undefined;
  /** Undefined where it was not asked for, or is not there. */
  state: DomainState | undefined;
  /** The virsh of this migration: "closed" where it has ended or is not ours, "refused" where the host never took its command. */
  virsh: "open" | "closed" | "lost" | "refused";
}

/** What is known from the polls before. */
export interface Memory {
  inPostCopy: boolean;
  done: ReadonlySet<StepKey>;
  /** A job that moves the VM was seen. */
  jobSeen: boolean;
  cancelledAt?: number | undefined;
  /** When it was last seen to have something to do, or began. */
  activeAt: number;
  mark?: Mark | undefined;
  /** How pre-copy goes. */
  standing?: Standing | undefined;
  /** Since when libvirt waits for QEMU, which answers nothing while the VM stands still for the switch-over. */
  heldSince?: number | undefined;
  /** When no migration was first seen after virsh was lost. */
  lostAt?: number | undefined;
  stallReported: boolean;
}

export type PollAction =
  | "wait"
  /** libvirt gives no answer about the job. */
  | "held"
  /** There is nothing more to see on the source: the hosts show how the migration ended. */
  | "ended"
  /** Cancel it: libvirt on the source does not reach the destination. */
  | "cancelUnreached"
  /** Cancel it: nothing is sent any more. */
  | "cancelStalled"
  /** Only the watch can end: nothing is sent any more, and in post-copy nothing can be cancelled. */
  | "endWatch"
  | TimerAction;

export interface PollVerdict {
  action: PollAction;
  reason: string;
  /** What is due, where the action is one of a step. */
  step?: Due;
  /** Since it last moved; undefined where no migration is seen. */
  stillMs?: number;
  /** Why a stall is to be reported, before the action. */
  stallToReport?: string;
  memory: Memory;
}

/**
 * @example
 * no job, no post-copy, virsh closed → ended; virsh open → wait
 */
export function judgePoll(migration: Monitorable, sample: Sample, memory: Memory): PollVerdict {
  const { job, state, atMs } = sample;
  if (isHeld(job)) {
    return { action: "held", reason: "", memory: { ...memory, heldSince: memory.heldSince ?? atMs } };
  }
  const answered = { ...memory, heldSince: undefined };
  return goesOn(job, state) ? judgeCourse(migration, sample, answered) : judgeEnd(sample, answered);
}

/** True while the source shows the migration. libvirt keeps the job of an interrupted post-copy as if it ran. */
export function goesOn(job: JobInfo | undefined, state: DomainState | undefined): boolean {
  return !isInterrupted(state) && (isOutgoing(job) || isInPostCopy(state));
}

/** No migration is seen: it has not begun, or has ended. */
function judgeEnd({ virsh, atMs }: Sample, memory: Memory): PollVerdict {
  if (virsh === "refused") return { action: "ended", reason: "virsh was never started", memory };
  let { lostAt } = memory;
  if (virsh === "lost" && !memory.jobSeen) {
    lostAt ??= atMs;
    // Its command may be on its way still.
    if (atMs - lostAt < waits.lateStart) {
      return { action: "wait", reason: "it may begin late", memory: { ...memory, lostAt } };
    }
  }
  const over = virsh !== "open" || atMs - memory.activeAt > waits.reach;
  return { action: over ? "ended" : "wait", reason: "no migration is seen", memory: { ...memory, lostAt } };
}

function judgeCourse({ source, destination, options }: Monitorable, sample: Sample, before: Memory): PollVerdict {
  const { job, atMs, elapsedMs } = sample;
  const { inPostCopy, done, cancelledAt } = before;
  const mark = advance(before.mark, job, inPostCopy, atMs);
  const stillMs = atMs - mark.atMs;
  const begun = hasBegun(job) || inPostCopy;
  const standing = inPostCopy ? before.standing : advanceStanding(before.standing, job, atMs);
  const memory = { ...before, mark, standing, activeAt: begun ? atMs : before.activeAt };
  if (cancelledAt !== undefined) {
    const action = atMs - cancelledAt > waits.cancel ? "ended" : "wait";
    return { action, reason: "it was cancelled", stillMs, memory };
  }
  if (atMs - memory.activeAt > waits.reach) {
    const reason = `libvirt on ${source} has not reached ${destination} within ${showDuration(waits.reach)}`;
    return { action: "cancelUnreached", reason, stillMs, memory };
  }
  let stallToReport: string | undefined;
  if (begun) {
    const stall = judgeStall({
      stillMs,
      inPostCopy,
      switchAsked: hasDone(done, "postCopy"),
      reported: before.stallReported,
    });
    const { action, reason } = stall;
    if (action === "end") return { action: "endWatch", reason, stillMs, memory };
    if (action === "abort") return { action: "cancelStalled", reason, stillMs, memory };
    if (action === "report") stallToReport = reason;
    memory.stallReported = action === "report" || (before.stallReported && stillMs >= waits.stallReported);
  }
  const timer = dueTimer(options, {
    elapsedMs,
    inPostCopy,
    done,
    standing,
    stalledMs: standing && atMs - standing.atMs,
  });
  // Until memory flows QEMU does not know yet that a switch may come, and refuses one.
  const tooEarly = timer.action === "postCopy" && !job?.memoryTotalBytes;
  const { action, reason, step } = tooEarly
    ? ({ action: "wait", reason: "no memory flows yet", step: undefined } as const)
    : timer;
  return {
    action,
    reason,
    ...(step && { step }),
    stillMs,
    ...(stallToReport !== undefined && { stallToReport }),
    memory,
  };
}
