/** Whether a migration that libvirt shows as running still moves anything. Plain numbers in, action and reason out; no clock. */
import type { JobInfo } from "./domain";
import { showDuration } from "./units";

/** So long nothing was sent: it is told. */
export const tellMs = 30_000;
/** So long nothing was sent: the watch ends. A link that is silent and heals before costs nothing; a slow one sends all the while. */
export const endMs = 600_000;

/**
 * So long an `up` waits, with nothing sent, where libvirt on the source has given a post-copy up and the destination runs on. QEMU's own
 * connections outlive a link that was gone for minutes (seen: 70 s, and an end 20 s later); the next `up` waits again.
 */
export const givenUpMs = 180_000;

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
  /** It was told already. */
  told: boolean;
}

export interface StallVerdict {
  /** "abort": before the switch, where that is safe. "end": after it, where only the watch can end. */
  action: "none" | "tell" | "abort" | "end";
  reason: string;
}

/**
 * @example
 * { stillMs: 30_000, inPostCopy: false, switchAsked: true, told: false } → tell; at 600_000: abort; in post-copy: end
 */
export function judgeStall({ stillMs, inPostCopy, switchAsked, told }: Flow): StallVerdict {
  const still = `nothing has been sent for ${showDuration(stillMs)}`;
  const reason =
    switchAsked && !inPostCopy ? `${still}, and the switch to post-copy that was asked for has not happened` : still;
  if (stillMs >= endMs) return { action: inPostCopy ? "end" : "abort", reason };
  if (stillMs >= tellMs && !told) return { action: "tell", reason };
  return { action: "none", reason: stillMs >= tellMs ? reason : "" };
}

/** What a user can do about it before the watch ends by itself. */
export function stallRemedy(name: string, source: string, destination: string, inPostCopy: boolean): string {
  const ends = `\`up\` ends when nothing was sent for ${showDuration(endMs)}`;
  if (inPostCopy) {
    return `check the link between ${source} and ${destination}; ${name} runs on ${destination}, so destroy and resume nothing on either host. ${ends}`;
  }
  return (
    `check the link between ${source} and ${destination}. \`virsh domjobabort ${name}\` on ${source} cancels the migration: ` +
    `${name} runs on there, and only what was copied so far is lost. ${ends}, and cancels it then`
  );
}
