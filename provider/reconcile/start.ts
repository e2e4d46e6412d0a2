/** Starts the planned migration: the preflight, what is copied along with it, and a last observation before the command. */
import type { LastMigration } from "../core/args";
import type { DomainView } from "../core/domain";
import type { Decision } from "../core/decide/types";
import { showState } from "../core/domain";
import type { ErrorCode } from "../core/errorCodes";
import { PlacementError } from "../core/errors";
import { recordOf } from "../core/predict/past";
import { cannotMove } from "../core/migration";
import { renderProblem } from "../core/problem";
import { isCopied, type MoveFacts } from "../core/problems";
import type { Hosts } from "../observe/hosts";
import type { Clock, Ports } from "../core/ports";
import { withTimeout } from "../core/timeout";
import { validity } from "../core/times";
import { assess, type DesiredPlacement } from "../observe/assess";
import { plannedMigration } from "../observe/migration";
import type { Moved } from "./arrived";
import { migrate, type Moments } from "./migrate";
import { liveMoveOf } from "../preflight/alongside";
import { estimate, type Predicted, remeasureDomain } from "../preflight/estimate";
import type { FactsAhead } from "../preflight/factsAhead";
import { blocked, loginProblem, preflight } from "../preflight/preflight";
import { copyBeforehand, withCopied } from "./copyBeforehand";
import { supersede } from "./ownedState";
import { withTakenAlong } from "./withTakenAlong";

type Planned = ReturnType<typeof plannedMigration>;

export interface Step {
  view: DomainView;
  lastMigration?: LastMigration;
  /** False: observe again, something is left to do. */
  complete: boolean;
}

export async function start(
  hosts: Hosts,
  desired: DesiredPlacement,
  decision: Extract<Decision, { action: "migrate" }>,
  ports: Ports,
  factsAhead: FactsAhead,
): Promise<Step | "again"> {
  const planned = plannedMigration(hosts, desired, decision);
  return hosts.withRoom(
    planned.source,
    planned.destination,
    (reason) => ports.progress.live(reason),
    (leave) => startWithRoom(hosts, desired, planned, ports, { factsAhead, leave }),
  );
}

async function startWithRoom(
  hosts: Hosts,
  desired: DesiredPlacement,
  planned: Planned,
  ports: Ports,
  { factsAhead, leave }: { factsAhead: FactsAhead; leave: () => void },
): Promise<Step | "again"> {
  const { clock, progress } = ports;
  const { domain, how } = planned;
  const look = lookAgain(hosts, desired, planned, clock);
  const { facts, found } = await preflight(hosts, planned, factsAhead);
  const copiedDisks = (facts.domain?.disks ?? [])
    .filter((disk) => isCopied(disk, facts))
    .map(({ target, path }) => ({ target, path }));
  const migration = { ...planned, options: withTimeout(planned.options, facts.domain?.memoryBytes), copiedDisks };
  const error = blocked(found, cannotMove(migration), domain.name);
  if (error) throw error.with({ seen: domain });
  for (const problem of found) if (problem.severity === "warning") progress.warn(renderProblem(problem));
  const move = liveMoveOf(facts);
  const ended = move && hosts.liveMoves.start(move);
  let predicted: Predicted | undefined;
  const moments = {
    // Nothing waits for it, and it delays no migration: what is not there when the VM has moved is left out of the record.
    onBegin: () => {
      const measuring =
        desired.estimate && how === "live" ? remeasureDomain(hosts, domain, desired.estimate, clock) : undefined;
      measuring?.catch(() => {});
      estimate(hosts, facts, measuring, desired.lastMigration).then(
        (made) => (predicted = made),
        () => {},
      );
    },
    onEnd: () => {
      ended?.();
      leave();
    },
  };
  try {
    const step = await run(hosts, desired, migration, facts, { look, ports, moments });
    if (step === "again" || step.lastMigration === undefined) return step;
    return { ...step, lastMigration: withPredicted(step.lastMigration, predicted) };
  } finally {
    ended?.();
  }
}

