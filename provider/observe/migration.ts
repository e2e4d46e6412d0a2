/** Makes a migration of a decision; the host that a decision leads `to` is its `destination` from here on. */
import type { Decision } from "../core/decide/types";
import type { Migration } from "../core/migration";
import { makePeerUri } from "../core/peerUri";
import type { DesiredPlacement } from "./assess";
import type { Hosts } from "./hosts";

type Decided<Action> = Extract<Decision, { action: Action }>;

/** The planned move. */
export function plannedMigration(
  hosts: Hosts,
  desired: DesiredPlacement,
  decision: Decided<"migrate">,
): Migration & { command: string } {
  const { how, to } = decision;
  const planned = desired.plan[how];
  const command = typeof planned === "object" ? planned[to] : planned;
  if (command === undefined) throw new Error(`no ${how} command to ${to} was planned`);
  return { ...migrationOf(hosts, desired, decision), how, command, before: desired.plan.before ?? [] };
}

/** One that is in progress, perhaps to a host that no plan is of. */
export function migrationInProgress(
  hosts: Hosts,
  desired: DesiredPlacement,
  decision: Decided<"attach" | "resume">,
): Migration {
  return migrationOf(hosts, desired, decision);
}

function migrationOf(
  hosts: Hosts,
  { options, lastMigration, limits }: DesiredPlacement,
  { view, to, reason }: Decided<"migrate" | "attach" | "resume">,
): Migration {
  return {
    domain: view,
    source: view.host,
    destination: to,
    how: "live",
    reason,
    options,
    before: [],
    peer: makePeerUri(hosts.host(to)),
    staleImages: lastMigration?.staleImages ?? [],
    ...(limits && { limits }),
  };
}
