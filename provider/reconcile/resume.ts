/** An interrupted post-copy: when it may be resumed, and when not. */
import type { JobInfo } from "../core/domain";
import { isInPostCopy, isInterrupted, isStillInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import { progressRow } from "../core/progressRow";
import { advance, type Mark } from "../core/stall";
import { intervals, waits } from "../core/times";
import { answerOf } from "../observe/answerOf";
import { assess, type DesiredPlacement } from "../observe/assess";
import type { Hosts } from "../observe/hosts";
import { resumeHindrance } from "../observe/resumable";
import type { Ports } from "../core/ports";
import { givenUpOnOneSide } from "./noEndSeen";
import { startFromDisk } from "../core/decide/refusal";

/**
 * Waits until both sides have noticed the interruption for a while. Where only one has, libvirt refuses to resume ("is being actively
 * monitored by another thread") until the other has too, after half a minute. Where only the daemons lost each other, QEMU goes on and
 * ends by itself: while the destination says "running (post-copy)", or anything is sent, there is nothing to resume. False: observe again.
 */
export async function bothHaveStopped(
  hosts: Hosts,
  desired: DesiredPlacement,
  migration: Migration,
  { clock, progress }: Ports,
): Promise<boolean> {
  const { source, destination, domain } = migration;
  let mark: Mark | undefined;
  let stoppedAt: number | undefined;
  let informed = false;
  for (;;) {
    const states = await Promise.all(
      [source, destination].map(async (host) => (await hosts.on(host)).state(domain.uuid)),
    );
    if (!states.every(isInPostCopy)) return false;
    const goesOn = isStillInPostCopy(states[1]);
    const now = clock.now();
    const job = await jobOn(hosts, migration);
    const last = mark;
    mark = advance(mark, job, true, now);
    const sends = last !== undefined && mark !== last;
    const both = states.every(isInterrupted);
    stoppedAt = both && !sends ? (stoppedAt ?? now) : undefined;
    if (stoppedAt !== undefined && now - stoppedAt >= waits.postCopyStopped) return true;
    const stillMs = now - mark.atMs;
    if (goesOn && stillMs >= waits.postCopyGivenUp) throw givenUpOnOneSide(migration, stillMs);
    if (!goesOn && stillMs >= waits.settles) return (await assess(hosts, desired)).decision.action === "resume";
    if (sends && !informed) {
      progress.info(`libvirt on ${source} has given the migration up, but QEMU goes on with it: waiting for its end`);
      informed = true;
    }
    progress.live(
      sends && job !== undefined
        ? progressRow(job, true, 0).text
        : goesOn
          ? `waiting: ${domain.name} runs on ${destination}, and its post-copy migration may end by itself`
          : `waiting until both ${source} and ${destination} have noticed that the migration was interrupted`,
    );
    await clock.sleep(2 * intervals.firstObservation);
  }
}

/** Undefined also where it cannot be told at the moment. */
async function jobOn(hosts: Hosts, { source, domain }: Migration): Promise<JobInfo | undefined> {
  const job = await answerOf(hosts, source, (virsh) => virsh.job(domain.uuid));
  return job instanceof PlacementError ? undefined : job;
}

/** Asked once both sides are known to have stopped: one of the remedies destroys. */
export async function refuseCrashingResume(hosts: Hosts, migration: Migration): Promise<void> {
  const { domain, source, destination } = migration;
  const hindrance = await resumeHindrance(hosts, source, destination);
  if (hindrance === undefined) return;
  const { host, why, upgradeTo } = hindrance;
  const arrived = { ...domain, host: destination };
  throw new PlacementError({
    code: "unsafeCombination",
    phase: "preflight",
    action: `cannot resume the post-copy migration of ${domain.name} from ${source} to ${destination}`,
    domain: domain.name,
    host,
    message: why,
    remedies: [
      {
        do: `upgrade libvirt on ${host} to ${upgradeTo} or later (the VM's QEMU keeps running meanwhile), then run \`pulumi up\` again`,
      },
      startFromDisk("if that is impossible, start it from its disk", [domain, arrived], arrived),
    ],
  });
}
