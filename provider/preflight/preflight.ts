import { PlacementError } from "../core/errors";
import type { Clock } from "../core/ports";
import type { Problem } from "../core/problem";
import { type MoveFacts, problems } from "../core/problems";
import { moveFacts } from "./facts";
import type { IntendedMove } from "./intendedMove";
import type { Hosts } from "../observe/hosts";

/** Gathers the facts of both hosts and the VM, and checks them against the rules. Reads only. */
export async function preflight(
  hosts: Hosts,
  move: IntendedMove,
  clock: Clock,
): Promise<{ facts: MoveFacts; found: Problem[] }> {
  const asked = await moveFacts(hosts, move, clock);
  const facts = { ...asked, alongside: hosts.liveMoves.besides(move.domain.uuid, move.destination, false) };
  return { facts, found: problems(facts) };
}

/** One error of all blockers; undefined when there is none. */
export function blocked(all: readonly Problem[], what: string, domain: string): PlacementError | undefined {
  const blockers = all.filter(({ severity }) => severity === "blocker");
  const [first] = blockers;
  if (!first) return undefined;
  return new PlacementError({
    code: first.code,
    phase: "preflight",
    action: what,
    domain,
    ...(first.host !== undefined && { host: first.host }),
    message: blockers.map(({ message }) => message).join("; "),
    remedies: blockers.flatMap(({ remedies }) => remedies),
    problems: blockers,
  });
}
