/** One move, from the planned commands to the verdict of both hosts. */
import { endsWithin } from "../observe/clock";
import type { Migration } from "../core/migration";
import type { Clock, ExecResult, InFlight, Ports } from "../core/ports";
import { waits } from "../core/times";
import type { Hosts } from "../observe/hosts";
import { arrived, type Moved } from "./arrived";
import { diagnose } from "./diagnose";
import { explainFailure } from "./explainFailure";
import { rememberLimits } from "./keptLimits";
import { type MappedDefinition, mappedDefinition } from "./mappedDefinition";
import { monitor } from "./monitor";
import type { Monitored } from "./monitored";
import { OurVirsh } from "./ourVirsh";
import { type Verdict, verify } from "./verify";

/** With the XML that the destination was given, where that was ours. */
type Watched = Monitored & { definition: MappedDefinition | undefined };

/** What else happens meanwhile. */
export interface Moments {
  /** The command is on its way to the source. */
  onBegin?: () => void;
  /** virsh has said that the VM moved; what follows is reading and tidying up. */
  onEnd?: () => void;
}

/**
 * @returns "again" when it met another migration of this VM: the hosts are to be observed again.
 * @throws PlacementError with `seen`: where the VM is, whatever happened.
 */
export async function migrate(
  hosts: Hosts,
  migration: Migration,
  ports: Ports,
  moments: Moments = {},
): Promise<Moved | "again"> {
  const { clock, progress } = ports;
  const { domain, source, destination, how, command } = migration;
  const putBack = how === "live" ? await rememberLimits(hosts, migration, progress) : async () => {};
  const startedAt = clock.now() - (command === undefined ? (domain.job?.elapsedMs ?? 0) : 0);
  progress.live(`${command === undefined ? "watching" : "starting"} the ${how} migration ${source} → ${destination}`);

  let ended: { watched: Watched; verdict: Verdict };
  hosts.forget(source, destination);
  try {
    ended = await runToItsEnd(hosts, migration, startedAt, ports, moments);
  } finally {
    ports.inFlight?.(undefined);
    hosts.forget(source, destination);
    await putBack();
  }
  const { watched, verdict } = ended;
  const durationMs = clock.now() - startedAt;
  if (verdict.outcome === "moved" || verdict.outcome === "leftover") {
    return arrived(hosts, migration, watched, verdict, { startedAt, durationMs }, progress);
  }
  if (metAnother(watched, verdict)) return "again";
  throw await diagnose({ hosts, migration, watched, verdict, durationMs });
}

async function runToItsEnd(
  hosts: Hosts,
  migration: Migration,
  startedAt: number,
  ports: Ports,
  { onBegin, onEnd }: Moments,
): Promise<{ watched: Watched; verdict: Verdict }> {
  const { clock, progress } = ports;
  const { source, how, command } = migration;
  const inFlight = inFlightOf(hosts, migration);
  const definition = await mappedDefinition(hosts, migration);
  await runBefore(hosts, migration);
  if (command !== undefined) ports.mayStart?.(migration);
  ports.inFlight?.(inFlight);
  const run = command === undefined ? undefined : (await hosts.on(source)).exec(command, definition);
  onBegin?.();
  const watched =
    how === "live"
      ? await monitor(hosts, { migration, run, startedAt, onPostCopy: inFlight.switched }, ports)
      : await waitOffline(run!, clock);
  if (watched.exit?.code === 0) {
    hosts.forget(source, migration.destination);
    onEnd?.();
  }
  progress.live("verifying on both hosts");
  const mayBegin = how === "offline" && watched.exit === undefined ? waits.offlineLost : 0;
  const verdict = await verify(hosts, migration, clock, mayBegin, (text) => progress.live(text));
  return { watched: { ...watched, definition }, verdict };
}

/** Another migration moved it first, perhaps to a third host, or is in progress. */
function metAnother({ exit, cancelled }: Monitored, { outcome, source, destination }: Verdict): boolean {
  if (outcome === "unclear") return source === undefined && destination === undefined;
  return outcome === "inProgress" && exit !== undefined && exit.code !== 0 && cancelled === undefined;
}

function inFlightOf(hosts: Hosts, migration: Migration): InFlight & { switched: () => void } {
  const { source, domain, inPostCopy = false } = migration;
  const inFlight = {
    migration,
    inPostCopy,
    switched: () => void (inFlight.inPostCopy = true),
    cancel: async () => (await hosts.on(source)).abortJob(domain.uuid),
  };
  return inFlight;
}

/** The commands that the plan puts before the migration. */
async function runBefore(hosts: Hosts, migration: Migration): Promise<void> {
  if (migration.how !== "live" || migration.command === undefined) return;
  for (const command of migration.before) {
    const exit = await (await hosts.on(migration.source)).execShort(command);
    if (exit.code !== 0) throw await explainFailure(exit, migration, 0, hosts);
  }
}

/** An offline migration moves a definition: there is nothing to watch. */
async function waitOffline(run: Promise<ExecResult>, clock: Clock): Promise<Monitored> {
  const ourVirsh = new OurVirsh(run);
  await endsWithin(clock, waits.offline, ourVirsh.end);
  const { exit, lost } = ourVirsh;
  const nothing = { inPostCopy: false, done: new Set<never>(), cancelled: undefined, lastJob: undefined };
  return { exit, lost, neverBegan: false, stalled: false, ...nothing };
}
