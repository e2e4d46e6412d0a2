import { PlacementError } from "../core/errors";
import type { Clock } from "../core/ports";
import type { Problem } from "../core/problem";
import { type MoveFacts, problems } from "../core/problems";
import { peerOf } from "./facts";
import type { FactsAhead } from "./factsAhead";
import type { IntendedMove } from "./intendedMove";
import type { Hosts } from "../observe/hosts";

/**
 * Gathers the facts of both hosts and the VM, and checks them against the rules. Reads only. The login from host to host is left to
 * libvirt, which makes it before anything else; `loginProblem` tells why it failed.
 */
export async function preflight(
  hosts: Hosts,
  move: IntendedMove,
  factsAhead: FactsAhead,
): Promise<{ facts: MoveFacts; found: Problem[] }> {
  const asked = await factsAhead.of(hosts, move);
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

/** Whether the source cannot log in to the destination, and why. None where it can, or where that cannot be asked. */
export async function loginProblem(
  hosts: Hosts,
  move: IntendedMove,
  facts: MoveFacts,
  clock: Clock,
): Promise<Problem[]> {
  try {
    const peer = await peerOf(hosts, move, clock, true);
    return problems({ ...facts, peer }).filter(
      ({ rule, severity }) => ["peer", "peer-output"].includes(rule) && severity === "blocker",
    );
  } catch (error) {
    if (error instanceof PlacementError) return [];
    throw error;
  }
}
