/** Pre-copy, pass by pass. */
import type { MoveEstimateInput, Prediction } from "./types";

/** What one course of events comes to; the ends of the estimate are made of several. */
export type Course = Omit<
  Prediction,
  "bestDurationMs" | "worstDurationMs" | "bestDowntimeMs" | "worstDowntimeMs" | "verdict"
> & { verdict: Exclude<Prediction["verdict"], "mayNotConverge"> };

/** QEMU throttles in every second pass in which more than half of what was sent got dirty again, up to 99 %. */
const throttleMost = 99;
const mostPasses = 1000;
/** Device state and the switch itself. */
const switchMs = 20;

/** Where pre-copy stands between two passes. */
interface Standing {
  elapsedMs: number;
  sent: number;
  remaining: number;
  passes: number;
  throttle: Throttle;
}

/** Percent, and in how many passes since the last step too much got dirty again. */
interface Throttle {
  percent: number;
  hot: number;
}

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
export function followPasses(input: MoveEstimateInput): Course {
  const { memoryBytes, diskBytes, bandwidthBytesPerSecond: rate, downtimeLimitMs, overheadMs, options } = input;
  const fitting = (rate * downtimeLimitMs) / 1000;
  const switchesAtMs = switchTime(options);
  let at: Standing = {
    elapsedMs: (diskBytes / rate) * 1000,
    sent: diskBytes,
    remaining: memoryBytes,
    passes: 0,
    throttle: { percent: 0, hot: 0 },
  };
  while (at.passes < mostPasses) {
    const { remaining, throttle } = at;
    const passMs = (remaining / rate) * 1000;
    if (switchesAtMs !== undefined && overheadMs / 2 + at.elapsedMs + passMs > switchesAtMs) {
      return switched(input, at, switchesAtMs);
    }
    const dirty = dirtied(((input.dirtyBytesPerSecond ?? 0) * (100 - throttle.percent)) / 100, passMs, memoryBytes);
    const sent = { ...at, elapsedMs: at.elapsedMs + passMs, sent: at.sent + remaining, passes: at.passes + 1 };
    if (dirty <= fitting) return ended(input, sent, dirty);
    const stuck = dirty >= remaining * 0.98;
    const exhausted = options.autoConverge ? throttle.percent >= throttleMost : switchesAtMs === undefined;
    if (stuck && exhausted) return byStep(input, sent, dirty) ?? stays(input, sent);
    at = {
      ...sent,
      remaining: dirty,
      throttle: options.autoConverge ? next(throttle, dirty / remaining, options) : throttle,
    };
  }
  return stays(input, at);
}

type Options = MoveEstimateInput["options"];

function switchTime({ postCopy, postCopyAfterMs, onTimeout, timeoutMs, convergence }: Options): number | undefined {
  if (!postCopy) return undefined;
  const step = convergence?.find(({ action, when }) => action.kind === "postCopy" && "afterMs" in when)?.when;
  return (
    postCopyAfterMs ?? (step && "afterMs" in step ? step.afterMs : onTimeout === "postCopy" ? timeoutMs : undefined)
  );
}

/** What ends a pre-copy that comes no closer to its end: the first step after which the rest fits into the pause, or post-copy. */
function byStep(input: MoveEstimateInput, at: Standing, dirty: number): Course | undefined {
  const { bandwidthBytesPerSecond: rate, overheadMs, options } = input;
  const { convergence = [] } = options;
  const steps = convergence
    .map(({ when, action }) => {
      const after = "afterMs" in when ? when.afterMs - overheadMs / 2 : 0;
      return { action, atMs: Math.max(after, at.elapsedMs + ("stalledMs" in when ? when.stalledMs : 0)) };
    })
    .sort((a, b) => a.atMs - b.atMs);
  for (const { action, atMs } of steps) {
    const waited = { ...at, elapsedMs: atMs, sent: at.sent + ((atMs - at.elapsedMs) / 1000) * rate };
    if (action.kind === "abort") return undefined;
    if (action.kind === "postCopy") return switched(input, { ...waited, remaining: dirty }, atMs + overheadMs / 2);
    if (action.kind === "suspend" || (action.kind === "raiseMaxDowntime" && dirty <= (rate * action.limitMs) / 1000))
      return ended(input, waited, dirty);
  }
  return undefined;
}

function next({ percent, hot }: Throttle, dirtyAgain: number, options: Options): Throttle {
  const { autoConvergeInitial = 20, autoConvergeIncrement = 10 } = options;
  if (dirtyAgain <= 1 / 2) return { percent, hot };
  if (hot === 0) return { percent, hot: 1 };
  return {
    percent: Math.min(throttleMost, percent === 0 ? autoConvergeInitial : percent + autoConvergeIncrement),
    hot: 0,
  };
}

/** The rest of this pass, and what got dirty before it, goes once more, on demand. */
function switched(input: MoveEstimateInput, at: Standing, switchesAtMs: number): Course {
  const { memoryBytes, bandwidthBytesPerSecond: rate, overheadMs, dirtyBytesPerSecond = 0 } = input;
  const before = Math.max(0, switchesAtMs - overheadMs / 2 - at.elapsedMs);
  const unsent = Math.max(0, at.remaining - (before / 1000) * rate);
  const rest = Math.min(memoryBytes, unsent + dirtied(dirtyBytesPerSecond, before, memoryBytes));
  return {
    verdict: "onlyWithPostCopy",
    durationMs: Math.round(overheadMs + at.elapsedMs + before + (rest / input.postCopyBytesPerSecond) * 1000),
    downtimeMs: undefined,
    totalBytes: Math.round(at.sent + (before / 1000) * rate + rest),
    passes: at.passes + 1,
    neededBytesPerSecond: undefined,
  };
}

/** The rest fits into the pause. */
function ended(input: MoveEstimateInput, at: Standing, dirty: number): Course {
  const { bandwidthBytesPerSecond: rate, overheadMs, dirtyBytesPerSecond } = input;
  const pauseMs = (dirty / rate) * 1000;
  return {
    verdict: dirtyBytesPerSecond === undefined ? "unknown" : at.throttle.percent > 0 ? "onlyThrottled" : "converges",
    durationMs: Math.round(overheadMs + at.elapsedMs + pauseMs),
    downtimeMs: Math.round(pauseMs + switchMs),
    totalBytes: Math.round(at.sent + dirty),
    passes: dirty > 0 ? at.passes + 1 : at.passes,
    neededBytesPerSecond: undefined,
  };
}

function stays({ memoryBytes, dirtyBytesPerSecond = 0, downtimeLimitMs }: MoveEstimateInput, at: Standing): Course {
  return {
    verdict: "willNotConverge",
    durationMs: undefined,
    downtimeMs: undefined,
    totalBytes: Math.round(at.sent),
    passes: at.passes,
    neededBytesPerSecond: Math.ceil(Math.min(dirtyBytesPerSecond, (memoryBytes * 1000) / downtimeLimitMs)),
  };
}

function dirtied(rate: number, ms: number, most: number): number {
  return Math.min(most, (rate * ms) / 1000);
}
