/** What the monitor of a migration gets, and what it tells in the end. */
import type { JobInfo } from "../core/domain";
import type { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { ExecResult } from "../core/ports";
import type { StepKey } from "../core/convergence/steps";

export interface Monitored {
  /** How virsh ended; undefined where there was no virsh of ours, or it was lost or still hangs. */
  exit: ExecResult | undefined;
  /** Why nothing is known of our virsh, where that is so. */
  lost: PlacementError | undefined;
  inPostCopy: boolean;
  done: ReadonlySet<StepKey>;
  /** Why it was cancelled, where this run did that. */
  cancelled: string | undefined;
  /** It was cancelled because it never began: libvirt on the source could not reach the destination. */
  neverBegan: boolean;
  /** It was cancelled because nothing was sent any more. */
  stalled: boolean;
  /** The last statistics observed while it ran. */
  lastJob: JobInfo | undefined;
  /** How fast pre-copy sent memory, where that could be measured. */
  bytesPerSecond?: number | undefined;
}

/** A migration in progress. */
export interface Watchable {
  migration: Migration;
  /** The virsh of this migration; undefined for one that this run did not start. */
  run: Promise<ExecResult> | undefined;
  startedAt: number;
  /** Called when it has switched to post-copy. */
  onPostCopy?: () => void;
}
