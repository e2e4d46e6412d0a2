import { shownCommand } from "../core/shownCommand";
import type { DomainView } from "../core/domain";
import { isActive, isHeld, isInPostCopy, isOutgoing } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { MigrationOptions } from "../core/options";
import type { Progress } from "../core/ports";
import { showDuration } from "../core/units";
import type { Hosts } from "../observe/hosts";

/** QEMU's own, with which a domain starts. */
const defaultMaxDowntimeMs = 300;

/**
 * The maximum downtime of a VM, to be put back on a source that keeps it: libvirt keeps what was set before a migration, also
 * over its end. Of a migration that this run did not start nobody knows any more what it was before; it gets libvirt's default, and the
 * user is told.
 *
 * @param started this run starts the migration.
 * @returns how to put it back: best effort, a source that cannot be asked is told of.
 */
export async function rememberMaxDowntime(
  hosts: Hosts,
  view: DomainView,
  options: MigrationOptions,
  started: boolean,
  progress: Progress,
): Promise<() => Promise<void>> {
  if (options.maxDowntimeMs === undefined) return async () => {};
  const before = started ? await (await hosts.on(view.host)).maxDowntimeMs(view.uuid) : defaultMaxDowntimeMs;
  if (before === undefined) return async () => {};
  const couldNot = (why: string) =>
    progress.warn(
      `the maximum downtime of ${view.name} could not be put back to ${showDuration(before)} on ${view.host}: ${why}. ` +
        `If ${view.name} still runs there: ${shownCommand`virsh migrate-setmaxdowntime ${view} ${before}`}`,
    );
  return async () => {
    try {
      // The connection of the beginning may be gone; the VM as well, or it still moves.
      const source = await hosts.on(view.host);
      const [state, job] = [await source.state(view.uuid), await source.job(view.uuid)];
      if (!state || !isActive(state) || isInPostCopy(state) || isOutgoing(job)) return;
      if (isHeld(job)) return couldNot("its QEMU does not answer");
      if ((await source.maxDowntimeMs(view.uuid)) === before) return;
      await source.setMaxDowntimeMs(view.uuid, before);
      if (!started)
        progress.info(
          `the maximum downtime of ${view.name} on ${view.host} is libvirt's default again (${showDuration(before)}): what it was before this migration is not known`,
        );
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      couldNot(error.problem.message);
    }
  };
}
