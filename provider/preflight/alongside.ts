/** A move among the others of its run. */
import type { MoveAlongside, MoveFacts } from "../core/problems";

/** What it takes along to its destination; undefined where that is no memory: a VM that is shut off, or whose memory is in huge pages. */
export function liveMoveOf(facts: MoveFacts): (MoveAlongside & { uuid: string }) | undefined {
  const { source, destination, domain, how } = facts;
  if (domain === undefined || how !== "live" || domain.hugepageKiB.length > 0) return undefined;
  const { uuid, name, memoryBytes, memoryUsedBytes, memoryLocked } = domain;
  return {
    uuid,
    domain: name,
    source: source.host,
    destination: destination.host,
    memoryBytes: memoryLocked ? memoryBytes : (memoryUsedBytes ?? memoryBytes),
  };
}
