/** What an estimate is made of, and what it says. */
import type { PredictedMigration } from "../args";
import type { MigrationOptions } from "../options";

export interface Range {
  worst: number;
  best: number;
}

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
  /** What it sends at if all goes badly, and if all goes well: the ends of the estimate. */
  bandwidthRange: Range;
  /** The cap of pre-copy does not hold for post-copy. */
  postCopyBytesPerSecond: number;
  /** libvirt's limit for the pause. */
  downtimeLimitMs: number;
  /** Login from host to host, QEMU's start on the destination, clearing up. */
  overheadMs: number;
  /** Measured ÷ estimated time of the VM's earlier moves. */
  pastRatios: readonly number[];
  options: Pick<
    MigrationOptions,
    | "autoConverge"
    | "autoConvergeInitial"
    | "autoConvergeIncrement"
    | "postCopy"
    | "postCopyAfterMs"
    | "timeoutMs"
    | "onTimeout"
    | "convergence"
  >;
}

type Verdict = PredictedMigration["verdict"];

export interface Prediction {
  verdict: Verdict;
  /** From the command to the verified end, most likely; undefined where it has none. */
  durationMs: number | undefined;
  /** If all goes well; undefined where even then it has no end. */
  bestDurationMs: number | undefined;
  /** If all goes badly; undefined where it may have no end then, or where a number that it depends on was not measured. */
  worstDurationMs: number | undefined;
  /** Undefined after a post-copy, as libvirt reports none, and where there is no end. */
  downtimeMs: number | undefined;
  bestDowntimeMs: number | undefined;
  worstDowntimeMs: number | undefined;
  totalBytes: number;
  passes: number;
  /** The rate at which it would converge; undefined where it does. */
  neededBytesPerSecond: number | undefined;
}
