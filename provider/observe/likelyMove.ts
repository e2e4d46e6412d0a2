import { decide } from "../core/decide";
import { type DesiredPlacement, toDecide } from "./assess";
import type { Hosts } from "./hosts";
import { plannedMigration } from "./migration";

/** The move that is due if the hosts show what the state has; undefined where that is none. For what may be asked beforehand. */
export function likelyMove(hosts: Hosts, desired: DesiredPlacement): ReturnType<typeof plannedMigration> | undefined {
  const { inState, lastHost } = desired;
  if (inState === undefined) return undefined;
  const asked = [...new Set([inState.host, ...desired.hosts, ...hosts.names])];
  const decision = decide(toDecide(hosts, desired), { views: [inState], asked, unreachable: [], lastHost });
  return decision.action === "migrate" ? plannedMigration(hosts, desired, decision) : undefined;
}
