/** One move, from the planned commands to the verdict of both hosts. */
import type { LastMigration } from "../core/args";
import { type DomainView, showState } from "../core/domain";
import { isActive, isPaused } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Clock, ExecResult, Ports, Progress, InFlight } from "../core/ports";
import type { Virsh } from "../virsh/client";
import { explainFailure } from "./explainFailure";
import { factsOf, diagnose } from "./diagnose";
import type { Migration } from "../observe/migration";
import type { Hosts } from "../observe/hosts";
import { record, summary } from "./record";
import { rememberMaxDowntime } from "./maxDowntime";
import { type Verdict, verify } from "./verify";
import { type Monitored, monitor } from "./monitor";
import { waits } from "../core/times";

export interface Moved {
  view: DomainView;
  /** A definition the source kept. */
  leftover: DomainView | undefined;
  lastMigration: LastMigration;
}

/**
 * @returns "again" when it met a migration of somebody else: the hosts are to be looked at again.
 * @throws PlacementError with `seen`: where the VM is, whatever happened.
 */
export async function migrate(hosts: Hosts, move: Migration, ports: Ports): Promise<Moved | "again"> {
  const { clock, progress } = ports;
  const { view, destination: to, how, options } = move;
  const started = move.command !== "";
  const putBack = how === "live" ? await rememberMaxDowntime(hosts, view, options, started, progress) : async () => {};
  const startedAt = clock.now() - (started ? 0 : (view.job?.elapsedMs ?? 0));
  progress.live(`${started ? "starting" : "watching"} the ${how} migration ${view.host} → ${to}`);

  let watched: Monitored;
  let verdict: Verdict;
  hosts.forget(view.host, to);
  const inFlight = inFlightOf(hosts, move);
  try {
    await runBefore(hosts, move);
    ports.inFlight?.(inFlight);
    const run = started ? (await hosts.on(view.host)).exec(move.command) : undefined;
    watched =
      how === "live"
        ? await monitor(
            hosts,
            { view, to, run, options, startedAt, inPostCopy: inFlight.inPostCopy, onPostCopy: inFlight.switched },
            ports,
          )
        : await plainly(run!, clock);
    progress.live("verifying on both hosts");
    const unheard = how === "offline" && watched.exit === undefined;
    verdict = await verify(
      hosts,
      { uuid: view.uuid, from: view.host, to, how },
      clock,
      unheard ? waits.offlineUnheard : 0,
      (text) => progress.live(text),
    );
  } finally {
    ports.inFlight?.(undefined);
    hosts.forget(view.host, to);
    await putBack();
  }
  if (verdict.outcome === "moved" || verdict.outcome === "leftover") {
    const durationMs = clock.now() - startedAt;
    return arrived(hosts, move, watched, verdict, { startedAt, durationMs }, progress);
  }
  // Somebody else moved it first, perhaps to a third host.
  if (verdict.outcome === "unclear" && !verdict.source && !verdict.destination) return "again";
  const { exit } = watched;
  if (verdict.outcome === "inProgress" && exit !== undefined && exit.code !== 0 && watched.cancelled === undefined) {
    return "again";
  }
  throw await diagnose(hosts, move, watched, verdict, clock.now() - startedAt);
}

function inFlightOf(
  hosts: Hosts,
  { view, destination: to, how, inPostCopy = false }: Migration,
): InFlight & { switched: () => void } {
  const inFlight = {
    domain: view.name,
    from: view.host,
    to,
    how,
    inPostCopy,
    switched: () => void (inFlight.inPostCopy = true),
    cancel: async () => (await hosts.on(view.host)).abortJob(view.uuid),
  };
  return inFlight;
}

/** What the plan says comes first. */
async function runBefore(hosts: Hosts, move: Migration): Promise<void> {
  if (move.how !== "live" || move.command === "") return;
  for (const command of move.before) {
    const exit = await (await hosts.on(move.view.host)).execShort(command);
    if (exit.code !== 0) throw await explainFailure(exit, { ...factsOf(move), durationMs: 0 }, hosts);
  }
}

/** The VM is on the destination. What fails from here on leaves it there. */
async function arrived(
  hosts: Hosts,
  move: Migration,
  watched: Monitored,
  verdict: Verdict,
  times: { startedAt: number; durationMs: number },
  progress: Progress,
): Promise<Moved> {
  const { view, destination: to } = move;
  const there = verdict.destination!;
  try {
    const destination = await hosts.on(to);
    if (watched.cancelled !== undefined) progress.info("it had moved before it could be cancelled");
    await keepAsItWas(destination, view, there, watched, progress);
    const lastMigration = await record(destination, move, watched, times);
    progress.info(summary(lastMigration));
    const left = (lastMigration.staleImages ?? []).filter(({ host }) => host === view.host);
    if (left.length > 0) {
      progress.info(
        `stale from now on, and left as they are on ${view.host}: ${left.map(({ path }) => path).join(", ")}; a move back needs migration.copyStorage again`,
      );
    }
    const now = (await destination.view(view.uuid)) ?? there;
    if (move.how === "live" && !isActive(now)) {
      progress.warn(`${view.name} is ${showState(now)} on ${to}: it ended there after it had arrived`);
    }
    return { view: now, leftover: verdict.source, lastMigration };
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    throw error.with({
      action: `${view.name} has moved from ${view.host} to ${to}, but what comes after could not be done`,
      phase: "verify",
      domain: view.name,
      seen: there,
      remedies: [{ do: `run \`pulumi up\` again when ${to} can be asked: it finds the VM there` }],
    });
  }
}

/** An offline migration moves a definition: there is nothing to watch. */
async function plainly(run: Promise<ExecResult>, clock: Clock): Promise<Monitored> {
  let exit: ExecResult | undefined;
  let lost: PlacementError | undefined;
  const end = run.then(
    (result) => void (exit = result),
    (error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      lost = error;
    },
  );
  await Promise.race([end, clock.sleep(waits.offline)]);
  const nothing = { inPostCopy: false, done: new Set<never>(), cancelled: undefined, lastJob: undefined };
  return { exit, lost, neverBegan: false, stalled: false, ...nothing };
}

/** libvirt forgets autostart on the way; and a VM that we paused to get it over runs on, one that was paused before does not. */
async function keepAsItWas(
  destination: Virsh,
  before: DomainView,
  after: DomainView,
  watched: Monitored,
  progress: Progress,
): Promise<void> {
  if (before.autostart !== after.autostart) await destination.setAutostart(before.uuid, before.autostart);
  const wasPaused = isPaused(before);
  if (watched.done.has("suspend") && !wasPaused && isPaused(after)) {
    await destination.resume(before.uuid);
    progress.info(`resumed on ${destination.host}`);
  }
}
