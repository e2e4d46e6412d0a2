/** What to do to a running migration, by the provider's own timers. virsh's `--timeout` lives in the virsh client and dies with it. */
import type { MigrationOptions } from "./options";
import { showDuration } from "./units";

export interface Course {
  /** Milliseconds since the migration was started. */
  elapsedMs: number;
  /** QEMU has switched: the VM runs on the destination, and nothing can call it back. */
  inPostCopy: boolean;
  /** What was done already; each is done once. */
  done: ReadonlySet<TimerAction>;
}

export type TimerAction = "raiseMaxDowntime" | "postCopy" | "suspend" | "abort" | "inform";

export interface DueTimer {
  action: TimerAction | "wait";
  reason: string;
  /** Milliseconds since the start at which something is due next; undefined: never. */
  dueMs: number | undefined;
}

/**
 * @example
 * { postCopy: true, postCopyAfterMs: 20000 } at 19 s: wait, due at 20000; at 20 s: postCopy
 */
export function dueTimer(options: MigrationOptions, course: Course): DueTimer {
  const due: { atMs: number; action: TimerAction; reason: string }[] = [];
  const { maxDowntimeAfterMs, maxDowntimeMs, postCopyAfterMs, timeoutMs, onTimeout = "abort" } = options;

  if (course.inPostCopy) {
    // With `onTimeout: "postCopy"` the timeout has done its work by then.
    if (timeoutMs !== undefined && onTimeout !== "postCopy") {
      const reason = `the timeout of ${showDuration(timeoutMs)} is over, but in post-copy a migration can only be waited for`;
      due.push({ atMs: timeoutMs, action: "inform", reason });
    }
  } else {
    if (maxDowntimeMs !== undefined && maxDowntimeAfterMs !== undefined) {
      const reason = `${showDuration(maxDowntimeAfterMs)} are over: the maximum downtime is now ${showDuration(maxDowntimeMs)}`;
      due.push({ atMs: maxDowntimeAfterMs, action: "raiseMaxDowntime", reason });
    }
    if (postCopyAfterMs !== undefined) {
      due.push({
        atMs: postCopyAfterMs,
        action: "postCopy",
        reason: `${showDuration(postCopyAfterMs)} are over: switching to post-copy`,
      });
    }
    if (timeoutMs !== undefined) {
      const words = {
        abort: "cancelling the migration",
        postCopy: "switching to post-copy",
        suspend: "pausing the VM until it has moved",
      };
      due.push({
        atMs: timeoutMs,
        action: onTimeout,
        reason: `the timeout of ${showDuration(timeoutMs)} is over: ${words[onTimeout]}`,
      });
    }
  }

  const open = due.filter(({ action }) => !course.done.has(action)).sort((a, b) => a.atMs - b.atMs);
  const first = open[0];
  if (first && first.atMs <= course.elapsedMs)
    return { action: first.action, reason: first.reason, dueMs: open[1]?.atMs };
  return { action: "wait", reason: "nothing is due", dueMs: first?.atMs };
}
