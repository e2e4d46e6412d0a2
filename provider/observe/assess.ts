/** Observe, then decide: what is to be done, and the wait for what passes by itself. Reads only. */
import type { LastMigration, Plan } from "../core/args";
import { decide } from "../core/decide";
import type { Decision, Desired } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import type { HostLimits } from "../core/hostLimits";
import type { MigrationOptions } from "../core/options";
import type { Clock, Progress } from "../core/ports";
import { whereIs } from "../core/whereIs";
import type { Hosts } from "./hosts";
import { observe } from "./observe";
import { pastWhereItMatters } from "./past";
import { intervals } from "../core/times";

export interface DesiredPlacement {
  domain: string;
  /** The UUID in state; undefined on create. */
  uuid: string | undefined;
  hosts: readonly string[];
  options: MigrationOptions;
  plan: Plan;
  /** `currentHost` in state. */
  lastHost: string | undefined;
  drift?: Desired["drift"];
  /** Of the destination. */
  limits?: HostLimits;
  /** The last move in state: a prediction may learn from it. */
  lastMigration?: LastMigration | undefined;
  /** With it, an estimate is recorded beside what a live move is measured to take; 0 = without a dirty rate. */
  estimate?: { dirtyRateSeconds: number } | undefined;
  /** The VM as the state has it; undefined on create. */
  inState?: DomainView | undefined;
  /** Ask every host: something was left undone before, and need not be where the VM is. */
  everywhere?: boolean;
}

/**
 * What is to be done, from a fresh look at the hosts.
 *
 * @param movedFrom where this run has moved it away from: it may have been found where the state does not know it.
 */
export async function assess(hosts: Hosts, desired: DesiredPlacement, movedFrom?: string): Promise<Assessment> {
  const first = [desired.lastHost, movedFrom, ...desired.hosts].filter((name) => name !== undefined);
  // A host that left the inventory has no entry to reach it by; the others may know where the VM went.
  const known =
    hosts.names.length === 0
      ? first
      : first.filter((name) => hosts.names.includes(name) || desired.hosts.includes(name));
  const observed = await observe(hosts, {
    domain: desired.domain,
    uuid: desired.uuid,
    first: known,
    everywhere: desired.uuid === undefined || desired.everywhere === true,
    lastHost: desired.lastHost,
  });
  const mine = observed.views.filter(({ uuid }) => desired.uuid === undefined || uuid === desired.uuid);
  const answering = observed.asked.filter((name) => !observed.unreachable.some(({ host }) => host === name));
  const past = await pastWhereItMatters(hosts, mine, answering);
  const decision = decide(toDecide(hosts, desired), { ...observed, ...(past && { past }) });
  if (decision.action !== "refuse") return { decision, seen: decision.view };
  const found = whereIs(observed.views.filter(({ uuid }) => uuid === desired.uuid));
  return { decision, seen: found && "host" in found ? found : undefined };
}

/** What the decision is made by, beside what the hosts show. */
export function toDecide(hosts: Hosts, { domain, uuid, hosts: names, options, drift }: DesiredPlacement): Desired {
  return { domain, uuid, hosts: names, options, inMaintenance: hosts.inMaintenance, ...(drift && { drift }) };
}

export interface Assessment {
  decision: Decision;
  /** What a failure leaves in the state: of a refused create nothing, of a refused update where the VM really is. */
  seen: DomainView | undefined;
}

export async function assessSettled(
  hosts: Hosts,
  desired: DesiredPlacement,
  { clock, progress }: { clock: Clock; progress: Progress },
  movedFrom: string | undefined,
): Promise<Assessment> {
  const startedAt = clock.now();
  for (let waitMs: number = intervals.firstObservation; ; waitMs = Math.min(2 * waitMs, intervals.longestObservation)) {
    const seen = await assess(hosts, desired, movedFrom);
    const { decision } = seen;
    if (decision.action !== "refuse" || decision.problem.settlesWithinMs === undefined) return seen;
    if (clock.now() - startedAt >= decision.problem.settlesWithinMs) {
      return decision.otherwise ? { decision: decision.otherwise, seen: decision.otherwise.view } : seen;
    }
    progress.live(`waiting: ${decision.problem.message}`);
    await clock.sleep(waitMs);
  }
}
