/** Observe, then ensure: the one flow behind create and update. */
import { shownCommand } from "../core/shownCommand";
import type { LastMigration, Plan } from "../core/args";
import { decide, type Decision, type Desired } from "../core/decide";
import { type DomainView, isStillInPostCopy, type JobInfo, showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import { startFromDisk } from "../core/refusal";
import { progressLine } from "../core/progressLine";
import { advance, givenUpMs, type Mark } from "../core/stall";
import { showDuration } from "../core/units";
import { whereIs } from "../core/whereIs";
import type { MigrationOptions } from "../core/options";
import { ownedToCopy, showFinding } from "../core/rules";
import { listed } from "../core/near";
import { peerUri, resumeCommand } from "../virsh/command";
import type { Hosts } from "./hosts";
import { migrate, type Move, type Moved, type Ports } from "./migrate";
import { observe } from "./observe";
import { pastWhereItMatters } from "./past";
import { blocked, preflight } from "./preflight";
import { finish } from "./finish";
import { resumeHindrance } from "./resumable";
import { supersede, takeAlong, type TakenAlong } from "./takeAlong";

export interface Wanted {
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
  /** Ask every host: something was left undone before, and need not be where the machine is. */
  everywhere?: boolean;
}

export interface Placed {
  view: DomainView;
  /** Absent when nothing had to be moved. */
  lastMigration: LastMigration | undefined;
}

/** What passes by itself (libvirt clearing up, a job of another kind, the first moment of somebody's migration) is waited for so long. */
const passMs = 60_000;
/** A QEMU whose connection was gone for minutes notices after two more that it is back. */
const slowlyMs = 180_000;
/** So long both sides of an interrupted post-copy must have said so, with nothing sent, before anything is done about it. */
const stoppedMs = 30_000;
const firstWaitMs = 500;
const longestWaitMs = 5000;

/** A second look may find that something else is to be done (somebody moved it meanwhile); so often is that followed. */
const maxRounds = 5;

/** @throws PlacementError; with `seen` once the machine was found. */
export async function place(hosts: Hosts, wanted: Wanted, ports: Ports): Promise<Placed> {
  let last: LastMigration | undefined;
  let seen: DomainView | undefined;
  try {
    for (let round = 0; round < maxRounds; round++) {
      const { decision, seen: now } = await settledLook(hosts, wanted, ports, last?.from);
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
      what: `cannot place ${wanted.domain}`,
      domain: wanted.domain,
      why: `the hosts showed something else in each of ${maxRounds} looks`,
      next: "see who else moves it, and run `pulumi up` again",
    });
  } catch (error) {
    if (error instanceof PlacementError && error.facts.seen === undefined && seen !== undefined)
      throw error.with({ seen });
    throw error;
  }
}

/**
 * What is to be done, from a fresh look at the hosts.
 *
 * @param movedFrom where this run has moved it away from: it may have been found where the state does not know it.
 */
export async function look(hosts: Hosts, wanted: Wanted, movedFrom?: string): Promise<Look> {
  const first = [wanted.lastHost, movedFrom, ...wanted.hosts].filter((name) => name !== undefined);
  // A host that left the inventory has no entry to reach it by; the others may know where the machine went.
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

function desired(hosts: Hosts, { domain, uuid, hosts: names, options }: Wanted): Desired {
  return { domain, uuid, hosts: names, options, inMaintenance: hosts.inMaintenance };
}

interface Look {
  decision: Decision;
  /** What a failure leaves in the state: of a refused create nothing, of a refused update where the machine really is. */
  seen: DomainView | undefined;
}

async function settledLook(
  hosts: Hosts,
  wanted: Wanted,
  { clock, progress }: Ports,
  movedFrom: string | undefined,
): Promise<Look> {
  const startedAt = clock.now();
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(2 * waitMs, longestWaitMs)) {
    const seen = await look(hosts, wanted, movedFrom);
    const { decision } = seen;
    if (decision.action !== "refuse" || !decision.passes) return seen;
    if (clock.now() - startedAt >= (decision.passes === "slowly" ? slowlyMs : passMs)) return seen;
    progress.live(`waiting: ${decision.reason}`);
    await clock.sleep(waitMs);
  }
}

interface Step {
  view: DomainView;
  lastMigration?: LastMigration;
  /** False: look again, something is left to do. */
  complete: boolean;
}

