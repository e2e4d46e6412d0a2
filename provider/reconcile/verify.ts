import { type DomainView, showState } from "../core/domain";
import {
  endedByCrash,
  hasArrived,
  isActive,
  isHandedOver,
  isInMigration,
  isInterrupted,
  isStillInPostCopy,
} from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { Clock } from "../core/ports";
import { advance, type Mark } from "../core/stall";
import { answerOf } from "../observe/answerOf";
import type { Hosts } from "../observe/hosts";
import { intervals, waits } from "../core/times";

/** What both hosts show after a migration ended, whatever the exit code of virsh. */
export interface Verdict {
  outcome:
    | "moved" /** On the destination as it should be, gone from the source. */
    | "leftover" /** On the destination; the source keeps a definition that is shut off. */
    | "stayed" /** On the source as before; not on the destination, or that cannot be asked and the source sends nothing to it. */
    | "ended" /** On the source, and shut off since: it was shut down or crashed while it was moved. */
    | "crashedOnDestination" /** The VM arrived on the destination and crashed there afterwards. */
    | "postCopyGoesOn" /** libvirt on the source reports a failed post-copy, but the VM still runs on the destination: QEMU may finish by itself. */
    | "unnoticed" /** The VM is complete on the destination, but libvirt on the source still has the paused source VM of a failed post-copy. */
    | "postCopyFailed" /** The post-copy is interrupted on both hosts until it is resumed. */
    | "peerLost" /** The post-copy is interrupted on one host; the VM no longer runs on the other. */
    | "inProgress" /** Neither host shows an end of it. */
    | "unseen" /** One of the hosts, or both, cannot be asked. */
    | "unclear";
  source: DomainView | undefined;
  destination: DomainView | undefined;
  /** "kvm-a: running (booted); kvm-b: not there". */
  seen: string;
  /** Why a host could not be asked. */
  silent: { source?: PlacementError; destination?: PlacementError };
}

type Moving = Pick<Migration, "source" | "destination" | "how"> & { domain: Pick<DomainView, "uuid"> };

/**
 * Asks both hosts, again and again while one of them still shows a migration or cannot be asked.
 *
 * @param beginMs so long an offline migration whose virsh was lost may take to begin.
 */
export async function verify(
  hosts: Hosts,
  migration: Moving,
  clock: Clock,
  beginMs = 0,
  onWait: (text: string) => void = () => {},
): Promise<Verdict> {
  let start = clock.now();
  let mark: Mark | undefined;
  let before: Verdict["outcome"] | undefined;
  let shownAt = -Infinity;
  const patience: Partial<Record<Verdict["outcome"], number>> = {
    inProgress: waits.verdict,
    unseen: waits.verdict,
    peerLost: 3 * waits.postCopyFailed,
    postCopyGoesOn: waits.postCopyGivenUp,
    postCopyFailed: waits.postCopyStopped,
    unnoticed: waits.verdict,
    stayed: beginMs,
  };
  for (;;) {
    const verdict = await observeBoth(hosts, migration);
    const now = clock.now();
    if (verdict.outcome === "postCopyGoesOn" || verdict.outcome === "postCopyFailed") {
      // As long as anything is sent it has not stopped, however long that takes.
      const last = mark;
      mark = advance(mark, verdict.source?.job, true, now);
      if (mark !== last || before !== verdict.outcome) start = now;
    }
    if (verdict.outcome === "postCopyGoesOn" && now - shownAt >= intervals.sameWait) {
      shownAt = now;
      onWait(
        `libvirt on ${migration.source} has given the migration up, but ${verdict.destination!.name} runs on ${migration.destination} (${showState(verdict.destination!)}): waiting for the end of the migration`,
      );
    }
    before = verdict.outcome;
    if (clock.now() - start >= (patience[verdict.outcome] ?? 0)) return verdict;
    await clock.sleep(intervals.poll);
  }
}

async function observeBoth(hosts: Hosts, migration: Moving): Promise<Verdict> {
  const ends = [migration.source, migration.destination];
  const { how, domain } = migration;
  const [source, destination] = await Promise.all(
    ends.map((host) => answerOf(hosts, host, (virsh) => virsh.view(domain.uuid))),
  );
  const silent = {
    ...(source instanceof PlacementError && { source }),
    ...(destination instanceof PlacementError && { destination }),
  };
  const seen = [source, destination].map((answer, index) => `${ends[index]!}: ${shown(answer)}`);
  const views = { source: viewIn(source), destination: viewIn(destination) };
  const judged = judge(views.source, views.destination, how);
  // It runs on the source, which sends nothing any more: whatever the destination would answer, it stayed.
  const stayed = silent.source === undefined && how === "live" && judged === "stayed";
  const outcome = Object.keys(silent).length > 0 && !stayed ? ("unseen" as const) : judged;
  return { outcome, ...views, seen: seen.join("; "), silent };
}

function viewIn(answer: DomainView | PlacementError | undefined): DomainView | undefined {
  return answer instanceof PlacementError ? undefined : answer;
}

function shown(answer: DomainView | PlacementError | undefined): string {
  if (answer instanceof PlacementError) return `cannot be asked (${answer.problem.message})`;
  return answer ? showState(answer) : "not there";
}

/** Pure: from two views to a verdict. */
export function judge(
  source: DomainView | undefined,
  destination: DomainView | undefined,
  how: Migration["how"],
): Verdict["outcome"] {
  if (isInterrupted(source) && isStillInPostCopy(destination)) return "postCopyGoesOn";
  if (isInterrupted(source) && hasArrived(destination)) return "unnoticed";
  if (isInterrupted(source) || isInterrupted(destination)) {
    return [source, destination].every((view) => view && isActive(view)) ? "postCopyFailed" : "peerLost";
  }
  if (isInMigration(source) || isInMigration(destination)) return "inProgress";
  const runsOnDestination = destination !== undefined && isActive(destination);
  if (how === "offline") {
    if (destination && !source && !runsOnDestination) return "moved";
    if (source && !destination) return "stayed";
    return "unclear";
  }
  const runsOnSource = source !== undefined && isActive(source);
  if (runsOnDestination && !source) return "moved";
  if (runsOnDestination && !runsOnSource) return "leftover";
  if (runsOnSource && !runsOnDestination) return "stayed";
  if (source && !destination && !isHandedOver(source)) return "ended";
  // It arrived, and was shut down there since.
  if (destination && !source) return endedByCrash(destination) ? "crashedOnDestination" : "moved";
  return "unclear";
}
