/** Observe, then ensure: the one flow behind create and update. */
import type { LastMigration } from "../core/args";
import type { Decision } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { isActive, isInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import { resumeCommand } from "../virsh/migrateCommand";
import type { Hosts } from "../observe/hosts";
import type { Ports, Progress } from "../core/ports";
import type { Migration } from "../core/migration";
import { withTimeout } from "../core/timeout";
import { parseDomainXml } from "../virsh/domainXml";
import { command } from "../virsh/virshCommand";
import { isCopied } from "../core/problems";
import { FactsAhead } from "../preflight/factsAhead";
import { assessSettled, type DesiredPlacement } from "../observe/assess";
import { migrationInProgress } from "../observe/migration";
import { bothHaveStopped, refuseCrashingResume } from "./resume";
import { start, type Step } from "./start";
import type { Moved } from "./arrived";
import { migrate } from "./migrate";
import { cleanUp } from "./cleanUp";
import { createImages, settleCreated } from "./createImages";
import { connectMeanwhile, type HostsAsked, removeLeftElsewhere } from "./leftElsewhere";
import { withTakenAlong } from "./withTakenAlong";

export interface Reconciled {
  view: DomainView;
  /** Absent when nothing had to be moved. */
  lastMigration: LastMigration | undefined;
}

/** A second observation may show that something else is to be done (somebody moved it meanwhile): how often that is followed. */
const maxRounds = 5;

/** @throws PlacementError; with `seen` once the VM was found. */
export async function reconcile(
  hosts: Hosts,
  desired: DesiredPlacement,
  ports: Ports,
  factsAhead = new FactsAhead(ports.clock, false),
): Promise<Reconciled> {
  let last: LastMigration | undefined;
  let seen: DomainView | undefined;
  let asked: HostsAsked | undefined;
  try {
    for (let round = 0; round < maxRounds; round++) {
      const { decision, seen: now } = await assessSettled(hosts, desired, ports, last?.from);
      seen = now;
      if (decision.action === "migrate" || decision.action === "attach")
        asked ??= connectMeanwhile(hosts, desired.options);
      const done = await carryOut(hosts, desired, decision, ports, factsAhead);
      if (done === "again") continue;
      seen = done.view;
      last = done.lastMigration ?? last;
      if (!done.complete) continue;
      if (last !== undefined) await removeLeftElsewhere(hosts, done.view, desired.options, ports, asked);
      return { view: done.view, lastMigration: last };
    }
    throw new PlacementError({
      code: "verificationFailed",
      phase: "decide",
      action: `cannot place ${desired.domain}`,
      domain: desired.domain,
      message: `the hosts showed something else in each of ${maxRounds} observations`,
      remedies: [{ do: "find out who else moves it, then run `pulumi up` again" }],
    });
  } catch (error) {
    if (error instanceof PlacementError && error.problem.seen === undefined && seen !== undefined)
      throw error.with({ seen });
    throw error;
  }
}

async function carryOut(
  hosts: Hosts,
  desired: DesiredPlacement,
  decision: Decision,
  ports: Ports,
  factsAhead: FactsAhead,
): Promise<Step | "again"> {
  const { progress } = ports;
  switch (decision.action) {
    case "noop":
    case "adopt":
      await settleCreated(hosts, decision.view, desired.options);
      return { view: decision.view, complete: true };
    case "refuse":
      throw new PlacementError({
        domain: desired.domain,
        ...decision.problem,
        phase: "decide",
        action: `cannot place ${desired.domain} on ${desired.hosts.join(" or ")}`,
      });
    case "finish":
      progress.info(decision.reason);
      // After an abandoned source of a post-copy was ended, the VM may still not be where it should be.
      return {
        view: await cleanUp(hosts, decision.view, decision.leftovers, ports),
        complete: !decision.leftovers.some(isActive),
      };
    case "attach": {
      progress.info(`${decision.reason}; watching it, no second one is started`);
      const asked = await withItsTimeout(hosts, migrationInProgress(hosts, desired, decision), progress);
      const migration = await withItsDisks(hosts, asked);
      const inPostCopy = isInPostCopy(decision.view);
      const created = await createImages(hosts, migration, [], ports);
      return further(await withTakenAlong(created, () => migrate(hosts, { ...migration, inPostCopy }, ports)));
    }
    case "resume": {
      const migration = migrationInProgress(hosts, desired, decision);
      if (!(await bothHaveStopped(hosts, desired, migration, ports))) return "again";
      await refuseCrashingResume(hosts, migration);
      const { domain, destination, reason, options } = migration;
      progress.info(`${reason}; resuming it`);
      const resume = resumeCommand(domain.name, hosts.host(destination), options, hosts.uri);
      return further(await migrate(hosts, { ...migration, command: resume, inPostCopy: true }, ports));
    }
    case "migrate":
      return start(hosts, desired, decision, ports, factsAhead);
  }
}

/** The memory of a VM that was found on its way is not known yet. */
async function withItsTimeout(hosts: Hosts, migration: Migration, progress: Progress): Promise<Migration> {
  const { domain, source, options } = migration;
  if (options.timeoutMsPerGiB === undefined) return migration;
  const memoryBytes = await (await hosts.on(source)).memoryBytes(domain.uuid);
  if (memoryBytes === undefined)
    progress.warn(`libvirt on ${source} does not tell the memory of ${domain.name}: migration.timeout does not hold`);
  return { ...migration, options: withTimeout(options, memoryBytes) };
}

/** While it is there: on the destination its disks may have other paths. */
async function withItsDisks(hosts: Hosts, migration: Migration): Promise<Migration> {
  const { domain, source, options } = migration;
  if (options.copyStorage === undefined || options.disks === undefined) return migration;
  const xml = await (await hosts.on(source)).inquire(command`dumpxml ${domain.uuid}`);
  const disks = xml === undefined ? undefined : parseDomainXml(xml)?.disks;
  const copied = disks?.filter((disk) => isCopied(disk, { options }));
  return copied === undefined ? migration : { ...migration, copiedDisks: copied };
}

/** The hosts are observed once more: the migration that was in progress need not lead to where the VM should be. */
function further(moved: Moved | "again"): Step | "again" {
  return moved === "again" ? moved : { view: moved.view, lastMigration: moved.lastMigration, complete: false };
}
