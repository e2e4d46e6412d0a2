/** What to do to a running migration, by the provider's own timers. virsh's `--timeout` lives in the virsh client and dies with it. */
import { showStanding, type Standing } from "./convergence/standing";
import type { StepAction } from "./convergence/step";
import { type Step, type StepKey, stepsOf, type TimerAction } from "./convergence/steps";
import type { MigrationOptions } from "./options";
import { showBytes, showDuration } from "./units";

export interface Course {
  /** Milliseconds since the migration was started. */
  elapsedMs: number;
  /** QEMU has switched: the VM runs on the destination, and nothing can call it back. */
  inPostCopy: boolean;
  /** What was done already; each step is done once. */
  done: ReadonlySet<StepKey>;
  /** How pre-copy goes; undefined while no memory flows. */
  standing?: Standing | undefined;
  /** Milliseconds since it came closer to its end. */
  stalledMs?: number | undefined;
}

export interface DueTimer {
  action: TimerAction | "wait";
  reason: string;
  /** Milliseconds since the start at which something is due next by the clock; undefined: never. */
  dueMs: number | undefined;
  /** What is due: to be done, and to be noted as done. */
  step?: Due;
}

export interface Due {
  key: StepKey;
  action: StepAction | { kind: "inform" };
}

/**
 * @example
 * { postCopy: true, postCopyAfterMs: 20000 } at 19 s: wait, due at 20000; at 20 s: postCopy
 */
export function dueTimer(options: MigrationOptions, course: Course): DueTimer {
  const steps = course.inPostCopy ? [] : stepsOf(options).filter((step) => !raisesNothing(step, options, course));
  const all = course.inPostCopy ? informed(options) : steps.map((step) => ({ ...step, ...dueOf(step, course) }));
  // Of several the one that was due first; one that is due by what the migration does has just become so.
  const open = all.filter(({ key }) => !course.done.has(key)).sort((a, b) => a.atMs - b.atMs);
  const [first, second] = open;
  if (first && first.atMs <= course.elapsedMs) {
    const { key, action, reason } = first;
    return { action: action.kind, reason, dueMs: finite(second?.atMs), step: { key, action } };
  }
  return { action: "wait", reason: "nothing is due", dueMs: finite(first?.atMs) };
}

interface Timed extends Due {
  /** Infinity: the clock does not tell. */
  atMs: number;
  reason: string;
}

function dueOf(step: Step, course: Course): Timed {
  const { key, when, action, because } = step;
  const { elapsedMs, standing, stalledMs = 0 } = course;
  const reason = (cause: string) => `${cause}: ${wordsFor(action, standing)}`;
  if ("afterMs" in when) return { key, action, atMs: when.afterMs, reason: reason(because) };
  const isDue = "pass" in when ? (standing?.pass ?? 0) >= when.pass : stalledMs >= when.stalledMs;
  const seen = "stalledMs" in when && standing ? ` (${showStanding(standing)})` : "";
  return { key, action, atMs: isDue ? elapsedMs : Infinity, reason: reason(`${because}${seen}`) };
}

/** The limit is as long already: a later step of the list was due first. */
function raisesNothing({ key, action }: Step, options: MigrationOptions, { done }: Course): boolean {
  if (action.kind !== "raiseMaxDowntime" || done.has(key)) return false;
  return stepsOf(options).some(
    (other) => done.has(other.key) && other.action.kind === action.kind && other.action.limitMs >= action.limitMs,
  );
}

/** With `onTimeout: "postCopy"` the timeout has done its work by then. */
function informed({ timeoutMs, onTimeout }: MigrationOptions): Timed[] {
  if (timeoutMs === undefined || onTimeout === "postCopy") return [];
  const reason = `the timeout of ${showDuration(timeoutMs)} is over, but in post-copy a migration can only be waited for`;
  return [{ key: "inform", action: { kind: "inform" }, atMs: timeoutMs, reason }];
}

function wordsFor(action: StepAction, standing: Standing | undefined): string {
  switch (action.kind) {
    case "raiseMaxDowntime":
      return `the maximum downtime is now ${showDuration(action.limitMs)}`;
    case "setBandwidth":
      return `the limit of the rate is now ${showBytes(action.mibps * 2 ** 20)}/s`;
    case "throttle":
      return standing?.throttlePercent
        ? `QEMU slows the VM by ${standing.throttlePercent} %`
        : "QEMU slows the VM as soon as two passes do not converge";
    case "postCopy":
      return "switching to post-copy";
    case "suspend":
      return "pausing the VM until it has moved";
    case "abort":
      return "cancelling the migration";
  }
}

function finite(atMs: number | undefined): number | undefined {
  return atMs === undefined || atMs === Infinity ? undefined : atMs;
}
