/**
 * Limits that libvirt keeps with the VM: what was set before a migration holds after its end, too. What is set while it runs libvirt takes
 * back by itself (seen in 9.0); it is looked at all the same.
 */
import { changes } from "../core/convergence/steps";
import { commandLine } from "../core/shownCommand";
import { isActive, isHeld, isInPostCopy, isOutgoing } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { DomainView } from "../core/domain";
import type { Migration } from "../core/migration";
import type { MigrationOptions } from "../core/options";
import type { Progress } from "../core/ports";
import { showDuration } from "../core/units";
import type { Hosts } from "../observe/hosts";
import type { Virsh } from "../virsh/client";

interface KeptLimit {
  name: string;
  isChangedBy: (options: MigrationOptions) => boolean;
  /** Before the migration begins. */
  isSetBefore: (options: MigrationOptions) => boolean;
  /** libvirt's own, with which a domain starts. */
  initial: number;
  read: (virsh: Virsh, uuid: string) => Promise<number | undefined>;
  set: (virsh: Virsh, uuid: string, value: number) => Promise<void>;
  show: (value: number) => string;
  command: (domain: DomainView, value: number) => string;
}

const limits: readonly KeptLimit[] = [
  {
    name: "maximum downtime",
    isChangedBy: (options) => options.maxDowntimeMs !== undefined || changes(options, "raiseMaxDowntime"),
    isSetBefore: ({ maxDowntimeMs, maxDowntimeAfterMs }) =>
      maxDowntimeMs !== undefined && maxDowntimeAfterMs === undefined,
    initial: 300,
    read: (virsh, uuid) => virsh.maxDowntimeMs(uuid),
    set: (virsh, uuid, ms) => virsh.setMaxDowntimeMs(uuid, ms),
    show: showDuration,
    command: (domain, ms) => commandLine`virsh migrate-setmaxdowntime ${domain} ${ms}`,
  },
  {
    name: "limit of the rate",
    isChangedBy: (options) => changes(options, "setBandwidth"),
    isSetBefore: () => false,
    initial: 8_796_093_022_207,
    read: (virsh, uuid) => virsh.maxSpeedMiBps(uuid),
    set: (virsh, uuid, mibps) => virsh.setMaxSpeedMiBps(uuid, mibps),
    show: (mibps) => `${mibps} MiB/s`,
    command: (domain, mibps) => commandLine`virsh migrate-setspeed ${domain} ${mibps}`,
  },
];

/**
 * The limits that a migration changes, to be put back on a source that keeps the VM. What one was before a migration that this run did
 * not start is not known any more. One that was set before it is set to libvirt's default, with a line of information; others are left
 * to libvirt, which knows what they were.
 *
 * @returns how to put them back: best effort, with a warning where that failed.
 */
export async function rememberLimits(
  hosts: Hosts,
  migration: Migration,
  progress: Progress,
): Promise<() => Promise<void>> {
  const changed = limits.filter(({ isChangedBy }) => isChangedBy(migration.options));
  const back = await Promise.all(changed.map((limit) => remember(hosts, migration, limit, progress)));
  return async () => {
    for (const putBack of back) await putBack();
  };
}

async function remember(
  hosts: Hosts,
  { domain, source, command, options }: Migration,
  limit: KeptLimit,
  progress: Progress,
): Promise<() => Promise<void>> {
  const started = command !== undefined;
  const usual = limit.isSetBefore(options) ? limit.initial : undefined;
  const before = started ? await limit.read(await hosts.on(source), domain.uuid) : usual;
  if (before === undefined) return async () => {};
  const couldNot = (why: string) =>
    progress.warn(
      `the ${limit.name} of ${domain.name} could not be put back to ${limit.show(before)} on ${source}: ${why}. ` +
        `If ${domain.name} still runs there: \`${limit.command(domain, before)}\``,
    );
  return async () => {
    try {
      // The connection of the beginning may be gone; the VM as well, or it still moves.
      const virsh = await hosts.on(source);
      const [state, job] = [await virsh.state(domain.uuid), await virsh.job(domain.uuid)];
      if (!state || !isActive(state) || isInPostCopy(state) || isOutgoing(job)) return;
      if (isHeld(job)) return couldNot("its QEMU does not answer");
      if ((await limit.read(virsh, domain.uuid)) === before) return;
      await limit.set(virsh, domain.uuid, before);
      if (!started)
        progress.info(
          `the ${limit.name} of ${domain.name} on ${source} is libvirt's default again (${limit.show(before)}): what it was before this migration is not known`,
        );
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      couldNot(error.problem.message);
    }
  };
}
