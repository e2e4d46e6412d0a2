import type { Clock } from "../core/ports";
import { expected } from "../observe/assess";
import { plannedMigration } from "../observe/migration";
import { FactsAhead } from "../preflight/factsAhead";
import { desiredIfValid } from "./desired";
import type { Settings } from "./settings";
import { type Props, viewInState } from "./state";

/** What can be asked before an update: Pulumi takes a moment from the diff that finds a change to the update that makes it. */
export class Updates {
  readonly facts: FactsAhead;

  constructor(clock: Clock) {
    this.facts = new FactsAhead(clock);
  }

  /** Begins, and waits for nothing: the update finds out whether the VM really is where the state has it. */
  begin(settings: Settings, change: { id: string; olds: Props; news: Props }): void {
    const desired = desiredIfValid(settings, change);
    if (desired === undefined || desired.lastHost === undefined) return;
    const inState = { ...viewInState(change.id, change.olds), host: desired.lastHost };
    const decision = expected(settings.hosts, desired, inState);
    if (decision.action !== "migrate") return;
    this.facts.ask(settings.hosts, plannedMigration(settings.hosts, desired, decision));
  }
}
