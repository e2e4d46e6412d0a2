/** The desired placement, what the hosts report, and what to do about it. */
import type { DomainView } from "../domain";
import type { MigrationOptions } from "../options";
import type { Problem } from "../problem";
import type { Past } from "./past";

export interface Desired {
  /** As the user wrote it: name or UUID. */
  domain: string;
  /** The UUID in state; undefined on create. */
  uuid: string | undefined;
  hosts: readonly string[];
  options: MigrationOptions;
  /** Hosts of the inventory that nothing is moved to. */
  inMaintenance: ReadonlySet<string>;
  /** What becomes of a VM that is elsewhere: it stays, or moves only from the host where `up` left it. Absent: it moves. */
  drift?: { stays: true } | { onlyFrom: string };
}

export interface Observed {
  /** Every host's view of the domain, by name and by UUID. */
  views: readonly DomainView[];
  asked: readonly string[];
  unreachable: readonly { host: string; why: string }[];
  /** Where it was last seen, by state. */
  lastHost: string | undefined;
  /** What the hosts report of their past, where the views do not show what happened. */
  past?: readonly Past[];
}

export type Decision =
  | { action: "noop" | "adopt"; view: DomainView; reason: string }
  | { action: "migrate"; how: "live" | "offline"; view: DomainView; to: string; reason: string }
  /** A migration runs that this run did not start: watch it to its end. */
  | { action: "attach"; view: DomainView; to: string; reason: string }
  /** An interrupted post-copy. */
  | { action: "resume"; view: DomainView; to: string; reason: string }
  /** It is where it should be; something is left over elsewhere, or it is not defined here yet. */
  | { action: "finish"; view: DomainView; leftovers: DomainView[]; reason: string }
  | Refusal;

/** Nothing is done; the problem has the cause and every remedy. */
export interface Refusal {
  action: "refuse";
  /** With `settlesWithinMs` where it ends by itself as a rule (libvirt clears up, a job finishes): worth waiting for before it is shown. */
  problem: Omit<Problem, "severity" | "rule">;
  /** What is done where it has not ended by itself within that time. */
  otherwise?: { action: "finish"; view: DomainView; leftovers: DomainView[]; reason: string };
}
