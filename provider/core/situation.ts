/** What libvirt's words about a domain mean. Its reasons ("post-copy failed", "migrated" …) are compared here and nowhere else. */
import { type DomainState, isOutgoing, type JobInfo } from "./domain";

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

export function phaseOf({ state, reason, job }: Observation): DomainPhase {
  // The state outlives the job: libvirt keeps the job of an interrupted post-copy as if it ran, and loses that of a restarted daemon.
  if (reason === "post-copy failed") return state === "running" ? "interruptedDestination" : "interruptedSource";
  if (reason === "post-copy") return state === "running" ? "postCopyDestination" : "postCopySource";
  if (job?.type === "held") return "unanswering";
  if (isOutgoing(job)) return "sending";
  if (state === "paused" && reason === "migrating") return "receiving";
  if (state !== "running" && job?.operation === "incoming") return "receiving";
  if (state === "shut off") return reason === "migrated" ? "handedOver" : "off";
  if (state === "crashed") return "crashed";
  return restStates.has(state) ? "settled" : "changing";
}

const restStates: ReadonlySet<string> = new Set(["running", "paused", "idle", "blocked"]);

/** True from the switch until the migration has ended, interrupted or not: a part of the memory is on either host. */
export function isInPostCopy(view: Observation): boolean {
  return postCopyPhases.has(phaseOf(view));
}

const postCopyPhases: ReadonlySet<DomainPhase> = new Set([
  "postCopySource",
  "postCopyDestination",
  "interruptedSource",
  "interruptedDestination",
]);

/** True of a view that says: there is, or was, another end of a migration. */
export function isOneEnd(view: Observation): boolean {
  const phase = phaseOf(view);
  return isInPostCopy(view) || phase === "sending" || phase === "receiving" || phase === "handedOver";
}
