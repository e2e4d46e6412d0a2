/** An interrupted post-copy: when it may be resumed, and when not. */
import type { Decision } from "../core/decide/types";
import type { DomainView, JobInfo } from "../core/domain";
import { isInPostCopy, isInterrupted, isStillInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import { startFromDisk } from "../core/decide/refusal";
import { progressRow } from "../core/progressRow";
import { advance, type Mark } from "../core/stall";
import { showDuration } from "../core/units";
import type { Hosts } from "../observe/hosts";
import type { Ports } from "../core/ports";
import { assess, type DesiredPlacement } from "../observe/assess";
import { resumeHindrance } from "../observe/resumable";
import { intervals, waits } from "../core/times";

/**
 * Waits until both sides have seen the interruption for a while. Where only one has, libvirt refuses to resume ("is being actively
 * monitored by another thread") until the other has too, after half a minute. Where only the daemons lost each other, QEMU goes on and
 * ends by itself: while the destination says "running (post-copy)", or anything is sent, there is nothing to resume. False: look again.
 */
export async function bothHaveStopped(
  hosts: Hosts,
  wanted: DesiredPlacement,
  { view, to }: Extract<Decision, { action: "resume" }>,
  { clock, progress }: Ports,
): Promise<boolean> {
  let mark: Mark | undefined;
  let stoppedAt: number | undefined;
  let told = false;
  for (;;) {
    const [source, destination] = await Promise.all(
      [view.host, to].map(async (host) => (await hosts.on(host)).state(view.uuid)),
    );
    if (![source, destination].every(isInPostCopy)) return false;
    const goesOn = isStillInPostCopy(destination);
    const now = clock.now();
    const job = await jobOn(hosts, view);
    const last = mark;
    mark = advance(mark, job, true, now);
    const sends = last !== undefined && mark !== last;
    const both = [source, destination].every(isInterrupted);
    stoppedAt = both && !sends ? (stoppedAt ?? now) : undefined;
    if (stoppedAt !== undefined && now - stoppedAt >= waits.postCopyStopped) return true;
    const stillMs = now - mark.atMs;
    if (goesOn && stillMs >= waits.postCopyGivenUp) throw noEndSeen(view, to, stillMs);
    if (!goesOn && stillMs >= waits.settles) return (await assess(hosts, wanted)).decision.action === "resume";
    if (sends && !told) {
      progress.info(
        `libvirt on ${view.host} has given the migration up, but QEMU goes on with it: waiting for its end`,
      );
      told = true;
    }
    progress.live(
      sends && job !== undefined
        ? progressRow(job, true, 0).text
        : goesOn
          ? `waiting: ${view.name} runs on ${to}, and its post-copy migration may end by itself`
          : `waiting until both ${view.host} and ${to} have noticed that the migration was interrupted`,
    );
    await clock.sleep(2 * intervals.firstObservation);
  }
}

function noEndSeen(view: DomainView, to: string, stillMs: number): PlacementError {
  return new PlacementError({
    code: "postCopyInterrupted",
    phase: "watch",
    action: `cannot see the post-copy migration of ${view.name} from ${view.host} to ${to} to its end`,
    domain: view.name,
    host: to,
    message: `libvirt on ${view.host} has given it up, ${to} has not ("running (post-copy)"), and nothing has been sent for ${showDuration(stillMs)}`,
    remedies: [
      {
        do: `destroy and resume nothing on either host: check the link between ${view.host} and ${to}, and run \`pulumi up\` again, which waits again, and resumes it once ${to} has noticed too`,
      },
    ],
  });
}

/** Undefined also where it cannot be told at the moment. */
async function jobOn(hosts: Hosts, { host, uuid }: DomainView): Promise<JobInfo | undefined> {
  try {
    return await (await hosts.on(host)).job(uuid);
  } catch (error) {
    if (error instanceof PlacementError) return undefined;
    throw error;
  }
}

/** Asked once both sides are known to have stopped: the remedies may destroy. */
export async function refuseCrashingResume(hosts: Hosts, view: DomainView, to: string): Promise<void> {
  const hindrance = await resumeHindrance(hosts, view.host, to);
  if (hindrance === undefined) return;
  const { host, why, upgradeTo } = hindrance;
  const there = { ...view, host: to };
  throw new PlacementError({
    code: "unsafeCombination",
    phase: "preflight",
    action: `cannot resume the post-copy migration of ${view.name} from ${view.host} to ${to}`,
    domain: view.name,
    host,
    message: why,
    remedies: [
      {
        do: `upgrade libvirt on ${host} to ${upgradeTo} or later (the VM's QEMU keeps running meanwhile), then run \`pulumi up\` again: nothing is lost`,
      },
      startFromDisk("if that cannot be, start it from its disk", [view, there], there),
    ],
  });
}
