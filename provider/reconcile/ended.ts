import { type DomainView, showState } from "../core/domain";
import { isActive, isInPostCopy, isPausedForMigration } from "../core/situation";
import { type Failure, PlacementError } from "../core/errors";
import { cannotMove, type Migration } from "../core/migration";
import type { Hosts } from "../observe/hosts";
import { explainFailure } from "./explainFailure";
import type { Monitored } from "./monitored";
import type { Verdict } from "./verify";

/** A migration that did not bring the VM where it should be, and what is known of its end. */
export interface Ended {
  hosts: Hosts;
  migration: Migration;
  watched: Monitored;
  verdict: Verdict;
  durationMs: number;
}

/** The error of it, with where the VM is. */
export function failed(
  end: Ended,
  { message, ...failure }: Pick<Failure, "code" | "message" | "remedies"> & Partial<Failure>,
): PlacementError {
  return new PlacementError({
    phase: "watch",
    action: cannotMove(end.migration),
    ...aboutIt(end),
    message: `${message}; ${whereItIs(end)}`,
    ...failure,
  });
}

/** The fields that are the same in each error of it. */
export function aboutIt(end: Ended): Pick<Failure, "domain" | "host" | "seen"> {
  const { domain, source } = end.migration;
  const seen = seenAfter(end);
  return { domain: domain.name, host: source, ...(seen && { seen }) };
}

export function whereItIs({ migration: { domain }, verdict: { outcome, source, seen } }: Ended): string {
  return outcome === "stayed"
    ? `${domain.name} is ${showState(source!)} on ${source!.host} as before`
    : `seen: ${seen}`;
}

/** libvirt's message, where our virsh failed. */
export async function explained({
  hosts,
  migration,
  watched: { exit, lost },
  durationMs,
}: Ended): Promise<PlacementError | undefined> {
  if (exit !== undefined && exit.code !== 0) return explainFailure(exit, migration, durationMs, hosts);
  return lost?.code === "sessionRefused" ? lost : undefined;
}

/** The host that holds the VM; undefined where that is not known. */
function seenAfter({ migration, verdict }: Ended): DomainView | undefined {
  const { outcome, source, destination, silent } = verdict;
  const onDestination = { ...migration.domain, host: migration.destination };
  if (outcome === "stayed") return source;
  if (outcome !== "unseen") return destination ?? source;
  if (destination && isActive(destination) && !isPausedForMigration(destination)) return destination;
  // From the switch on it is the destination's, whatever has become of it there.
  if (isInPostCopy(source)) return onDestination;
  if (source) return source;
  // It has left the source, whose answer is known: then it can only be where it was sent to.
  return silent.source ? undefined : onDestination;
}
