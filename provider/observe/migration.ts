/** One migration, from the decision to the record: made once, and passed on. */
import type { StaleImage } from "../core/args";
import type { DomainView } from "../core/domain";
import type { MigrationOptions } from "../core/options";
import { peerUri } from "../virsh/command";
import type { DesiredPlacement } from "./assess";
import type { Hosts } from "./hosts";

export interface Migration {
  view: DomainView;
  destination: string;
  how: "live" | "offline";
  reason: string;
  options: MigrationOptions;
  /** The command to run; empty for a migration that already runs. */
  command: string;
  before: readonly string[];
  peerUri: string;
  /** What earlier moves have left, as the state knows it. */
  staleImages?: readonly StaleImage[];
  /** Taken over in post-copy, or resumed. */
  inPostCopy?: boolean;
}

/** The planned move. */
export function plannedMigration(
  hosts: Hosts,
  wanted: DesiredPlacement,
  view: DomainView,
  to: string,
  how: "live" | "offline",
  reason: string,
): Migration {
  const planned = wanted.plan[how];
  const command = typeof planned === "object" ? planned[to] : planned;
  if (command === undefined) throw new Error(`no ${how} command to ${to} was planned`);
  return { ...migrationInProgress(hosts, wanted, view, to, reason), how, command, before: wanted.plan.before ?? [] };
}

/** One that already runs, perhaps to a host that no plan is of. */
export function migrationInProgress(
  hosts: Hosts,
  { options, lastMigration }: DesiredPlacement,
  view: DomainView,
  to: string,
  reason: string,
): Migration {
  const staleImages = lastMigration?.staleImages ?? [];
  return {
    ...{ view, destination: to, how: "live", reason, options, command: "", before: [], staleImages },
    peerUri: peerUri(hosts.host(to)),
  };
}
