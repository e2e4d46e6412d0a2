import { shownCommand } from "../core/shownCommand";
import { isActive, isHeld, isInPostCopy, isOutgoing } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { Progress } from "../core/ports";
import { showDuration } from "../core/units";
import type { Hosts } from "../observe/hosts";

/** QEMU's own, with which a domain starts. */
const defaultMaxDowntimeMs = 300;

/**
 * The maximum downtime of a VM, to be put back on a source that keeps it: libvirt keeps what was set before a migration, also
 * after its end. What it was before a migration that this run did not start is not known any more: it is set to libvirt's default, with
 * a line of information.
 *
 * @returns how to put it back: best effort, with a warning where that failed.
 */
export async function rememberMaxDowntime(
  hosts: Hosts,
  { domain, source, options, command }: Migration,
  progress: Progress,
): Promise<() => Promise<void>> {
  if (options.maxDowntimeMs === undefined) return async () => {};
  const started = command !== undefined;
  const before = started ? await (await hosts.on(source)).maxDowntimeMs(domain.uuid) : defaultMaxDowntimeMs;
  if (before === undefined) return async () => {};
  const couldNot = (why: string) =>
    progress.warn(
      `the maximum downtime of ${domain.name} could not be put back to ${showDuration(before)} on ${source}: ${why}. ` +
        `If ${domain.name} still runs there: ${shownCommand`virsh migrate-setmaxdowntime ${domain} ${before}`}`,
    );
  return async () => {
    try {
      // The connection of the beginning may be gone; the VM as well, or it still moves.
      const virsh = await hosts.on(source);
      const [state, job] = [await virsh.state(domain.uuid), await virsh.job(domain.uuid)];
      if (!state || !isActive(state) || isInPostCopy(state) || isOutgoing(job)) return;
      if (isHeld(job)) return couldNot("its QEMU does not answer");
      if ((await virsh.maxDowntimeMs(domain.uuid)) === before) return;
      await virsh.setMaxDowntimeMs(domain.uuid, before);
      if (!started)
        progress.info(
          `the maximum downtime of ${domain.name} on ${source} is libvirt's default again (${showDuration(before)}): what it was before this migration is not known`,
        );
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      couldNot(error.problem.message);
    }
  };
}
