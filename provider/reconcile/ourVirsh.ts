import { PlacementError } from "../core/errors";
import type { Sample } from "../core/monitor";
import type { ExecResult } from "../core/ports";

/** The virsh of a migration that this run has started; closed from the beginning where it has not. */
export class OurVirsh {
  /** How it ended; undefined while it runs, and where it was lost. */
  exit: ExecResult | undefined;
  /** Why nothing is known of it any more, where that is so. */
  lost: PlacementError | undefined;
  /** Resolves when it has ended or was lost. */
  readonly end: Promise<void>;
  private open: boolean;

  constructor(run: Promise<ExecResult> | undefined) {
    this.open = run !== undefined;
    this.end = run === undefined ? Promise.resolve() : this.follow(run);
  }

  get isOpen(): boolean {
    return this.open;
  }

  get how(): Sample["virsh"] {
    if (this.open) return "open";
    if (this.lost === undefined) return "closed";
    return this.lost.code === "sessionRefused" ? "refused" : "lost";
  }

  private async follow(run: Promise<ExecResult>): Promise<void> {
    try {
      this.exit = await run;
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      // The connection was lost, or never took the command. A peer-to-peer migration needs neither virsh nor us: the hosts are asked.
      this.lost = error;
    } finally {
      this.open = false;
    }
  }
}
