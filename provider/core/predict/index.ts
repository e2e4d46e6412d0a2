/** How a live migration will go, from a few numbers. Pure. */
import type { PredictedMigration } from "../args";
import type { MigrationOptions } from "../options";
import { showBytes, showDuration } from "../units";

export interface MoveEstimateInput {
  /** What the guest has written to of its memory: the rest goes as zero pages, which cost next to nothing. */
  memoryBytes: number;
  /** Of disks that are copied, before the memory goes. */
  diskBytes: number;
  /** Undefined: not measured; then no verdict, and one pass for the estimate. */
  dirtyBytesPerSecond: number | undefined;
  bandwidthBytesPerSecond: number;
  /** It is known to send no faster than this: a cap, a network card, a margin above what was measured. Infinity: the rate is a guess. */
  bandwidthAtMost: number;
  /** The cap of pre-copy does not hold for post-copy. */
  postCopyBytesPerSecond: number;
  /** libvirt's limit for the pause. */
  downtimeLimitMs: number;
  /** Login from host to host, QEMU's start on the destination, clearing up. */
  overheadMs: number;
  options: Pick<
    MigrationOptions,
    | "autoConverge"
    | "autoConvergeInitial"
    | "autoConvergeIncrement"
    | "postCopy"
    | "postCopyAfterMs"
    | "timeoutMs"
    | "onTimeout"
  >;
}

export type Verdict = PredictedMigration["verdict"];

export interface Prediction {
  verdict: Verdict;
  /** From the command to the verified end; undefined where it has none. */
  durationMs: number | undefined;
  /** Undefined after a post-copy, as libvirt reports none, and where there is no end. */
  downtimeMs: number | undefined;
  totalBytes: number;
  passes: number;
  /** The rate at which it would converge; undefined where it does. */
  neededBytesPerSecond: number | undefined;
}

/** QEMU throttles in every second pass in which more than half of what was sent got dirty again, up to 99 %. */
const throttleMost = 99;
const mostPasses = 1000;
/** domdirtyrate-calc looks at a sample of the pages, for a second: that much more than is true it may report. */
const dirtyMargin = 1.5;
/** Device state and the switch itself. */
const switchMs = 20;

/**
 * Follows pre-copy pass by pass: each sends what the one before left dirty, until the rest fits into the longest pause allowed.
 * The guest dirties linearly, at most all it uses. A guest that rewrites a small set very often dirties it sooner than that says: for
 * such a one the estimate is too good where passes are shorter than the second over which the rate was measured.
 *
 * @example
 * 2 GiB in use, 40 MiB/s dirtied, 312 MiB/s sent, pause ≤ 300 ms (93 MiB):
 *   pass 1   2048 MiB in 6.56 s, meanwhile 263 MiB get dirty: more than 93
 *   pass 2    263 MiB in 0.84 s, meanwhile  34 MiB: fits
 *   pass 3     34 MiB, paused for 108 ms and 20 for the switch
 * → 3 passes, 2345 MiB, 7.5 s and what begin and end cost, pause 128 ms.
 * With 400 MiB/s dirtied each pass sends all of it again: it converges only above 400 MiB/s, throttled, or by post-copy.
 */
export function predict(input: MoveEstimateInput): Prediction {
  const prediction = followPasses(input);
  if (prediction.verdict !== "willNotConverge") return prediction;
  return surelyStuck(input) ? prediction : { ...prediction, verdict: "mayNotConverge" };
}

/** It would not converge if it sent as fast as it can at all, and wrote less than was measured. */
function surelyStuck(input: MoveEstimateInput): boolean {
  const { bandwidthAtMost, dirtyBytesPerSecond = 0 } = input;
  if (!Number.isFinite(bandwidthAtMost)) return false;
  const atBest = {
    ...input,
    bandwidthBytesPerSecond: bandwidthAtMost,
    dirtyBytesPerSecond: dirtyBytesPerSecond / dirtyMargin,
  };
  return followPasses(atBest).verdict === "willNotConverge";
}

