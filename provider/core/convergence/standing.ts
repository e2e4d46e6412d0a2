/**
 * Whether pre-copy comes closer to its end. Not the same as stall.ts, where nothing is sent: a guest that writes as fast as the network
 * sends keeps a migration busy for ever.
 */
import type { JobInfo } from "../domain";
import { showBytes } from "../units";

/** A pass that begins with this much of the least before is no better: what is left differs a little from pass to pass. */
const better = 0.98;

/** Where pre-copy stands, of all the samples so far. */
export interface Standing {
  pass: number;
  /** What was left when this pass was first seen: a little less than it began with. */
  beganWithBytes: number;
  /** It began with less than all before. */
  isUseful: boolean;
  /** The least that was left in this pass. */
  lowestBytes: number;
  /** The least that any pass before began with. */
  bestBytes: number;
  throttlePercent: number;
  /** When it was last closer to its end than ever before. */
  atMs: number;
  last: JobInfo;
}

/**
 * What is left to send falls to nothing within each pass, and the next begins with what the guest has written meanwhile. So it is passes
 * that are compared, not samples: a pass that begins with less than all before gets closer as long as it sends, any other does not at
 * all. (Nova's progress timeout compared samples, and cancelled migrations that converged.) While QEMU throttles the VM more and more,
 * it gets closer too.
 *
 * @example
 * pass 1 begins with 256 MiB, pass 2 with 63 MiB, pass 3 with 63 MiB: no closer since the end of pass 2
 */
export function advanceStanding(
  before: Standing | undefined,
  job: JobInfo | undefined,
  atMs: number,
): Standing | undefined {
  const left = job?.memoryRemainingBytes;
  if (!job?.memoryTotalBytes || left === undefined) return before;
  const { passes: pass = 0, throttlePercent = 0 } = job;
  const began = { beganWithBytes: left, isUseful: true, lowestBytes: left, bestBytes: Infinity };
  if (before === undefined) return { ...began, pass, throttlePercent, atMs, last: job };
  const next = { ...before, throttlePercent: Math.max(before.throttlePercent, throttlePercent), last: job };
  const isNew = pass !== before.pass;
  if (isNew) {
    const bestBytes = Math.min(before.bestBytes, before.beganWithBytes);
    // The look comes some time after the pass has begun. All that was sent since the last one may have been of this pass.
    const atMost = left + Math.max(0, (job.memoryProcessedBytes ?? 0) - (before.last.memoryProcessedBytes ?? 0));
    Object.assign(next, { pass, beganWithBytes: left, bestBytes, isUseful: atMost < bestBytes * better });
  }
  const isCloser = (next.isUseful && (isNew || left < before.lowestBytes)) || throttlePercent > before.throttlePercent;
  return { ...next, lowestBytes: isNew ? left : Math.min(left, before.lowestBytes), ...(isCloser && { atMs }) };
}

/** "pass 9 began with about 63 MiB, 320 MiB/s written, 40 MiB/s sent, throttled 30 %". */
export function showStanding({ beganWithBytes, last, throttlePercent }: Standing): string {
  const { passes, dirtyBytesPerSecond: dirty, memoryBytesPerSecond: rate } = last;
  const parts = [
    `${passes ? `pass ${passes} began with about ` : ""}${showBytes(beganWithBytes)}${passes ? "" : " left"}`,
  ];
  if (dirty) parts.push(`${showBytes(dirty)}/s written`);
  if (rate) parts.push(`${showBytes(rate)}/s sent`);
  if (throttlePercent > 0) parts.push(`throttled ${throttlePercent} %`);
  return parts.join(", ");
}
