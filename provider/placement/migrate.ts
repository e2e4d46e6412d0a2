/** One move, from the planned commands to the verdict of both hosts. */
import type { LastMigration, StaleImage } from "../core/args";
import { type DomainView, isActive, type JobInfo, showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Clock, ExecResult, Progress, UnderWay } from "../core/ports";
import { showBytes, showDuration } from "../core/units";
import { isCopied } from "../core/rules";
import type { Virsh } from "../virsh/client";
import { parseDomainXml } from "../virsh/domainXml";
import { command } from "../virsh/virshCommand";
import { explainFailure } from "./explain";
import { factsOf, migrationFailure } from "./failure";
import type { Hosts } from "./hosts";
import { rememberMaxDowntime } from "./limits";
import { type Verdict, verify } from "./verify";
import { type Watched, watch } from "./watch";

/** An offline migration moves a few kilobytes; libvirt gives up on a silent peer well before. */
const offlineMs = 180_000;
/** One of which nobody heard the end: so long it may take to show. */
const unheardMs = 10_000;

export interface Ports {
  clock: Clock;
  progress: Progress;
  /** Hears of each migration that is started or taken over, and of its end. */
  underWay?: (migration: UnderWay | undefined) => void;
}

export interface Move {
  view: DomainView;
  to: string;
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

export interface Moved {
  view: DomainView;
  /** A definition the source kept. */
  leftover: DomainView | undefined;
  lastMigration: LastMigration;
}

/**
 * @returns "again" when it met a migration of somebody else: the hosts are to be looked at anew.
 * @throws PlacementError with `seen`: where the machine is, whatever happened.
 */
export async function migrate(hosts: Hosts, move: Move, ports: Ports): Promise<Moved | "again"> {
  const { clock, progress } = ports;
  const { view, to, how, options } = move;
  const started = move.command !== "";
  const putBack = how === "live" ? await rememberMaxDowntime(hosts, view, options, started, progress) : async () => {};
  const startedAt = clock.now() - (started ? 0 : (view.job?.elapsedMs ?? 0));
  progress.live(`${started ? "starting" : "watching"} the ${how} migration ${view.host} → ${to}`);

  let watched: Watched;
  let verdict: Verdict;
  hosts.forget(view.host, to);
  const underWay = spokenOf(hosts, move);
  try {
    await runBefore(hosts, move);
    ports.underWay?.(underWay);
    const run = started ? (await hosts.virsh(view.host)).exec(move.command) : undefined;
    watched =
      how === "live"
        ? await watch(
            hosts,
            { view, to, run, options, startedAt, inPostCopy: underWay.inPostCopy, onPostCopy: underWay.switched },
            ports,
          )
        : await plainly(run!, clock);
    progress.live("verifying on both hosts");
    const unheard = how === "offline" && watched.exit === undefined;
    verdict = await verify(
      hosts,
      { uuid: view.uuid, from: view.host, to, how },
      clock,
      unheard ? unheardMs : 0,
      (text) => progress.live(text),
    );
  } finally {
    ports.underWay?.(undefined);
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
  if (verdict.outcome === "underWay" && exit !== undefined && exit.code !== 0 && watched.cancelled === undefined) {
    return "again";
  }
  throw await migrationFailure(hosts, move, watched, verdict, clock.now() - startedAt);
}

function spokenOf(hosts: Hosts, { view, to, how, inPostCopy = false }: Move): UnderWay & { switched: () => void } {
  const underWay = {
    domain: view.name,
    from: view.host,
    to,
    how,
    inPostCopy,
    switched: () => void (underWay.inPostCopy = true),
    cancel: async () => (await hosts.virsh(view.host)).abortJob(view.uuid),
  };
  return underWay;
}

/** What the plan says comes first. */
async function runBefore(hosts: Hosts, move: Move): Promise<void> {
  if (move.how !== "live" || move.command === "") return;
  for (const command of move.before) {
    const exit = await (await hosts.virsh(move.view.host)).execShort(command);
    if (exit.code !== 0) throw await explainFailure(exit, { ...factsOf(move), durationMs: 0 }, hosts);
  }
}

/** The machine is on the destination. What fails from here on leaves it there. */
async function arrived(
  hosts: Hosts,
  move: Move,
  watched: Watched,
  verdict: Verdict,
  times: { startedAt: number; durationMs: number },
  progress: Progress,
): Promise<Moved> {
  const { view, to } = move;
  const there = verdict.destination!;
  try {
    const destination = await hosts.virsh(to);
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
      what: `${view.name} has moved from ${view.host} to ${to}, but what comes after could not be done`,
      phase: "verify",
      domain: view.name,
      seen: there,
      next: `run \`pulumi up\` again when ${to} can be asked: it finds the machine there`,
    });
  }
}