function followPasses(input: MoveEstimateInput): Prediction {
  const {
    memoryBytes,
    diskBytes,
    dirtyBytesPerSecond,
    bandwidthBytesPerSecond: rate,
    postCopyBytesPerSecond,
    downtimeLimitMs,
    overheadMs,
    options,
  } = input;
  const fitting = (rate * downtimeLimitMs) / 1000;
  const dirtyRate = dirtyBytesPerSecond ?? 0;
  const switchesAtMs = options.postCopy
    ? (options.postCopyAfterMs ?? (options.onTimeout === "postCopy" ? options.timeoutMs : undefined))
    : undefined;
  let [elapsedMs, sent, passes, throttle, hot] = [(diskBytes / rate) * 1000, diskBytes, 0, 0, 0];
  let remaining = memoryBytes;
  let throttled = false;
  while (passes < mostPasses) {
    const passMs = (remaining / rate) * 1000;
    if (switchesAtMs !== undefined && overheadMs / 2 + elapsedMs + passMs > switchesAtMs) {
      // The rest of this pass, and what got dirty before it, goes once more, on demand.
      const before = Math.max(0, switchesAtMs - overheadMs / 2 - elapsedMs);
      const unsent = Math.max(0, remaining - (before / 1000) * rate);
      const rest = Math.min(memoryBytes, unsent + dirtied(dirtyRate, before, memoryBytes));
      const total = sent + (before / 1000) * rate + rest;
      const durationMs = overheadMs + elapsedMs + before + (rest / postCopyBytesPerSecond) * 1000;
      return {
        verdict: "onlyWithPostCopy",
        durationMs: Math.round(durationMs),
        downtimeMs: undefined,
        totalBytes: Math.round(total),
        passes: passes + 1,
        neededBytesPerSecond: undefined,
      };
    }
    passes++;
    sent += remaining;
    elapsedMs += passMs;
    const dirty = dirtied((dirtyRate * (100 - throttle)) / 100, passMs, memoryBytes);
    if (dirty <= fitting) {
      const pauseMs = (dirty / rate) * 1000;
      return {
        verdict: dirtyBytesPerSecond === undefined ? "unknown" : throttled ? "onlyThrottled" : "converges",
        durationMs: Math.round(overheadMs + elapsedMs + pauseMs),
        downtimeMs: Math.round(pauseMs + switchMs),
        totalBytes: Math.round(sent + dirty),
        passes: dirty > 0 ? passes + 1 : passes,
        neededBytesPerSecond: undefined,
      };
    }
    const stuck = dirty >= remaining * 0.98;
    if (options.autoConverge) {
      if (dirty > remaining / 2 && ++hot >= 2) {
        hot = 0;
        const [initial = 20, increment = 10] = [options.autoConvergeInitial, options.autoConvergeIncrement];
        throttle = Math.min(throttleMost, throttle === 0 ? initial : throttle + increment);
        throttled = true;
      } else if (stuck && throttle >= throttleMost) break;
    } else if (stuck && switchesAtMs === undefined) break;
    remaining = dirty;
  }
  return {
    verdict: "willNotConverge",
    durationMs: undefined,
    downtimeMs: undefined,
    totalBytes: Math.round(sent),
    passes,
    neededBytesPerSecond: Math.ceil(Math.min(dirtyRate, (memoryBytes * 1000) / downtimeLimitMs)),
  };
}

function dirtied(rate: number, ms: number, most: number): number {
  return Math.min(most, (rate * ms) / 1000);
}

/** What the state keeps of it, beside what is measured. */
export function recordOf(prediction: Prediction): PredictedMigration {
  const { verdict, durationMs, downtimeMs, totalBytes, passes } = prediction;
  return {
    verdict,
    ...(durationMs !== undefined && { durationMs }),
    ...(downtimeMs !== undefined && { downtimeMs }),
    totalBytes,
    passes,
  };
}

/**
 * One line for a preview.
 *
 * @example will pre-copy 2.1 GiB in about 9 s at 312 MiB/s, 3 passes, pause ≈ 60 ms
 */
export function showPrediction(prediction: Prediction, input: MoveEstimateInput): string {
  const { verdict, durationMs, downtimeMs, totalBytes, passes, neededBytesPerSecond } = prediction;
  const { bandwidthBytesPerSecond: rate, dirtyBytesPerSecond: dirty = 0, options } = input;
  const at = `at ${showBytes(rate)}/s`;
  const inAbout = `in about ${about(durationMs ?? 0)}`;
  switch (verdict) {
    case "converges":
      return `will pre-copy ${showBytes(totalBytes)} ${inAbout} ${at}, ${passes} ${passes === 1 ? "pass" : "passes"}, pause ≈ ${showDuration(downtimeMs!)}`;
    case "unknown":
      return `will pre-copy at least ${showBytes(totalBytes)} ${inAbout} ${at}; how fast it writes to its memory was not measured`;
    case "onlyThrottled":
      return `will pre-copy ${showBytes(totalBytes)} ${inAbout} ${at}, ${passes} ${passes === 1 ? "pass" : "passes"}, pause ≈ ${showDuration(downtimeMs!)}: only throttled, as it writes ${showBytes(dirty)}/s to its memory`;
    case "onlyWithPostCopy":
      return `will send ${showBytes(totalBytes)} ${inAbout} ${at}, the end of it by post-copy, as it writes ${showBytes(dirty)}/s to its memory`;
    case "mayNotConverge":
    case "willNotConverge": {
      const ways = [
        options.autoConverge ? undefined : "migration.autoConverge: true",
        options.postCopy ? undefined : 'migration.postCopy: true with onTimeout: "postCopy"',
        "a longer migration.maxDowntime",
      ].filter((text) => text !== undefined);
      const change = `what would change it: ${ways.join(", or ")}`;
      const writes = `it writes ${showBytes(dirty)}/s to its memory`;
      if (verdict === "mayNotConverge") {
        const sent = Number.isFinite(input.bandwidthAtMost)
          ? `about ${showBytes(rate)}/s can be sent`
          : `how fast this network sends was not measured (${showBytes(rate)}/s is assumed)`;
        return `may not converge: ${writes}, and ${sent}; ${change}`;
      }
      return `will not converge below ${showBytes(neededBytesPerSecond!)}/s: ${writes}, and ${showBytes(rate)}/s can be sent; ${change}`;
    }
  }
}

/** Whole seconds where the estimate is no better than that. */
function about(ms: number): string {
  return showDuration(ms < 1000 ? Math.max(100, Math.round(ms / 100) * 100) : Math.round(ms / 1000) * 1000);
}