async function carryOut(hosts: Hosts, wanted: Wanted, decision: Decision, ports: Ports): Promise<Step | "again"> {
  const { progress } = ports;
  switch (decision.action) {
    case "noop":
    case "adopt":
      return { view: decision.view, complete: true };
    case "refuse":
      throw new PlacementError({
        code: decision.code,
        phase: "decide",
        what: `cannot place ${wanted.domain} on ${wanted.hosts.join(" or ")}`,
        domain: wanted.domain,
        ...(decision.host !== undefined && { host: decision.host }),
        why: decision.reason,
        next: decision.next,
      });
    case "finish":
      progress.info(decision.reason);
      return { view: await finish(hosts, decision.view, decision.leftovers, ports), complete: true };
    case "attach": {
      progress.info(`${decision.reason}; watching it, no second one is started`);
      const { view, to, reason } = decision;
      const inPostCopy = view.reason.startsWith("post-copy");
      return further(await migrate(hosts, { ...takenOver(hosts, wanted, view, to, reason), inPostCopy }, ports));
    }
    case "resume": {
      const { view, to, reason } = decision;
      if (!(await bothHaveStopped(hosts, wanted, decision, ports))) return "again";
      await refuseCrashingResume(hosts, view, to);
      progress.info(`${reason}; resuming it`);
      const move = takenOver(hosts, wanted, view, to, reason);
      const command = resumeCommand(view.name, hosts.host(to), wanted.options, hosts.uri);
      return further(await migrate(hosts, { ...move, command, inPostCopy: true }, ports));
    }
    case "migrate":
      return start(hosts, wanted, decision, ports);
  }
}

/** The hosts are looked at once more: what was found under way need not have led to where the machine should be. */
function further(moved: Moved | "again"): Step | "again" {
  return moved === "again" ? moved : { view: moved.view, lastMigration: moved.lastMigration, complete: false };
}

/**
 * Waits until both sides have seen the interruption for a while. Where only one has, libvirt refuses to resume ("is being actively
 * monitored by another thread") until the other has too, after half a minute. Where only the daemons lost each other, QEMU goes on and
 * ends by itself: while the destination says "running (post-copy)", or anything is sent, there is nothing to resume. False: look again.
 */
async function bothHaveStopped(
  hosts: Hosts,
  wanted: Wanted,
  { view, to }: Extract<Decision, { action: "resume" }>,
  { clock, progress }: Ports,
): Promise<boolean> {
  let mark: Mark | undefined;
  let stoppedAt: number | undefined;
  let told = false;
  for (;;) {
    const [source, destination] = await Promise.all(
      [view.host, to].map(async (host) => (await hosts.virsh(host)).state(view.uuid)),
    );
    if (![source, destination].every((state) => state?.reason.startsWith("post-copy"))) return false;
    const goesOn = isStillInPostCopy(destination);
    const now = clock.now();
    const job = await jobOn(hosts, view);
    const last = mark;
    mark = advance(mark, job, true, now);
    const sends = last !== undefined && mark !== last;
    const both = [source, destination].every((state) => state?.reason === "post-copy failed");
    stoppedAt = both && !sends ? (stoppedAt ?? now) : undefined;
    if (stoppedAt !== undefined && now - stoppedAt >= stoppedMs) return true;
    const stillMs = now - mark.atMs;
    if (goesOn && stillMs >= givenUpMs) throw noEndSeen(view, to, stillMs);
    if (!goesOn && stillMs >= passMs) return (await look(hosts, wanted)).decision.action === "resume";
    if (sends && !told) {
      progress.info(
        `libvirt on ${view.host} has given the migration up, but QEMU goes on with it: waiting for its end`,
      );
      told = true;
    }
    progress.live(
      sends && job !== undefined
        ? progressLine(job, true, 0).text
        : goesOn
          ? `waiting: ${view.name} runs on ${to}, and its post-copy migration may end by itself`
          : `waiting until both ${view.host} and ${to} have noticed that the migration was interrupted`,
    );
    await clock.sleep(2 * firstWaitMs);
  }
}

function noEndSeen(view: DomainView, to: string, stillMs: number): PlacementError {
  return new PlacementError({
    code: "postCopyInterrupted",
    phase: "watch",
    what: `cannot see the post-copy migration of ${view.name} from ${view.host} to ${to} to its end`,
    domain: view.name,
    host: to,
    why: `libvirt on ${view.host} has given it up, ${to} has not ("running (post-copy)"), and nothing has been sent for ${showDuration(stillMs)}`,
    next: `destroy and resume nothing on either host: check the link between ${view.host} and ${to}, and run \`pulumi up\` again, which waits again, and resumes it once ${to} has noticed too`,
  });
}

/** Undefined also where it cannot be told at the moment. */
async function jobOn(hosts: Hosts, { host, uuid }: DomainView): Promise<JobInfo | undefined> {
  try {
    return await (await hosts.virsh(host)).job(uuid);
  } catch (error) {
    if (error instanceof PlacementError) return undefined;
    throw error;
  }
}