/** An offline migration moves a definition: there is nothing to watch. */
async function plainly(run: Promise<ExecResult>, clock: Clock): Promise<Watched> {
  let exit: ExecResult | undefined;
  let lost: PlacementError | undefined;
  const end = run.then(
    (result) => void (exit = result),
    (error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      lost = error;
    },
  );
  await Promise.race([end, clock.sleep(offlineMs)]);
  const nothing = { inPostCopy: false, done: new Set<never>(), cancelled: undefined, lastJob: undefined };
  return { exit, lost, neverBegan: false, stalled: false, ...nothing };
}

/** libvirt forgets autostart on the way; and a machine that we paused to get it over runs on, one that was paused before does not. */
async function keepAsItWas(
  destination: Virsh,
  before: DomainView,
  after: DomainView,
  watched: Watched,
  progress: Progress,
): Promise<void> {
  if (before.autostart !== after.autostart) await destination.setAutostart(before.uuid, before.autostart);
  const wasPaused = before.state === "paused";
  if (watched.done.has("suspend") && !wasPaused && after.state === "paused") {
    await destination.resume(before.uuid);
    progress.info(`resumed on ${destination.host}`);
  }
}

async function record(
  destination: Virsh,
  move: Move,
  watched: Watched,
  { startedAt, durationMs }: { startedAt: number; durationMs: number },
): Promise<LastMigration> {
  const completed = move.how === "offline" ? undefined : await destination.completedJob(move.view.uuid);
  // The second phase may end between two looks. The destination tells: it has statistics of a pre-copy, and none of a post-copy.
  const switched = watched.inPostCopy || (watched.done.has("postCopy") && completed === undefined);
  const mode =
    move.how === "offline" ? "offline" : switched ? "postCopy" : watched.done.has("suspend") ? "suspended" : "live";
  const job: JobInfo | undefined = completed ?? watched.lastJob;
  const startedText = new Date(startedAt).toISOString();
  const staleImages = [
    ...(move.staleImages ?? []).filter(({ host }) => host !== move.to),
    ...(await imagesLeft(destination, move)).map((path) => ({ host: move.view.host, path, since: startedText })),
  ];
  const bytes = job && (job.memoryProcessedBytes ?? 0) + (job.diskProcessedBytes ?? 0);
  return {
    from: move.view.host,
    to: move.to,
    startedAt: startedText,
    durationMs,
    // While it runs libvirt only repeats its estimate; after a post-copy that is all there is, and it can be far off.
    ...(completed?.downtimeMs !== undefined && !switched && { downtimeMs: completed.downtimeMs }),
    ...(bytes ? { totalBytes: bytes } : {}),
    ...(watched.bytesPerSecond !== undefined && { bytesPerSecond: watched.bytesPerSecond }),
    ...(job?.passes ? { passes: job.passes } : {}),
    mode,
    command: move.command,
    reason: move.reason,
    ...(staleImages.length > 0 && { staleImages }),
  };
}

/** The images on the source whose content was copied: the guest writes to the copies now. */
async function imagesLeft(destination: Virsh, { how, options, view }: Move): Promise<string[]> {
  if (how !== "live" || options.copyStorage === undefined) return [];
  const xml = await destination.inquire(command`dumpxml ${view.uuid}`);
  const disks = (xml === undefined ? undefined : parseDomainXml(xml))?.disks ?? [];
  return disks.filter((disk) => isCopied(disk, { options })).flatMap(({ path }) => path ?? []);
}

/** "moved kvm-a → kvm-b in 2.4 s, paused 43 ms, 163 MiB sent". */
function summary(last: LastMigration): string {
  const parts = [
    `moved ${last.from} → ${last.to}${last.mode === "offline" ? " (shut off)" : ""} in ${showDuration(last.durationMs)}`,
  ];
  if (last.mode === "postCopy") parts.push("by post-copy, pause not reported by libvirt");
  else if (last.downtimeMs !== undefined) parts.push(`paused ${showDuration(last.downtimeMs)}`);
  if (last.totalBytes !== undefined) parts.push(`${showBytes(last.totalBytes)} sent`);
  return parts.join(", ");
}
