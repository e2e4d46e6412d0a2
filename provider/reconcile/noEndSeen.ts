/** The errors of a migration that is in progress still when the watch ends. */
import type { DomainView } from "../core/domain";
import { PlacementError, type Failure } from "../core/errors";
import type { Migration } from "../core/migration";
import { qemuHangs } from "../core/decide/preCopy";
import { runsInPostCopy } from "../core/situation";
import { showDuration } from "../core/units";

function noEndSeen(
  { domain, source, destination }: Migration,
  failure: Pick<Failure, "code" | "message" | "remedies"> & Partial<Failure>,
): PlacementError {
  return new PlacementError({
    phase: "watch",
    action: `cannot watch the migration of ${domain.name} from ${source} to ${destination} to its end`,
    domain: domain.name,
    host: source,
    ...failure,
  });
}

const leaveBothHosts = "Destroy and resume nothing on either host";

/** Nothing is sent any more, and in post-copy nothing can be cancelled. */
export function stalledInPostCopy(migration: Migration, reason: string): PlacementError {
  const { domain, source, destination } = migration;
  return noEndSeen(migration, {
    code: "migrationRunning",
    message: `${reason}; ${domain.name} runs on ${destination}, and a part of its memory is still on ${source}`,
    remedies: [
      {
        do: `check the link between ${source} and ${destination}, and run \`pulumi up\` again, which continues to watch the migration and reports how it ended`,
      },
    ],
    caution: leaveBothHosts,
    seen: { ...domain, host: destination, ...runsInPostCopy },
  });
}

/** libvirt on the source has given the post-copy up, the destination has not. */
export function givenUpOnOneSide(migration: Migration, stillMs: number): PlacementError {
  const { source, destination } = migration;
  return noEndSeen(migration, {
    code: "postCopyInterrupted",
    host: destination,
    message: `libvirt on ${source} has given the post-copy migration up, ${destination} has not ("running (post-copy)"), and nothing has been sent for ${showDuration(stillMs)}`,
    remedies: [
      {
        do: `check the link between ${source} and ${destination}, and run \`pulumi up\` again, which resumes the migration once ${destination} has noticed the interruption too`,
      },
    ],
    caution: leaveBothHosts,
  });
}

/** libvirt on the source waits for a QEMU that does not answer. */
export function qemuDoesNotAnswer(migration: Migration, view: DomainView, heldMs: number): PlacementError {
  const { message, ...refusal } = qemuHangs(view).problem;
  return noEndSeen(migration, { ...refusal, message: `${message}, for ${showDuration(heldMs)}` });
}
