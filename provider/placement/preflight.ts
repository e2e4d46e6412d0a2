import { PlacementError } from "../core/errors";
import { type Finding, findings, type HostFacts } from "../core/rules";
import type { MigrationOptions } from "../core/options";
import type { Hosts } from "./hosts";

/** Gathers the facts of both hosts and holds them against the rules. Reads only. */
export async function preflight(
  hosts: Hosts,
  move: { from: string; to: string; command: string; how: "live" | "offline"; options: MigrationOptions },
): Promise<Finding[]> {
  const [source, destination] = await Promise.all([hosts.virsh(move.from), hosts.virsh(move.to)]);
  const facts = async (virsh: typeof source): Promise<HostFacts> => {
    const [versions, hostUuid] = await Promise.all([virsh.versions(), virsh.hostUuid()]);
    return { host: virsh.host, ...versions, hostUuid };
  };
  const [sourceFacts, migrateOptions, destinationFacts] = await Promise.all([
    facts(source),
    source.migrateOptions(),
    facts(destination),
  ]);
  return findings({ ...move, source: { ...sourceFacts, migrateOptions }, destination: destinationFacts });
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