async function start(
  hosts: Hosts,
  wanted: Wanted,
  decision: Extract<Decision, { action: "migrate" }>,
  ports: Ports,
): Promise<Step | "again"> {
  const { view, to } = decision;
  return hosts.withRoom(
    view.host,
    to,
    (reason) => ports.progress.live(reason),
    async () => {
      const move = moveOf(hosts, wanted, view, to, decision.how, decision.reason);
      const { command, how, options } = move;
      const what = `cannot move ${view.name} from ${view.host} to ${to}`;
      const staleImages = wanted.lastMigration?.staleImages;
      const { facts, found } = await preflight(
        hosts,
        { uuid: view.uuid, state: view.state, from: view.host, to, command, how, options, staleImages },
        ports.clock,
      );
      const error = blocked(found, what, view.name);
      if (error) throw error.with({ seen: view });
      for (const finding of found) if (finding.severity === "warning") ports.progress.warn(showFinding(finding));

      const owned = ownedToCopy(facts);
      if (owned.length > 0)
        ports.progress.live(
          `copying ${listed(
            owned.map(({ what: name }) => name),
            "and",
          )} to ${to}`,
        );
      const way = { name: view.name, uuid: view.uuid, from: view.host, to };
      const along = owned.length > 0 ? await takeAlong(hosts, way, owned) : undefined;
      // While the rules were asked, or a place was waited for, the machine may have been stopped, started or moved.
      const { decision: again } = await look(hosts, wanted);
      if (again.action !== "migrate" || again.how !== how || again.view.host !== view.host || again.to !== to) {
        await along?.putBack();
        return "again";
      }
      if (how === "offline" && options.maxDowntimeMs !== undefined) {
        ports.progress.info(`${view.name} is ${showState(again.view)}: migration.maxDowntime is not needed`);
      }
      const moved = await withOwned(along, () => migrate(hosts, { ...move, view: again.view }, ports));
      if (moved === "again") return moved;
      if (how === "live")
        await supersede(
          hosts,
          view.host,
          (facts.domain?.owned ?? []).flatMap(({ path }) => path ?? []),
        );
      return { view: moved.view, lastMigration: moved.lastMigration, complete: moved.leftover === undefined };
    },
  );
}

/** What was copied beforehand is settled or taken back, by how the move ended; where that is not known, both copies stay. */
async function withOwned(along: TakenAlong | undefined, run: () => Promise<Moved | "again">): Promise<Moved | "again"> {
  if (along === undefined) return run();
  let moved: Moved | "again";
  try {
    moved = await run();
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    // Only where virsh itself has said that it failed is nothing on its way any more.
    const undone = error.phase === "migrate" && (await along.putBack().catch(() => false));
    throw undone
      ? error
      : error.with({ next: `${error.facts.next}. Remove nothing by hand meanwhile: ${along.inWords}` });
  }
  if (moved !== "again")
    await along.settle().catch((error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      throw error.with({
        what: `${along.name} has moved, but what it owns beside its disks could not be verified`,
        phase: "verify",
        seen: moved.view,
        next: `do not start it before that is clear: its copy on the source is beside the place it had (.vm-placement-….kept)`,
      });
    });
  return moved;
}

/** The planned move. */
export function moveOf(
  hosts: Hosts,
  wanted: Wanted,
  view: DomainView,
  to: string,
  how: "live" | "offline",
  reason: string,
): Move {
  const planned = wanted.plan[how];
  const command = typeof planned === "object" ? planned[to] : planned;
  if (command === undefined) throw new Error(`no ${how} command to ${to} was planned`);
  return { ...takenOver(hosts, wanted, view, to, reason), how, command, before: wanted.plan.before ?? [] };
}

/** One that already runs, perhaps to a host that no plan is of. */
function takenOver(
  hosts: Hosts,
  { options, lastMigration }: Wanted,
  view: DomainView,
  to: string,
  reason: string,
): Move {
  const staleImages = lastMigration?.staleImages ?? [];
  return {
    ...{ view, to, how: "live", reason, options, command: "", before: [], staleImages },
    peerUri: peerUri(hosts.host(to)),
  };
}

/** Asked once both sides are known to have stopped: the remedies may destroy. */
async function refuseCrashingResume(hosts: Hosts, view: DomainView, to: string): Promise<void> {
  const hindrance = await resumeHindrance(hosts, view.host, to);
  if (hindrance === undefined) return;
  const { host, why, upgradeTo } = hindrance;
  throw new PlacementError({
    code: "unsafeCombination",
    phase: "preflight",
    what: `cannot resume the post-copy migration of ${view.name} from ${view.host} to ${to}`,
    domain: view.name,
    host,
    why,
    next:
      `upgrade libvirt on ${host} to ${upgradeTo} or later (the VM's QEMU keeps running meanwhile), then run \`pulumi up\` again: nothing is lost. ` +
      `If that cannot be: ${startFromDisk({ ...view, host: to })}, after ${shownCommand`virsh destroy ${view}`} on ${view.host}`,
  });
}
