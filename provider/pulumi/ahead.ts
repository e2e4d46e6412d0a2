import type { Clock, Progress } from "../core/ports";
import type { PhasesKnown } from "./phases";
import { Previews } from "./previews";
import type { Settings } from "./settings";
import type { Props } from "./state";
import { Updates } from "./updates";

/** What a diff does beside comparing: of a preview it tells what `up` will meet, of an update it asks what that will need to know. */
export class Ahead {
  private readonly previews: Previews;
  private readonly updates: Updates;

  constructor(
    clock: Clock,
    private readonly phases: PhasesKnown,
  ) {
    this.previews = new Previews(clock);
    this.updates = new Updates(clock);
  }

  get facts(): Updates["facts"] {
    return this.updates.facts;
  }

  /** @throws Error with `vm-placement:strictPreview`, where there is a blocker. */
  async look(settings: Settings, change: { id: string; olds: Props; news: Props }, progress: Progress): Promise<void> {
    if (this.phases.isPreview(change.news)) await this.preview(settings, change, progress);
    else if (this.phases.isUpdate(change.news)) this.updates.begin(settings, change);
  }

  /** @throws Error with `vm-placement:strictPreview`, where there is a blocker. */
  preview(settings: Settings, change: { id: string; olds: Props; news: Props }, progress: Progress): Promise<void> {
    return this.previews.show(settings, change, progress);
  }
}
