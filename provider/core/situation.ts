/** What libvirt's words about a domain mean. Its states and reasons ("post-copy failed", "migrated" …) are compared here and nowhere else. */
import type { DomainState, JobInfo } from "./domain";

/**
 * What a domain is on one host with regard to migrations.
 *
 * | phase | domstate --reason, and its job |
 * | --- | --- |
 * | `settled` | it runs or is paused, its memory is whole and at rest on this host |
 * | `sending` | source of a pre-copy: an outgoing job, whether the guest runs or somebody paused it |
 * | `receiving` | destination of a pre-copy: `paused (migrating)` without an outgoing job. It never ran here |
 * | `postCopySource`, `postCopyDestination` | `paused (post-copy)`, `running (post-copy)` |
 * | `interruptedSource`, `interruptedDestination` | `paused (post-copy failed)`, `running (post-copy failed)` |
 * | `unanswering` | another operation holds its job, as while its QEMU does not answer |
 * | `handedOver` | `shut off (migrated)`: the definition that a migration left on its source |
 * | `off` | shut off for any other reason |
 * | `crashed` | its QEMU is there, the guest has ended in it |
 * | `changing` | on its way to another state: "in shutdown", "dying", "pmsuspended" … |
 */
export type DomainPhase =
  | "settled"
  | "sending"
  | "receiving"
  | "postCopySource"
  | "postCopyDestination"
  | "interruptedSource"
  | "interruptedDestination"
  | "unanswering"
  | "handedOver"
  | "off"
  | "crashed"
  | "changing";

type Observation = DomainState & { job?: JobInfo };
/** Of a host that does not have the domain, or was not asked, nothing is true. */
type Maybe<T> = T | undefined;

export function phaseOf(view: Observation): DomainPhase {
  const { state, reason, job } = view;
  // The state outlives the job: libvirt keeps the job of an interrupted post-copy as if it ran, and loses that of a restarted daemon.
  if (reason === "post-copy failed") return state === "running" ? "interruptedDestination" : "interruptedSource";
  if (reason === "post-copy") return state === "running" ? "postCopyDestination" : "postCopySource";
  if (isHeld(job)) return "unanswering";
  if (isOutgoing(job)) return "sending";
  if (isPreparedToReceive(view)) return "receiving";
  if (!isActive(view)) return isHandedOver(view) ? "handedOver" : "off";
  if (isCrashed(view)) return "crashed";
  return holdsItsMemory(view) ? "settled" : "changing";
}

function isIn(view: Maybe<Observation>, ...phases: readonly DomainPhase[]): boolean {
  return view !== undefined && phases.includes(phaseOf(view));
}

// Its state alone

/** True while a QEMU process holds it, running or not: what libvirt lists without `--all`. */
export function isActive({ state }: Pick<DomainState, "state">): boolean {
  return state !== "shut off";
}

export function isRunning({ state }: Pick<DomainState, "state">): boolean {
  return state === "running";
}

export function isPaused({ state }: Pick<DomainState, "state">): boolean {
  return state === "paused";
}

/** True where the guest has ended and its QEMU is still there; a VM whose QEMU has ended is shut off. */
export function isCrashed({ state }: DomainState): boolean {
  return state === "crashed";
}

/** True where its memory is whole and at rest on this host: what a migration can begin with. */
export function holdsItsMemory({ state }: DomainState): boolean {
  return restStates.has(state);
}

const restStates: ReadonlySet<string> = new Set(["running", "paused", "idle", "blocked"]);

// Its job

/** True while a job moves memory from this host. */
export function isOutgoing(job: Maybe<JobInfo>): boolean {
  return isInProgress(job) && job.operation === "outgoing";
}

/** True while any job holds it that does not move it away: a snapshot, a backup, a dump, a save. libvirt does one at a time. */
export function isOtherJob(job: Maybe<JobInfo>): boolean {
  return isInProgress(job) && job.operation !== "outgoing";
}

