/** A move among the others of its run. */
import { bytesToCopy, type MoveFacts, ordinaryBytesUsed } from "../core/problems";
import type { LiveMove } from "../observe/liveMoves";

/** What it takes along to its destination; undefined where that is nothing: of a VM that is shut off, whose disks are not copied. */
export function liveMoveOf(facts: MoveFacts): LiveMove | undefined {
  const { source, destination, domain, how } = facts;
  if (domain === undefined) return undefined;
  const copies = bytesToCopy(facts);
  if (how !== "live" && copies.length === 0) return undefined;
  return {
    uuid: domain.uuid,
    domain: domain.name,
    source: source.host,
    destination: destination.host,
    memoryBytes: how === "live" ? ordinaryBytesUsed(domain) : 0,
    hugeMemory: how === "live" ? domain.hugeMemory : [],
    ...(how === "live" && { given: { memoryBytes: domain.memoryBytes, vcpus: domain.vcpus } }),
    ...(copies.length > 0 && { copies }),
  };
}
