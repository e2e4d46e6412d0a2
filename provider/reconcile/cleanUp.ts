import { runAgain, tpmNote } from "../core/decide/refusal";
import { commandLine } from "../core/shownCommand";
import { type DomainView, showState } from "../core/domain";
import {
  hasArrived,
  holdsItsMemory,
  isActive,
  isInPostCopy,
  isInterrupted,
  isOutgoing,
  isPausedForMigration,
  isPostCopySource,
} from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Remedy } from "../core/problem";
import { undefineCommands } from "../core/undefine";
import type { Virsh } from "../virsh/client";
import type { Hosts } from "../observe/hosts";
import type { Ports } from "../core/ports";

/**
 * The VM runs where it should; what an unfinished migration has left is removed: the VM is defined where it runs, and a definition that
 * is shut off elsewhere is removed (its NVRAM kept). Every fact is observed again right before.
 */
export async function cleanUp(
  hosts: Hosts,
  view: DomainView,
  leftovers: readonly DomainView[],
  { progress }: Ports,
): Promise<DomainView> {
  const home = await hosts.on(view.host);
  const now = await mustRun(home, view);
  if (!now.persistent) {
    await home.makePersistent(view.uuid);
    progress.info(`defined ${view.name} on ${view.host}: it would have been gone after a shutdown`);
  }
  if (leftovers.some(({ autostart }) => autostart) && !now.autostart) await home.setAutostart(view.uuid, true);
  for (const leftover of leftovers) {
    if (await removeLeftover(hosts, home, view, leftover)) {
      progress.info(`removed the leftover definition of ${view.name} on ${leftover.host}`);
    }
  }
  hosts.forget(view.host, ...leftovers.map(({ host }) => host));
  return mustRun(home, view);
}

/** False when it is gone already. */
async function removeLeftover(hosts: Hosts, home: Virsh, view: DomainView, leftover: DomainView): Promise<boolean> {
  const { name, uuid } = view;
  const { host } = leftover;
  const leftoverHost = await hosts.on(host);
  const definition = await leftoverHost.view(uuid);
  if (definition === undefined) return false;
  await mustRun(home, view);
  const refuse = (message: string, remedies: Remedy[]) =>
    new PlacementError({
      code: "domainOnTwoHosts",
      phase: "decide",
      action: `cannot remove the leftover definition of ${name} on ${host}`,
      domain: name,
      host,
      message,
      remedies,
      seen: view,
    });
  // Only what the decision was about, for which it had the proof: anything else that is active is left alone.
  if (isActive(leftover) && isAbandonedSource(definition, await home.view(uuid))) {
    await leftoverHost.destroy(uuid);
    if ((await leftoverHost.view(uuid)) === undefined) return true;
  } else if (isActive(definition)) {
    throw refuse(`it is ${showState(definition)} there now, so nothing was removed`, [{ do: "run `pulumi up` again" }]);
  }
  try {
    await leftoverHost.undefine(uuid);
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    throw refuse(
      error.problem.message,
      waysToRemove({ ...definition, owns: await leftoverHost.owns(uuid) }, view.host),
    );
  }
  return true;
}

/** What libvirt names in its refusal: snapshots or checkpoints, as a rule. */
function waysToRemove(leftover: DomainView, home: string): Remedy[] {
  const { name, host } = leftover;
  return [
    {
      do: `remove on ${host} what libvirt names, as ${name} runs on ${home}`,
      commands: [
        { host, command: commandLine`virsh snapshot-list ${leftover}` },
        { host, command: commandLine`virsh checkpoint-list ${leftover}` },
        runAgain,
      ],
    },
    {
      do: `remove the definition with its snapshots and checkpoints${tpmNote(leftover)}`,
      commands: [...undefineCommands(leftover, ["--snapshots-metadata", "--checkpoints-metadata"]), runAgain],
      loses: "the descriptions of the snapshots and checkpoints",
    },
  ];
}

/**
 * The source of a failed post-copy once the destination has all of the memory: it cannot run any more. Not a
 * transient one: with its QEMU libvirt removes its vTPM state, which may lie on storage that the destination uses.
 */
function isAbandonedSource(source: DomainView, home: DomainView | undefined): boolean {
  return (
    hasArrived(home) && !isOutgoing(home?.job) && isInterrupted(source) && isPostCopySource(source) && source.persistent
  );
}

async function mustRun(home: Virsh, { uuid, name, host }: DomainView): Promise<DomainView> {
  const view = await home.view(uuid);
  const unsettled = isPausedForMigration(view) || isInPostCopy(view);
  if (view !== undefined && holdsItsMemory(view) && !unsettled) return view;
  throw new PlacementError({
    code: "domainStateUnfit",
    phase: "decide",
    action: `cannot remove what the migration of ${name} has left`,
    domain: name,
    host,
    message: `it does not run on ${host} (${view ? showState(view) : "not there"}), so no other definition is removed`,
    remedies: [{ do: "start it where it should run, then run `pulumi up` again" }],
  });
}
