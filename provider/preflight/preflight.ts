import { PlacementError } from "../core/errors";
import type { Clock } from "../core/ports";
import { type Finding, findings, type MoveFacts } from "../core/rules";
import { type IntendedMove, moveFacts } from "./facts";
import type { Hosts } from "../observe/hosts";

/** Gathers the facts of both hosts and the VM, and holds them against the rules. Reads only. */
export async function preflight(
  hosts: Hosts,
  move: IntendedMove,
  clock: Clock,
): Promise<{ facts: MoveFacts; found: Finding[] }> {
  const facts = await moveFacts(hosts, move, clock);
  return { facts, found: findings(facts) };
}

/** One error of all blockers; undefined when there is none. */
export function blocked(all: readonly Finding[], what: string, domain: string): PlacementError | undefined {
  const blockers = all.filter(({ severity }) => severity === "blocker");
  const [first] = blockers;
  if (!first) return undefined;
  return new PlacementError({
    code: first.code,
    phase: "preflight",
    what,
    domain,
    host: first.where,
    why: blockers.map(({ message }) => message).join("; "),
    next: [...new Set(blockers.map(({ next }) => next))].join("; "),
  });
}
