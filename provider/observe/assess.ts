/** Observe, then decide: what is to be done, and the wait for what passes by itself. Reads only. */
import type { LastMigration, Plan } from "../core/args";
import { decide } from "../core/decide";
import type { Decision, Desired } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import type { MigrationOptions } from "../core/options";
import type { Clock, Progress } from "../core/ports";
import { whereIs } from "../core/whereIs";
import type { Hosts } from "./hosts";
import { observe } from "./observe";
import { pastWhereItMatters } from "./past";
import { intervals, waits } from "../core/times";

export interface DesiredPlacement {
  domain: string;
  /** The UUID in state; undefined on create. */
  uuid: string | undefined;
  hosts: readonly string[];
  options: MigrationOptions;
  plan: Plan;
  /** `currentHost` in state. */
  lastHost: string | undefined;
  /** The last move in state: a prediction may learn from it. */
  lastMigration?: LastMigration | undefined;
  /** Ask every host: something was left undone before, and need not be where the VM is. */
  everywhere?: boolean;
}

/**
 * What is to be done, from a fresh look at the hosts.
 *
 * @param movedFrom where this run has moved it away from: it may have been found where the state does not know it.
 */
export async function assess(hosts: Hosts, wanted: DesiredPlacement, movedFrom?: string): Promise<Assessment> {
  const first = [wanted.lastHost, movedFrom, ...wanted.hosts].filter((name) => name !== undefined);
  // A host that left the inventory has no entry to reach it by; the others may know where the VM went.
  const known =
    hosts.names.length === 0
      ? first
      : first.filter((name) => hosts.names.includes(name) || wanted.hosts.includes(name));
  const observed = await observe(hosts, {
    domain: wanted.domain,
    uuid: wanted.uuid,
    first: known,
    everywhere: wanted.uuid === undefined || wanted.everywhere === true,
    lastHost: wanted.lastHost,
  });
  const mine = observed.views.filter(({ uuid }) => wanted.uuid === undefined || uuid === wanted.uuid);
  const answering = observed.asked.filter((name) => !observed.unreachable.some(({ host }) => host === name));
  const past = await pastWhereItMatters(hosts, mine, answering);
  const decision = decide(desired(hosts, wanted), { ...observed, ...(past && { past }) });
  if (decision.action !== "refuse") return { decision, seen: decision.view };
  const found = whereIs(observed.views.filter(({ uuid }) => uuid === wanted.uuid));
  return { decision, seen: found && "host" in found ? found : undefined };
}

function desired(hosts: Hosts, { domain, uuid, hosts: names, options }: DesiredPlacement): Desired {
  return { domain, uuid, hosts: names, options, inMaintenance: hosts.inMaintenance };
}

export interface Assessment {
  decision: Decision;
  /** What a failure leaves in the state: of a refused create nothing, of a refused update where the VM really is. */
  seen: DomainView | undefined;
}

export async function assessSettled(
  hosts: Hosts,
  wanted: DesiredPlacement,
  { clock, progress }: { clock: Clock; progress: Progress },
  movedFrom: string | undefined,
): Promise<Assessment> {
  const startedAt = clock.now();
  for (let waitMs: number = intervals.firstObservation; ; waitMs = Math.min(2 * waitMs, intervals.longestObservation)) {
    const seen = await assess(hosts, wanted, movedFrom);
    const { decision } = seen;
    if (decision.action !== "refuse" || !decision.passes) return seen;
    if (clock.now() - startedAt >= (decision.passes === "slowly" ? waits.settlesSlowly : waits.settles)) {
      return decision.otherwise ? { decision: decision.otherwise, seen: decision.otherwise.view } : seen;
    }
    progress.live(`waiting: ${decision.reason}`);
    await clock.sleep(waitMs);
  }
}
