/** How an estimate reads. */
import { showBytes, showDuration } from "../units";
import type { MoveEstimateInput, Prediction } from "./types";

/**
 * One line for a preview.
 *
 * @example will pre-copy 2.1 GiB in about 9 s (7 to 13 s) at 312 MiB/s, 3 passes, pause ≈ 60 ms (up to 380 ms)
 */
export function showPrediction(prediction: Prediction, input: MoveEstimateInput): string {
  return [courseOf(prediction, input), showPast(input.pastRatios)].filter((text) => text !== undefined).join("; ");
}

function courseOf(prediction: Prediction, input: MoveEstimateInput): string {
  const { verdict, totalBytes, passes, neededBytesPerSecond } = prediction;
  const { bandwidthBytesPerSecond: rate, dirtyBytesPerSecond: dirty = 0 } = input;
  const course = `${showBytes(totalBytes)} in ${showTime(prediction)} at ${showBytes(rate)}/s`;
  const copied = `will pre-copy ${course}, ${passes} ${passes === 1 ? "pass" : "passes"}, pause ${showPause(prediction)}`;
  const writes = `it writes ${showBytes(dirty)}/s to its memory`;
  switch (verdict) {
    case "converges":
      return copied;
    case "unknown":
      return `will pre-copy at least ${course}; how fast it writes to its memory was not measured`;
    case "onlyThrottled":
      return `${copied}: only throttled, as ${writes}`;
    case "onlyWithPostCopy":
      return `will send ${course}, the end of it by post-copy, as ${writes}`;
    case "mayNotConverge": {
      const sent = Number.isFinite(input.bandwidthAtMost)
        ? `about ${showBytes(rate)}/s can be sent`
        : `how fast this network sends was not measured (${showBytes(rate)}/s is assumed)`;
      return `may not converge: ${writes}, and ${sent}; ${ifItDoes(prediction)}${remediesOf(input)}`;
    }
    case "willNotConverge":
      return `will not converge below ${showBytes(neededBytesPerSecond!)}/s: ${writes}, and ${showBytes(rate)}/s can be sent; ${remediesOf(input)}`;
  }
}

function remediesOf({ options }: MoveEstimateInput): string {
  const ways = [
    options.autoConverge ? undefined : "migration.autoConverge: true",
    options.postCopy ? undefined : 'migration.postCopy: true with onTimeout: "postCopy"',
    "a longer migration.maxDowntime",
  ].filter((text) => text !== undefined);
  return `what would change it: ${ways.join(", or ")}`;
}

/** "about 9 s (7 to 14 s)". The worst is not told where it is not known. */
function showTime({ durationMs, bestDurationMs, worstDurationMs }: Prediction): string {
  const [likely, best, worst] = [durationMs, bestDurationMs, worstDurationMs].map((ms) => about(ms ?? 0));
  if (worstDurationMs === undefined) return `about ${likely}`;
  return best === worst ? `about ${likely}` : `about ${likely} (${best} to ${worst})`;
}

function showPause({ downtimeMs, worstDowntimeMs }: Prediction): string {
  const likely = `≈ ${showDuration(downtimeMs!)}`;
  return worstDowntimeMs === undefined ? likely : `${likely} (up to ${showDuration(worstDowntimeMs)})`;
}

function ifItDoes({ durationMs, bestDurationMs }: Prediction): string {
  if (durationMs !== undefined) return `if it does, it takes about ${about(durationMs)}; `;
  return bestDurationMs === undefined ? "" : `at best it takes ${about(bestDurationMs)}; `;
}

/** What the VM's earlier moves took, as a multiple of their estimates. */
function showPast(ratios: readonly number[]): string | undefined {
  if (ratios.length === 0) return undefined;
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(1));
  const span = least === most ? most! : `${least!} to ${most!}`;
  return ratios.length === 1
    ? `its last move took ${span} × its estimate`
    : `its last ${ratios.length} moves took ${span} × their estimates`;
}

/** Whole seconds where the estimate is no better than that. */
function about(ms: number): string {
  return showDuration(ms < 1000 ? Math.max(100, Math.round(ms / 100) * 100) : Math.round(ms / 1000) * 1000);
}
