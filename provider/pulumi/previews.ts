import type { LastMigration } from "../core/args";
import type { DomainView } from "../core/domain";
import type { Clock, Progress } from "../core/ports";
import type { Predicted } from "../preflight/estimate";
import { preview } from "../preflight/preview";
import { measureAhead } from "../preflight/probes/dirtyRate";
import { containsUnknown } from "../schema";
import { desiredOf } from "./desired";
import type { Settings } from "./settings";
import { show, strictFailure } from "./showPreview";
import type { Props } from "./state";

/** What `up` will meet, told in diff; and what of it the update needs later, in the same process. */
export class Previews {
  /** By UUID. */
  private readonly predictions = new Map<string, Predicted & { destination: string }>();
  private shown = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Asks the hosts and tells in the row. In the update phase diff is called again, and what it asks here is not asked twice.
   *
   * @throws Error with `vm-placement:strictPreview`, where there is a blocker.
   */
  async show(settings: Settings, change: { id: string; olds: Props; news: Props }, progress: Progress): Promise<void> {
    const { preview: asked, failures, hosts } = settings;
    if (!asked.probe || failures.length > 0 || containsUnknown(change.news)) return;
    const desired = desiredIfValid(settings, change);
    if (desired === undefined) return;
    // diffs come one after the other: where there is a second one, more are likely.
    if (++this.shown === 2) measureAhead(hosts, asked.dirtyRateSeconds, this.clock);
    const ahead = await preview(hosts, desired, asked, this.clock);
    if (ahead.predicted !== undefined) this.predictions.set(ahead.predicted.uuid, ahead.predicted);
    show(ahead, progress);
    const error = asked.strict ? strictFailure(ahead, desired.domain) : undefined;
    if (error) throw Object.assign(error, { stack: "" });
  }

  /** What the preview predicted of this very move, beside what was measured. */
  withPrediction(view: DomainView, lastMigration: LastMigration | undefined): LastMigration | undefined {
    const predicted = this.predictions.get(view.uuid);
    this.predictions.delete(view.uuid);
    if (lastMigration === undefined || lastMigration.mode === "offline") return lastMigration;
    if (predicted?.destination !== lastMigration.to) return lastMigration;
    const { verdict, durationMs, downtimeMs, totalBytes, passes } = predicted.prediction;
    return {
      ...lastMigration,
      predicted: {
        verdict,
        ...(durationMs !== undefined && { durationMs }),
        ...(downtimeMs !== undefined && { downtimeMs }),
        totalBytes,
        passes,
      },
    };
  }
}

/** What is wrong with the inputs is for the update to tell. */
function desiredIfValid(settings: Settings, { id, olds, news }: { id: string; olds: Props; news: Props }) {
  try {
    return desiredOf(settings, id, olds, news);
  } catch {
    return undefined;
  }
}
