/** How a live migration will go, from a few numbers. Pure. */
import { type Course, followPasses } from "./followPasses";
import type { MoveEstimateInput, Prediction } from "./types";

/** domdirtyrate-calc looks at a sample of the pages, for a second: that much more or less than is true it may report. */
const dirtyMargin = 1.5;
/** QEMU may hold zero pages too, which cost next to nothing to send: up to an eighth of an idle Linux guest's memory was seen, and a margin. */
const leastOfMemory = 0.85;
/** Login, QEMU's start and clearing up take that much of what was expected: 6 s instead of 2 on hosts with eight times more work than CPUs. */
const overheadRange = { best: 0.7, worst: 3.5 };
/** The switch takes longer where the hosts are busy: there an idle VM was paused for 590 ms. */
const slowSwitchMs = 300;

/**
 * The likely course, and the ends of the estimate: the same numbers as good and as bad as they may be. "mayNotConverge" stands where the
 * likely course ends and the worst does not, or the other way round with the best.
 */
export function predict(input: MoveEstimateInput): Prediction {
  const { bandwidthRange, dirtyBytesPerSecond, overheadMs } = input;
  const course = (end: "best" | "worst") =>
    followPasses({
      ...input,
      memoryBytes: input.memoryBytes * (end === "best" ? leastOfMemory : 1),
      bandwidthBytesPerSecond: bandwidthRange[end],
      dirtyBytesPerSecond:
        dirtyBytesPerSecond && (end === "best" ? dirtyBytesPerSecond / dirtyMargin : dirtyBytesPerSecond * dirtyMargin),
      overheadMs: overheadMs * overheadRange[end],
    });
  const [likely, best, worst] = [followPasses(input), course("best"), course("worst")];
  return {
    ...likely,
    verdict: verdictOf(input, likely, worst),
    ...durations(input, likely, best, worst),
    ...pauses(likely, best, worst),
  };
}

function verdictOf(input: MoveEstimateInput, likely: Course, worst: Course): Prediction["verdict"] {
  if (likely.verdict === "willNotConverge") return surelyStuck(input) ? "willNotConverge" : "mayNotConverge";
  return worst.verdict === "willNotConverge" ? "mayNotConverge" : likely.verdict;
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

/** Wide enough for what the VM's earlier moves took beside their estimates. */
function durations({ pastRatios }: MoveEstimateInput, likely: Course, best: Course, worst: Course) {
  const times = (ms: number | undefined, ratio: number) => (ms === undefined ? [] : [Math.round(ms * ratio)]);
  const past = pastRatios.flatMap((ratio) => times(likely.durationMs, ratio));
  const known = [likely, best].flatMap(({ durationMs }) => durationMs ?? []);
  const { durationMs } = worst;
  return {
    bestDurationMs: known.length === 0 ? undefined : Math.min(...known, ...past),
    worstDurationMs:
      durationMs === undefined || likely.verdict === "unknown" ? undefined : Math.max(durationMs, ...known, ...past),
  };
}

function pauses(likely: Course, best: Course, worst: Course) {
  const known = [likely, best].flatMap(({ downtimeMs }) => downtimeMs ?? []);
  const { downtimeMs } = worst;
  return {
    bestDowntimeMs: likely.downtimeMs === undefined || known.length === 0 ? undefined : Math.min(...known),
    worstDowntimeMs:
      downtimeMs === undefined || likely.verdict === "unknown"
        ? undefined
        : Math.max(downtimeMs + slowSwitchMs, ...known),
  };
}
