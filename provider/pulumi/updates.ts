import type { Clock } from "../core/ports";
import { likelyMove } from "../observe/likelyMove";
import { FactsAhead } from "../preflight/factsAhead";
import { desiredIfValid } from "./desired";
import type { Settings } from "./settings";
import type { Props } from "./state";

/** What can be asked before an update: Pulumi takes a moment from the diff that finds a change to the update that makes it. */
export class Updates {
  readonly facts: FactsAhead;

  constructor(clock: Clock) {
    this.facts = new FactsAhead(clock, false);
  }

  /** Begins, and waits for nothing: the update finds out whether the VM really is where the state has it. */
  begin(settings: Settings, change: { id: string; olds: Props; news: Props }): void {
    const desired = desiredIfValid(settings, change);
    const move = desired && likelyMove(settings.hosts, desired);
    if (move) this.facts.ask(settings.hosts, move);
  }
}
