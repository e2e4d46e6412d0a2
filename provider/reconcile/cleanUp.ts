import { commandLine } from "../core/shownCommand";
import { runAgain, tpmNote } from "../core/decide/refusal";
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
 * The VM runs where it should; what an unfinished migration left is cleared up: it is defined where it runs, and a definition that
 * is shut off elsewhere is removed (its NVRAM kept). Every fact is looked up again right before.
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
  const there = await hosts.on(host);
  const definition = await there.view(uuid);
  if (definition === undefined) return false;
  await mustRun(home, view);
  const refuse = (why: string, ...remedies: Remedy[]) =>
    new PlacementError({
      code: "domainOnTwoHosts",
      phase: "decide",
      action: `cannot remove the leftover definition of ${name} on ${host}`,
      domain: name,
      host,
      message: why,
      remedies,
      seen: view,
    });
  // Only what the decision was about, for which it had the proof: anything else that is active is left alone.
  if (isActive(leftover) && isEmptyHalf(definition, await home.view(uuid))) {
    await there.destroy(uuid);
    if ((await there.view(uuid)) === undefined) return true;
  } else if (isActive(definition)) {
    throw refuse(`it is ${showState(definition)} there now`, {
      do: "run `pulumi up` again; nothing was removed",
    });
  }
  try {
    await there.undefine(uuid);
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    const left = { ...leftover, name, owns: await there.owns(uuid) };
    throw refuse(
      error.problem.message,
      {
        do: `take away on ${host} what libvirt names, as ${name} runs on ${view.host}`,
        commands: [
          { host, command: commandLine`virsh snapshot-list ${view}` },
          { host, command: commandLine`virsh checkpoint-list ${view}` },
          runAgain,
        ],
      },
      {
        do: `drop it with the definition${tpmNote(left)}`,
        commands: [...undefineCommands(left, ["--snapshots-metadata", "--checkpoints-metadata"]), runAgain],
        loses: "the description of its snapshots and checkpoints",
      },
    );
  }
  return true;
}

/**
 * The source of a post-copy that libvirt there has given up, once the destination has all of the memory: it cannot run any more. Not a
 * transient one: with its QEMU libvirt removes its vTPM state, which may lie on storage that the destination uses.
 */
function isEmptyHalf(half: DomainView, home: DomainView | undefined): boolean {
  return hasArrived(home) && !isOutgoing(home?.job) && isInterrupted(half) && isPostCopySource(half) && half.persistent;
}

async function mustRun(home: Virsh, { uuid, name, host }: DomainView): Promise<DomainView> {
  const view = await home.view(uuid);
  const unsettled = isPausedForMigration(view) || isInPostCopy(view);
  if (view !== undefined && holdsItsMemory(view) && !unsettled) return view;
  throw new PlacementError({
    code: "domainStateUnfit",
    phase: "decide",
    action: `cannot clear up what is left of ${name}'s migration`,
    domain: name,
    host,
    message: `it does not run on ${host} (${view ? showState(view) : "not there"}), so no other definition is touched`,
    remedies: [{ do: "start it where it belongs, then run `pulumi up` again" }],
  });
}
