/** The live row of a migration. */
import type { JobInfo } from "./domain";
import { showBytes, showDuration } from "./units";

/** What would take longer than four days at this rate is no estimate. */
const longestMs = 4 * 86_400_000;

export interface Progressed {
  text: string;
  /** Percent shown; hand it back with the next sample, so that the row never goes backwards. */
  percent: number;
}

/**
 * "pre-copy 43 % · 312 MiB/s · dirty 40 MiB/s · pass 3 · 12 s left".
 *
 * `remaining / total` is what libvirt means by progress; `processed` passes `total` as soon as a page is sent twice. Each pass starts
 * over, so the percentage shown is the highest so far.
 */
export function progressRow(job: JobInfo, inPostCopy: boolean, shownPercent: number): Progressed {
  const total = (job.memoryTotalBytes ?? 0) + (job.diskTotalBytes ?? 0);
  // What is left is never more than all there is, but hosts may say so.
  const remaining = Math.min(total, (job.memoryRemainingBytes ?? 0) + (job.diskRemainingBytes ?? 0));
  const now = total > 0 ? Math.floor((100 * (total - remaining)) / total) : 0;
  const percent = Math.max(shownPercent, Math.min(now, 99));

  const parts = [`${inPostCopy ? "post-copy" : "pre-copy"} ${percent} %`];
  const rate = job.memoryBytesPerSecond ?? 0;
  if (rate > 0) parts.push(`${showBytes(rate)}/s`);
  const dirty = job.dirtyBytesPerSecond ?? 0;
  if (!inPostCopy && dirty > 0) parts.push(`dirty ${showBytes(dirty)}/s`);
  if (!inPostCopy && job.passes !== undefined && job.passes > 0) parts.push(`pass ${job.passes}`);
  if (job.throttlePercent) parts.push(`throttled ${job.throttlePercent} %`);
  if (inPostCopy && job.postCopyRequests) parts.push(`${job.postCopyRequests} page requests`);

  const gain = inPostCopy ? rate : rate - dirty;
  const leftMs = Math.max(1000, Math.round(remaining / gain) * 1000);
  if (rate > 0 && remaining > 0 && gain <= 0) parts.push("not converging");
  else if (rate > 0 && remaining > 0 && leftMs <= longestMs) parts.push(`${showDuration(leftMs)} left`);
  return { text: parts.join(" · "), percent };
}
