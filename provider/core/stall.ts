/** Whether a migration that libvirt shows as running still moves anything. Plain numbers in, action and reason out; no clock. */
import type { JobInfo } from "./domain";
import { showDuration } from "./units";
import { waits } from "./times";

/** Where a migration stood when it last moved. */
export interface Mark {
  /** All that grows or shrinks while a migration moves. */
  fingerprint: string;
  atMs: number;
}

/** The mark after one more sample: the old one while nothing has moved. */
export function advance(mark: Mark | undefined, job: JobInfo | undefined, inPostCopy: boolean, atMs: number): Mark {
  const { memoryProcessedBytes, memoryRemainingBytes, diskProcessedBytes, diskRemainingBytes } = job ?? {};
  const numbers = [memoryProcessedBytes, memoryRemainingBytes, diskProcessedBytes, diskRemainingBytes];
  const fingerprint = [...numbers, job?.passes, job?.postCopyRequests, inPostCopy].join(" ");
  return mark?.fingerprint === fingerprint ? mark : { fingerprint, atMs };
}

export interface Flow {
  /** Since it last moved. */
  stillMs: number;
  inPostCopy: boolean;
  /** A switch to post-copy was asked for and has not happened. */
  switchAsked: boolean;
  /** It was reported already. */
  reported: boolean;
}

export interface StallVerdict {
  /** "abort": before the switch, where that is safe. "end": after it, where only the watch can end. */
  action: "none" | "report" | "abort" | "end";
  reason: string;
}

/**
 * @example
 * { stillMs: 30_000, inPostCopy: false, switchAsked: true, reported: false } → report; at 600_000: abort; in post-copy: end
 */
export function judgeStall({ stillMs, inPostCopy, switchAsked, reported }: Flow): StallVerdict {
  const still = `nothing has been sent for ${showDuration(stillMs)}`;
  const reason =
    switchAsked && !inPostCopy ? `${still}, and the switch to post-copy that was asked for has not happened` : still;
  if (stillMs >= waits.stallEnds) return { action: inPostCopy ? "end" : "abort", reason };
  if (stillMs >= waits.stallReported && !reported) return { action: "report", reason };
  return { action: "none", reason: stillMs >= waits.stallReported ? reason : "" };
}

/** What a user can do about it before the watch ends by itself. */
export function stallRemedy(name: string, source: string, destination: string, inPostCopy: boolean): string {
  const ends = `\`up\` ends when nothing was sent for ${showDuration(waits.stallEnds)}`;
  if (inPostCopy) {
    return `check the link between ${source} and ${destination}; ${name} runs on ${destination}, so destroy and resume nothing on either host. ${ends}`;
  }
  return (
    `check the link between ${source} and ${destination}. \`virsh domjobabort ${name}\` on ${source} cancels the migration: ` +
    `${name} runs on there, and only what was copied so far is lost. ${ends}, and cancels it then`
  );
}
