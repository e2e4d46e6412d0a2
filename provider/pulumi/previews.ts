import type { Clock, Progress } from "../core/ports";
import { preview } from "../preflight/preview";
import { measureAhead } from "../preflight/probes/dirtyRate";
import { containsUnknown } from "../schema";
import { desiredIfValid } from "./desired";
import type { Settings } from "./settings";
import { show, strictFailure } from "./showPreview";
import type { Props } from "./state";

/** What `up` will meet, told in the diff of a preview. */
export class Previews {
  private shown = 0;

  constructor(private readonly clock: Clock) {}

  /**
   * Asks the hosts and tells in the row.
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
    show(ahead, progress);
    const error = asked.strict ? strictFailure(ahead, desired.domain) : undefined;
    if (error) throw Object.assign(error, { stack: "" });
  }
}
