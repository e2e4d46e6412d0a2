/** The error of a watch whose source does not answer any more: what the destination shows, and what is known by that. */
import { type DomainView, showState } from "../core/domain";
import { isActive, isInterrupted, isPausedForMigration, isStillInPostCopy } from "../core/situation";
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import { answerOf } from "../observe/answerOf";
import type { Hosts } from "../observe/hosts";

export async function lostContact(
  hosts: Hosts,
  error: PlacementError,
  migration: Migration,
  inPostCopy: boolean,
): Promise<PlacementError> {
  const { source, destination } = migration;
  const { name, uuid } = migration.domain;
  const answer = await answerOf(hosts, destination, (virsh) => virsh.view(uuid));
  const silent = answer instanceof PlacementError ? `${source} and ${destination}` : source;
  const seen = answer instanceof PlacementError ? undefined : answer;
  const shown =
    answer instanceof PlacementError
      ? `${destination} cannot be asked either (${answer.problem.message})`
      : `${destination} shows: ${seen ? showState(seen) : "not there"}`;
  return error.with({
    phase: "watch",
    domain: name,
    action: `lost contact with ${source} during the migration of ${name} from there to ${destination}`,
    message: `${error.problem.message}; ${shown}; ${name} was last seen running on ${inPostCopy ? destination : source}`,
    remedies: [{ do: `bring ${silent} back and run \`pulumi up\` again, which finds ${name} on whichever host it is` }],
    caution: caution(migration, inPostCopy, seen),
    ...(seen !== undefined && runs(seen) && { seen }),
  });
}

/** A host that does not answer may have lost its power, or only the network to it is down: nothing is promised that depends on which. */
function caution(
  { domain, source, destination }: Migration,
  inPostCopy: boolean,
  seen: DomainView | undefined,
): string {
  if (isInterrupted(seen) || (inPostCopy && seen === undefined))
    return `Destroy and resume nothing by hand before that. If ${source} still has power, the post-copy continues then; if ${source} has lost power, a part of the memory is gone, and \`pulumi up\` shows how to start ${domain.name} from its disk`;
  if (seen !== undefined && runs(seen) && !isStillInPostCopy(seen))
    return `${domain.name} has arrived on ${destination}; \`pulumi up\` then removes what ${source} still has of it`;
  return `Start nothing by hand before that. While both hosts have power, the migration continues without Pulumi, and \`pulumi up\` watches it to its end; if ${source} has lost power, what was only in the VM's memory there is lost`;
}

const runs = (view: DomainView) => isActive(view) && !isPausedForMigration(view);