async function run(
  hosts: Hosts,
  desired: DesiredPlacement,
  migration: Planned,
  facts: MoveFacts,
  { look, ports, moments }: { look: Look; ports: Ports; moments: Moments },
): Promise<Step | "again"> {
  const { clock, progress } = ports;
  const { domain, source, how, options } = migration;
  const startedAt = clock.now();
  const { along, copied } = await copyBeforehand(hosts, migration, facts, ports);
  // libvirt refuses to move a VM live that was shut off since, but not one offline that was started: it would leave two of it.
  const isFresh = how === "live" && clock.now() - look.at < validity.lastLook;
  const now = await (isFresh ? look.found : lookAgain(hosts, desired, migration, clock).found);
  if (now === undefined) {
    await along?.putBack();
    return "again";
  }
  if (how === "offline" && options.maxDowntimeMs !== undefined) {
    progress.info(`${domain.name} is ${showState(now)}: migration.maxDowntime is not needed`);
  }
  const moved = await withTakenAlong(along, () =>
    migrateOrSayWhy(hosts, { ...migration, domain: now }, facts, { ports, moments }),
  );
  if (moved === "again") return moved;
  if (how === "live") {
    const paths = (facts.domain?.owned ?? []).flatMap(({ path }) => path ?? []);
    await supersede(hosts, source, paths);
  }
  const lastMigration = withCopied(moved.lastMigration, copied, source, clock.now() - startedAt);
  return { view: moved.view, lastMigration, complete: moved.leftover === undefined };
}

/** How libvirt fails that cannot reach the destination's. */
const fromHostToHost = new Set<ErrorCode>([
  "peerUntrusted",
  "peerUnreachable",
  "peerOutput",
  "virshMissing",
  "libvirtDown",
  "socketPermission",
]);

/** libvirt's words of a login that failed are few: the same login by hand says more. */
async function migrateOrSayWhy(
  hosts: Hosts,
  migration: Planned,
  facts: MoveFacts,
  { ports, moments }: { ports: Ports; moments: Moments },
): Promise<Moved | "again"> {
  try {
    return await migrate(hosts, migration, ports, moments);
  } catch (error) {
    const isPlacementError = error instanceof PlacementError;
    if (!isPlacementError || error.phase !== "migrate" || !fromHostToHost.has(error.code)) throw error;
    const [problem] = await loginProblem(hosts, migration, facts, ports.clock);
    if (problem === undefined) throw error;
    const { code, message, host, remedies } = problem;
    throw error.with({ code, message, remedies, ...(host !== undefined && { host }) });
  }
}

function withPredicted(lastMigration: LastMigration, predicted: Predicted | undefined): LastMigration {
  if (predicted === undefined || lastMigration.mode === "offline") return lastMigration;
  return { ...lastMigration, predicted: recordOf(predicted.prediction) };
}

interface Look {
  /** When the hosts were asked. */
  at: number;
  /** The VM; undefined where the decision is another now. */
  found: Promise<DomainView | undefined>;
}

/** The last look before the command: during the preflight, or the wait for room, the VM may have been stopped, started or moved. */
function lookAgain(hosts: Hosts, desired: DesiredPlacement, planned: Planned, clock: Clock): Look {
  const found = asDecided(hosts, desired, planned);
  // What the preflight finds comes first.
  found.catch(() => {});
  return { at: clock.now(), found };
}

async function asDecided(
  hosts: Hosts,
  desired: DesiredPlacement,
  { source, destination, how }: Planned,
): Promise<DomainView | undefined> {
  const { decision } = await assess(hosts, desired);
  const same =
    decision.action === "migrate" &&
    decision.how === how &&
    decision.view.host === source &&
    decision.to === destination;
  return same ? decision.view : undefined;
}
