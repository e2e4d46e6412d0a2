import type { Clock, Progress } from "../core/ports";
import { preview } from "../preflight/preview";
import { measureAhead } from "../preflight/probes/dirtyRate";
import { containsUnknown } from "../schema";
import { desiredIfValid } from "./desired";
import type { Settings } from "./settings";
import { show, strictFailure } from "./showPreview";
import type { Props } from "./state";

/** At the second change. */
const firstAhead = 64;

/** What `up` will meet, told in the diff of a preview. */
export class Previews {
  private shown = 0;
  /** So many hosts of the inventory count, or have counted. */
  private ahead = 0;

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
    this.shown++;
    this.lookAhead(hosts, asked.dirtyRateSeconds);
    const ahead = await preview(hosts, desired, asked, this.clock);
    show(ahead, progress);
    const error = asked.strict ? strictFailure(ahead, desired.domain) : undefined;
    if (error) throw Object.assign(error, { stack: "" });
  }

  /**
   * diffs come one after the other: where there is a second one, more are likely. The hosts of the next one are not known, so the more changes
   * there were, the more hosts count at the same time: few changes leave most of a large inventory alone, many wait for a few counts only.
   */
  private lookAhead(hosts: Settings["hosts"], seconds: number): void {
    if (this.shown < 2 || this.ahead >= hosts.names.length) return;
    this.ahead = this.ahead === 0 ? firstAhead : 2 * this.ahead;
    measureAhead(hosts, this.ahead, seconds, this.clock);
  }
}