/** True while libvirt does not tell of its job, since another operation holds it; so it is while its QEMU does not answer. */
export function isHeld(job: Maybe<JobInfo>): boolean {
  return job?.type === "held";
}

/** False before the destination answers: the job is there and has nothing to show. */
export function hasBegun(job: Maybe<JobInfo>): boolean {
  return (job?.memoryTotalBytes ?? 0) + (job?.diskTotalBytes ?? 0) > 0;
}

function isInProgress(job: Maybe<JobInfo>): job is JobInfo {
  return job?.type === "unbounded" || job?.type === "bounded";
}

// A migration before its switch

/** A receiving end, which never ran; libvirt uses the same words of a source that somebody suspended meanwhile: that has a job. */
export function isPausedForMigration(view: Maybe<DomainState>): boolean {
  return view !== undefined && isPaused(view) && view.reason === "migrating";
}

/** Prepared for the memory that comes in, whether or not libvirt tells of its job: the phase is another where that is held. */
export function isPreparedToReceive(view: Observation): boolean {
  return isPausedForMigration(view) || (!isRunning(view) && view.job?.operation === "incoming");
}

// A post-copy

/** True from the switch until the migration has ended, interrupted or not: a part of the memory is on either host. */
export function isInPostCopy(view: Maybe<DomainState>): boolean {
  return isPostCopySource(view) || isPostCopyDestination(view);
}

/** The VM on the source of a post-copy: it stays paused for good, as the VM runs on the destination from the switch-over on. */
export function isPostCopySource(view: Maybe<DomainState>): boolean {
  return isIn(view, "postCopySource", "interruptedSource");
}

/** The VM on the destination of a post-copy: it runs, and waits for pages that have not arrived yet. */
export function isPostCopyDestination(view: Maybe<DomainState>): boolean {
  return isIn(view, "postCopyDestination", "interruptedDestination");
}

/** True where libvirt on this host reports a failed post-copy; libvirt on the other host may not have noticed yet. */
export function isInterrupted(view: Maybe<DomainState>): boolean {
  return isIn(view, "interruptedSource", "interruptedDestination");
}

/** True while libvirt on the destination does not report a failed post-copy: QEMU may finish by itself, whatever the source reports. */
export function isStillInPostCopy(view: Maybe<DomainState>): boolean {
  return isIn(view, "postCopyDestination");
}

// Either

/** True while a migration to or from this host shows no end: it goes on, or libvirt there does not tell. */
export function isInMigration(view: Maybe<Observation>): boolean {
  if (view === undefined || isInterrupted(view)) return false;
  return isInPostCopy(view) || isPausedForMigration(view) || isOutgoing(view.job) || isHeld(view.job);
}

/** True of a view that says: there is, or was, another end of a migration. */
export function isOneEnd(view: Observation): boolean {
  return isInPostCopy(view) || isIn(view, "sending", "receiving", "handedOver");
}

// Its end

/** `running (migrated)`: all of its memory is here. libvirt says so from the end of the migration on, and of a post-copy not before. */
export function hasArrived(view: Maybe<DomainState>): boolean {
  return view !== undefined && isRunning(view) && view.reason === "migrated";
}

/** The definition that a migration left on its source. */
export function isHandedOver(view: DomainState): boolean {
  return !isActive(view) && view.reason === "migrated";
}

/** The guest ended by itself, or somebody shut it down from within. */
export function wasShutDown(view: DomainState): boolean {
  return !isActive(view) && view.reason === "shutdown";
}

/** Its QEMU ended without being asked to. */
export function endedByCrash(view: DomainState): boolean {
  return !isActive(view) && view.reason === "crashed";
}

/** Its QEMU ended, and nobody shut the guest down; a definition that was shut off before says something else. */
export function endedByForce(view: DomainState): boolean {
  return !isActive(view) && violentEnds.has(view.reason);
}

const violentEnds: ReadonlySet<string> = new Set(["crashed", "failed", "destroyed", "daemon"]);

/** What the destination says between the switch and the end. */
export const runsInPostCopy: DomainState = { state: "running", reason: "post-copy" };
