/** The error of a watch whose source has gone silent: what the destination says, and what is known by that. */
import { type DomainView, showState } from "../core/domain";
import { isActive, isInterrupted, isPausedForMigration, isStillInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Hosts } from "../observe/hosts";

export async function lostContact(
  hosts: Hosts,
  error: PlacementError,
  { view, to }: { view: DomainView; to: string },
  inPostCopy: boolean,
): Promise<PlacementError> {
  const { name, host } = view;
  const there = await viewOn(hosts, to, view.uuid);
  const [says, holds] =
    there instanceof PlacementError
      ? [`${to} cannot be asked either (${there.problem.message})`, undefined]
      : [`${to} says: ${there ? showState(there) : "not there"}`, there];
  const silent = there instanceof PlacementError ? `${host} and ${to}` : host;
  return error.with({
    phase: "watch",
    domain: name,
    action: `lost sight of the migration of ${name} from ${host} to ${to}`,
    message: `${error.problem.message}; ${says}; ${name} was last seen to run on ${inPostCopy ? to : host}`,
    remedies: [
      {
        do:
          `bring ${silent} back and run \`pulumi up\` again: it finds ${name} wherever it is. ` +
          whatMayBe(name, host, to, inPostCopy, holds),
      },
    ],
    ...(holds !== undefined && runsThere(holds) && { seen: holds }),
  });
}

/** A host that says nothing may have lost its power, or the way to it is gone: nothing is promised that depends on which. */
function whatMayBe(name: string, host: string, to: string, inPostCopy: boolean, there: DomainView | undefined): string {
  if (isInterrupted(there) || (inPostCopy && there === undefined))
    return `If ${host} still has power, the post-copy continues then; if it has lost it, a part of the memory is gone, and \`pulumi up\` says how to start ${name} from its disk. Destroy and resume nothing by hand before`;
  if (there !== undefined && runsThere(there) && !isStillInPostCopy(there))
    return `It has arrived on ${to}, and what ${host} may still have of it is cleared up then`;
  return `While both hosts have power, the migration goes on without us, and \`pulumi up\` watches it to its end; if ${host} has lost it, what was only in the memory there is lost. Start nothing by hand before`;
}

const runsThere = (view: DomainView) => isActive(view) && !isPausedForMigration(view);

async function viewOn(hosts: Hosts, host: string, uuid: string): Promise<DomainView | PlacementError | undefined> {
  try {
    return await (await hosts.on(host)).view(uuid);
  } catch (error) {
    if (error instanceof PlacementError) return error;
    throw error;
  }
}
