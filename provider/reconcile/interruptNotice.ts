import { endsWithin } from "../observe/clock";
import { shownCommand } from "../core/shownCommand";
import { showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { Clock, InFlight } from "../core/ports";

/** Of the 5 seconds that Pulumi gives, what a cancelled migration may take to end; the rest is for saying so. */
const verdictMs = 3800;

/**
 * The one line of a run that is interrupted while it moves a VM: where the VM is, and what the next `up` will do.
 *
 * @param work the flow that moves it; its end is the end of a cancelled migration.
 * @returns undefined while no migration is in progress: there is nothing to leave behind.
 */
export async function interruptNotice(
  inFlight: InFlight | undefined,
  onInterrupt: "leave" | "abort",
  work: Promise<unknown>,
  clock: Clock,
): Promise<string | undefined> {
  if (inFlight === undefined) return undefined;
  const { migration, inPostCopy } = inFlight;
  const { domain, source, destination, how } = migration;
  const { name } = domain;
  if (how === "offline") {
    return `interrupted: ${name} is shut off, and its definition goes from ${source} to ${destination} without pulumi. The next \`pulumi up\` finds it wherever it is`;
  }
  const watches = "The next `pulumi up` watches it to its end";
  if (inPostCopy) {
    const cannot = onInterrupt === "abort" ? ", and in post-copy that cannot be cancelled" : "";
    return `interrupted: ${name} runs on ${destination} already, and the rest of its memory follows from ${source} without pulumi${cannot}. ${watches}`;
  }
  if (onInterrupt === "leave") {
    return `interrupted: ${name} runs on ${source}, and its migration to ${destination} goes on without pulumi. ${watches}; ${shownCommand`virsh domjobabort ${domain}`} on ${source} cancels it`;
  }
  return cancel(inFlight, work, clock);
}

async function cancel(
  { migration: { domain, source, destination }, cancel: ask }: InFlight,
  work: Promise<unknown>,
  clock: Clock,
): Promise<string> {
  const ended = ask().then(
    () =>
      work.then(
        () => undefined,
        (error: unknown) => error,
      ),
    (error: unknown) => error,
  );
  const { name } = domain;
  if (!(await endsWithin(clock, verdictMs, ended))) {
    return `interrupted: libvirt was asked to cancel the migration of ${name} from ${source} to ${destination}, and has not confirmed it yet. The next \`pulumi up\` finds the VM wherever it is`;
  }
  const end = await ended;
  if (end === undefined) return `interrupted: ${name} had moved to ${destination} before it could be cancelled`;
  const seen = end instanceof PlacementError ? end.problem.seen : undefined;
  if (seen !== undefined) {
    return `interrupted: the migration of ${name} was cancelled, and it is ${showState(seen)} on ${seen.host}. The next \`pulumi up\` starts a new one`;
  }
  const why = end instanceof PlacementError ? end.problem.message : (end as Error).message;
  return `interrupted: the migration of ${name} from ${source} to ${destination} could not be cancelled (${why}). The next \`pulumi up\` finds the VM wherever it is`;
}
