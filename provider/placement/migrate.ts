/** One move, from the planned commands to the verdict of both hosts. */
import type { LastMigration } from "../core/args";
import { type DomainView, type JobInfo, showState } from "../core/domain";
import { type ErrorCode, PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Clock, ExecResult, Progress } from "../core/ports";
import { showBytes, showDuration } from "../core/units";
import type { Virsh } from "../virsh/client";
import { explainFailure } from "./explain";
import type { Hosts } from "./hosts";
import { type Verdict, verify } from "./verify";
import { type Watched, watch } from "./watch";

export interface Ports {
  clock: Clock;
  progress: Progress;
}

export interface Move {
  view: DomainView;
  to: string;
  how: "live" | "offline";
  reason: string;
  options: MigrationOptions;
  /** The planned command; empty for a migration that already runs. */
  command: string;
  before: readonly string[];
  peerUri: string;
  /** Taken over in post-copy. */
  inPostCopy?: boolean;
}

export interface Moved {
  view: DomainView;
  /** A definition the source kept. */
  leftover: DomainView | undefined;
  lastMigration: LastMigration;
}

/** @throws PlacementError with `seen`: where the machine is, whatever happened. */
export async function migrate(hosts: Hosts, move: Move, ports: Ports): Promise<Moved> {
  const { clock, progress } = ports;
  const { view, to } = move;
  const source = await hosts.virsh(view.host);
  const putBack = await prepare(hosts, source, move);
  const startedAt = clock.now();
  progress.live(`${move.command === "" ? "watching" : "starting"} the ${move.how} migration ${view.host} → ${to}`);

  let watched: Watched;
  let verdict: Verdict;
  hosts.forget(view.host, to);
  try {
    const run = move.command === "" ? undefined : source.exec(move.command);
    watched =
      move.how === "live"
        ? await watch(
            hosts,
            { view, run, options: move.options, startedAt, inPostCopy: move.inPostCopy ?? false },
            ports,
          )
        : await plainly(run!);
    progress.live("verifying on both hosts");
    verdict = await verify(hosts, { uuid: view.uuid, from: view.host, to, how: move.how }, clock);
  } finally {
    hosts.forget(view.host, to);
    await putBack();
  }
  const durationMs = clock.now() - startedAt;
  if (verdict.outcome !== "moved" && verdict.outcome !== "leftover")
    throw await failure(move, watched, verdict, durationMs, hosts);

  const there = verdict.destination!;
  const destination = await hosts.virsh(to);
  await keepAsItWas(destination, view, there, watched, progress);
  const lastMigration = await record(destination, move, watched, { startedAt, durationMs });
  progress.info(summary(lastMigration));
  return { view: (await destination.view(view.uuid)) ?? there, leftover: verdict.source, lastMigration };
}

/** Runs what the plan says comes before, and returns how to undo it on a source that keeps the machine. */
async function prepare(hosts: Hosts, source: Virsh, move: Move): Promise<() => Promise<void>> {
  const { view, options } = move;
  if (move.how !== "live" || options.maxDowntimeMs === undefined || move.command === "") return async () => {};
  const previousMs = await source.maxDowntimeMs(view.uuid);
  for (const command of move.before) {
    const { code, stderr } = await source.exec(command);
    if (code !== 0) {
      throw await explainFailure({ code, signal: null, stdout: "", stderr }, { ...facts(move), durationMs: 0 }, hosts);
    }
  }
  return async () => {
    if (previousMs === undefined) return;
    // Best effort: a source that the machine has left, or that went silent, has nothing to put back.
    const state = await source.state(view.uuid).catch(() => undefined);
    if (state?.state === "running" || (state?.state === "paused" && state.reason !== "post-copy")) {
      await source.setMaxDowntimeMs(view.uuid, previousMs).catch(() => {});
    }
  };
}

/** An offline migration moves a definition: there is nothing to watch. */
async function plainly(run: Promise<ExecResult>): Promise<Watched> {
  return { exit: await run, inPostCopy: false, done: new Set(), cancelled: undefined, lastJob: undefined };
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
  const bytes = job && (job.memoryProcessedBytes ?? 0) + (job.diskProcessedBytes ?? 0);
  return {
    from: move.view.host,
    to: move.to,
    startedAt: new Date(startedAt).toISOString(),
    durationMs,
    // While it runs libvirt only repeats its estimate; after a post-copy that is all there is, and it can be far off.
    ...(completed?.downtimeMs !== undefined && !switched && { downtimeMs: completed.downtimeMs }),
    ...(bytes ? { totalBytes: bytes } : {}),
    ...(job?.passes ? { passes: job.passes } : {}),
    mode,
    command: move.command,
    reason: move.reason,
  };
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

function facts(move: Move) {
  const { view, to, peerUri } = move;
  return {
    what: `cannot move ${view.name} from ${view.host} to ${to}`,
    domain: view.name,
    from: view.host,
    to,
    peerUri,
  };
}

async function failure(
  move: Move,
  watched: Watched,
  verdict: Verdict,
  durationMs: number,
  hosts: Hosts,
): Promise<PlacementError> {
  const { view, to, options } = move;
  const { what } = facts(move);
  const seen = verdict.outcome === "stayed" ? verdict.source : (verdict.destination ?? verdict.source);
  const where =
    verdict.outcome === "stayed"
      ? `${view.name} is ${showState(verdict.source!)} on ${view.host} as before`
      : `seen: ${verdict.seen}`;
  const make = (code: ErrorCode, why: string, next: string, phase: "watch" | "verify" = "watch") =>
    new PlacementError({
      code,
      phase,
      what,
      domain: view.name,
      host: view.host,
      why: `${why}; ${where}`,
      next,
      ...(seen && { seen }),
    });

  if (verdict.outcome === "postCopyFailed") {
    return make(
      "postCopyInterrupted",
      "post-copy was interrupted, and half of its memory is on either host",
      `do not destroy or resume it on either host: bring the link between ${view.host} and ${to} back and run \`pulumi up\` again, which resumes it`,
    );
  }
  if (verdict.outcome === "underWay") {
    return make(
      "migrationRunning",
      "no end of the migration was seen",
      "wait for it and run `pulumi up` again; no second one is started",
    );
  }
  if (verdict.outcome === "stayed" && watched.cancelled !== undefined) {
    const advice = [
      options.autoConverge ? undefined : "migration.autoConverge: true",
      options.postCopy ? undefined : 'migration.postCopy: true with onTimeout: "postCopy"',
      options.bandwidthMiBps === undefined ? undefined : "a higher migration.bandwidth",
      "a longer migration.timeout",
    ].filter((text) => text !== undefined);
    return make(
      "migrationTimedOut",
      `${watched.cancelled}; it was cancelled`,
      `it did not converge in time: try ${advice.join(", ")}`,
    );
  }
  if (watched.exit !== undefined && watched.exit.code !== 0) {
    const error = await explainFailure(watched.exit, { ...facts(move), durationMs }, hosts);
    return error.with({ why: `${error.why}; ${where}`, ...(seen && { seen }) });
  }
  return make(
    verdict.outcome === "stayed" ? "migrationFailed" : "verificationFailed",
    watched.exit === undefined
      ? "the migration ended without having moved it"
      : "virsh reported success, but the hosts do not show it",
    `look at both hosts with \`virsh domstate --reason ${view.name}\` and at their libvirt logs; \`pulumi up\` continues from what it finds`,
    "verify",
  );
}
