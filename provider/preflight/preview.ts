/** What `up` will find, for a preview: asks the hosts, changes nothing, and turns a failure into a problem. */
import type { Decision } from "../core/decide/types";
import { PlacementError } from "../core/errors";
import type { Problem } from "../core/problem";
import { problems } from "../core/problems";
import type { Clock } from "../core/ports";
import { liveMoveOf } from "./alongside";
import { FactsAhead } from "./factsAhead";
import { endsWithin } from "../observe/clock";
import type { Hosts } from "../observe/hosts";
import { assess, type DesiredPlacement } from "../observe/assess";
import { likelyMove } from "../observe/likelyMove";
import { plannedMigration } from "../observe/migration";
import { resumeHindrance } from "../observe/resumable";
import { estimate, measureDomain, type Predicted, type PredictionSettings } from "./estimate";

export interface Preview {
  problems: Problem[];
  /** How the move will go, where one is due and the VM runs. */
  predicted: Predicted | undefined;
  /** What `up` does instead of a move, as text: it watches a migration that already runs, or removes a leftover. */
  note: string | undefined;
}

/** Every question has a deadline of its own, so a host that hangs costs a preview seconds, not its end. */
export async function preview(
  hosts: Hosts,
  desired: DesiredPlacement,
  settings: PredictionSettings,
  clock: Clock,
): Promise<Preview> {
  try {
    return await ask(hosts, desired, settings, clock);
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return { problems: [unanswered(error)], predicted: undefined, note: undefined };
  }
}

/** A source that takes longer than this to begin may be off; the other host is asked beside it. */
const headStartMs = 500;

async function ask(
  hosts: Hosts,
  desired: DesiredPlacement,
  settings: PredictionSettings,
  clock: Clock,
): Promise<Preview> {
  // Counting dirty pages takes longest, and so begins first.
  const likely = likelyMove(hosts, desired);
  const factsAhead = new FactsAhead(clock, true);
  const ahead = likely?.how === "live" ? measureDomain(hosts, likely.domain, settings, clock) : undefined;
  let isDecided = false;
  const askAhead = () => void (likely && !isDecided && factsAhead.ask(hosts, likely));
  if (ahead) void ahead.begun.then(askAhead);
  else askAhead();
  // The destination is connected to meanwhile: both logins at once would keep the source from beginning.
  if (ahead) await endsWithin(clock, headStartMs, ahead.begun);
  const { decision } = await assess(hosts, desired);
  isDecided = true;
  const note = decision.action === "resume" ? await resumeNote(hosts, decision) : noteOf(decision);
  if (decision.action === "refuse" && decision.otherwise) {
    return { problems: [], predicted: undefined, note: noteOf(decision.otherwise) };
  }
  if (decision.action === "refuse") return { problems: [refused(decision, desired)], predicted: undefined, note };
  if (decision.action !== "migrate") return { problems: [], predicted: undefined, note };
  const migration = plannedMigration(hosts, desired, decision);
  const { domain, source, destination, how } = migration;
  hosts.liveMoves.forget(domain.uuid);
  const measuring =
    how !== "live"
      ? undefined
      : ahead && likely?.source === source
        ? ahead
        : measureDomain(hosts, domain, settings, clock);
  const asked = await factsAhead.of(hosts, migration);
  const facts = { ...asked, alongside: hosts.liveMoves.besides(domain.uuid, destination, true) };
  const found = problems(facts);
  const move = liveMoveOf(facts);
  if (move && !found.some(({ severity }) => severity === "blocker")) hosts.liveMoves.preview(move);
  const predicted = await estimate(hosts, facts, measuring?.measured, desired.lastMigration);
  return { problems: found, predicted, note };
}

async function resumeNote(
  hosts: Hosts,
  { view, to, reason }: Extract<Decision, { action: "resume" }>,
): Promise<string> {
  const hindrance = await resumeHindrance(hosts, view.host, to);
  const will = hindrance === undefined ? "resume the migration" : `refuse to resume it, as ${hindrance.why}`;
  return `${reason}; up will wait while it continues, and ${will} once both sides have stopped`;
}

function noteOf(decision: Decision): string | undefined {
  switch (decision.action) {
    case "attach":
      return `${decision.reason}; up will watch it, and will not start another one`;
    case "finish":
      return `${decision.reason}; up will fix that`;
    default:
      return undefined;
  }
}

function refused({ problem }: Extract<Decision, { action: "refuse" }>, { domain, hosts }: DesiredPlacement): Problem {
  return {
    ...problem,
    rule: "decide",
    // A host that is off now may be back when it counts.
    severity: problem.code === "hostUnreachable" ? "warning" : "blocker",
    host: problem.host ?? hosts[0]!,
    domain,
  };
}

const silentCodes = new Set<string>(["hostUnreachable", "connectionLost", "commandTimeout"]);

function unanswered({ problem: { code, host, action, message, remedies } }: PlacementError): Problem {
  return {
    rule: "reachable",
    severity: silentCodes.has(code) ? "warning" : "blocker",
    code,
    ...(host !== undefined && { host }),
    message: `${action}: ${message}`,
    remedies: [...remedies],
  };
}
