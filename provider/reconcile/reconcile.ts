/** Observe, then ensure: the one flow behind create and update. */
import type { LastMigration } from "../core/args";
import type { Decision } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { isActive, isInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import { resumeCommand } from "../virsh/command";
import type { Hosts } from "../observe/hosts";
import type { Ports } from "../core/ports";
import { assessSettled, type DesiredPlacement } from "../observe/assess";
import { migrationInProgress } from "../observe/migration";
import { bothHaveStopped, refuseCrashingResume } from "./resume";
import { start, type Step } from "./start";
import { migrate, type Moved } from "./migrate";
import { cleanUp } from "./cleanUp";

export interface Reconciled {
  view: DomainView;
  /** Absent when nothing had to be moved. */
  lastMigration: LastMigration | undefined;
}

/** A second look may find that something else is to be done (somebody moved it meanwhile); so often is that followed. */
const maxRounds = 5;

/** @throws PlacementError; with `seen` once the VM was found. */
export async function reconcile(hosts: Hosts, wanted: DesiredPlacement, ports: Ports): Promise<Reconciled> {
  let last: LastMigration | undefined;
  let seen: DomainView | undefined;
  try {
    for (let round = 0; round < maxRounds; round++) {
      const { decision, seen: now } = await assessSettled(hosts, wanted, ports, last?.from);
      seen = now;
      const done = await carryOut(hosts, wanted, decision, ports);
      if (done === "again") continue;
      seen = done.view;
      last = done.lastMigration ?? last;
      if (done.complete) return { view: done.view, lastMigration: last };
    }
    throw new PlacementError({
      code: "verificationFailed",
      phase: "decide",
      action: `cannot place ${wanted.domain}`,
      domain: wanted.domain,
      message: `the hosts showed something else in each of ${maxRounds} looks`,
      remedies: [{ do: "see who else moves it, and run `pulumi up` again" }],
    });
  } catch (error) {
    if (error instanceof PlacementError && error.problem.seen === undefined && seen !== undefined)
      throw error.with({ seen });
    throw error;
  }
}

async function carryOut(
  hosts: Hosts,
  wanted: DesiredPlacement,
  decision: Decision,
  ports: Ports,
): Promise<Step | "again"> {
  const { progress } = ports;
  switch (decision.action) {
    case "noop":
    case "adopt":
      return { view: decision.view, complete: true };
    case "refuse":
      throw new PlacementError({
        ...decision.problem,
        phase: "decide",
        action: `cannot place ${wanted.domain} on ${wanted.hosts.join(" or ")}`,
        domain: wanted.domain,
      });
    case "finish":
      progress.info(decision.reason);
      // Where a half of a migration was cleared up, the VM need not be where it should be.
      return {
        view: await cleanUp(hosts, decision.view, decision.leftovers, ports),
        complete: !decision.leftovers.some(isActive),
      };
    case "attach": {
      progress.info(`${decision.reason}; watching it, no second one is started`);
      const { view, to, reason } = decision;
      const inPostCopy = isInPostCopy(view);
      return further(
        await migrate(hosts, { ...migrationInProgress(hosts, wanted, view, to, reason), inPostCopy }, ports),
      );
    }
    case "resume": {
      const { view, to, reason } = decision;
      if (!(await bothHaveStopped(hosts, wanted, decision, ports))) return "again";
      await refuseCrashingResume(hosts, view, to);
      progress.info(`${reason}; resuming it`);
      const move = migrationInProgress(hosts, wanted, view, to, reason);
      const command = resumeCommand(view.name, hosts.host(to), wanted.options, hosts.uri);
      return further(await migrate(hosts, { ...move, command, inPostCopy: true }, ports));
    }
    case "migrate":
      return start(hosts, wanted, decision, ports);
  }
}

/** The hosts are looked at once more: what was found under way need not have led to where the VM should be. */
function further(moved: Moved | "again"): Step | "again" {
  return moved === "again" ? moved : { view: moved.view, lastMigration: moved.lastMigration, complete: false };
}
