/** How the estimates of a VM's moves turned out. */
import type { LastMigration, PredictedMigration } from "../args";
import { showDuration } from "../units";
import type { Prediction } from "./types";

const mostKept = 5;
/** One move that was held up for an hour does not make every estimate useless. */
const leastRatio = 0.25;
const mostRatio = 4;

/** Measured ÷ estimated time of the VM's earlier moves, the newest last. */
export function ratiosOf(last: LastMigration | undefined): number[] {
  return (last?.pastEstimates ?? [])
    .map(({ estimatedMs, tookMs }) => tookMs / estimatedMs)
    .filter((ratio) => ratio > 0 && Number.isFinite(ratio))
    .map((ratio) => Math.min(mostRatio, Math.max(leastRatio, ratio)));
}

/** The move that is over, with what is kept of the estimates of those before and of its own. */
export function withOutcome(last: LastMigration, earlier: LastMigration | undefined): LastMigration {
  const { startedAt, durationMs: tookMs, predicted } = last;
  // Without a dirty rate the time is the least that it can take.
  const estimatedMs = predicted?.verdict === "unknown" ? undefined : predicted?.durationMs;
  const own = estimatedMs === undefined ? [] : [{ startedAt, estimatedMs, tookMs }];
  const pastEstimates = [...(earlier?.pastEstimates ?? []), ...own].slice(-mostKept);
  return pastEstimates.length === 0 ? last : { ...last, pastEstimates };
}

/** What the state keeps of an estimate: times without a value are left out. */
export function recordOf({ neededBytesPerSecond: _, ...kept }: Prediction): PredictedMigration {
  return Object.fromEntries(
    Object.entries(kept).filter(([, value]) => value !== undefined),
  ) as unknown as PredictedMigration;
}

/**
 * For the row of a move that is over; undefined where it was not estimated, or without a dirty rate.
 *
 * @example estimated 9 s (7 s to 14 s), took 8.4 s
 */
export function showOutcome({ predicted, durationMs, downtimeMs }: LastMigration): string | undefined {
  if (predicted === undefined || predicted.verdict === "unknown") return undefined;
  const took = `took ${showDuration(durationMs)}`;
  const { durationMs: likely, bestDurationMs: best, worstDurationMs: worst, downtimeMs: pause } = predicted;
  if (likely === undefined)
    return `estimated that it ${predicted.verdict === "willNotConverge" ? "would" : "might"} not converge, ${took}`;
  const range = best === undefined || worst === undefined ? "" : ` (${showDuration(best)} to ${showDuration(worst)})`;
  const pauses =
    pause === undefined || downtimeMs === undefined
      ? ""
      : `; pause estimated ${showDuration(pause)}, was ${showDuration(downtimeMs)}`;
  return `estimated ${showDuration(likely)}${range}, ${took}${pauses}`;
}
