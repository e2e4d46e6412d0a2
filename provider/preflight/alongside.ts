/** A move among the others of its run. */
import { type MoveFacts, ordinaryBytesUsed } from "../core/problems";
import type { LiveMove } from "../observe/liveMoves";

/** What it takes along to its destination; undefined where that is no memory: of a VM that is shut off. */
export function liveMoveOf({ source, destination, domain, how }: MoveFacts): LiveMove | undefined {
  if (domain === undefined || how !== "live") return undefined;
  return {
    uuid: domain.uuid,
    domain: domain.name,
    source: source.host,
    destination: destination.host,
    memoryBytes: ordinaryBytesUsed(domain),
    hugeMemory: domain.hugeMemory,
  };
}
