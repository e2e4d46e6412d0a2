import { shownCommand } from "../core/shownCommand";
import { showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { Clock, InFlight } from "../core/ports";

/** Of the 5 seconds that Pulumi gives, what a cancelled migration may take to end; the rest is for saying so. */
const verdictMs = 3800;

/**
 * The one line of a run that is told to stop while it moves a VM: where the VM is, and what the next `up` will do.
 *
 * @param work the flow that moves it; it tells how a cancelled migration ended.
 * @returns undefined while no migration is under way: there is nothing to leave behind.
 */
export async function interruptNotice(
  migration: InFlight | undefined,
  onInterrupt: "leave" | "abort",
  work: Promise<unknown>,
  clock: Clock,
): Promise<string | undefined> {
  if (migration === undefined) return undefined;
  const { domain, from, to, how, inPostCopy } = migration;
  if (how === "offline") {
    return `interrupted: ${domain} is shut off, and its definition goes from ${from} to ${to} without pulumi. The next \`pulumi up\` finds it wherever it is`;
  }
  const watches = "The next `pulumi up` watches it to its end";
  if (inPostCopy) {
    const cannot = onInterrupt === "abort" ? ", and in post-copy that cannot be cancelled" : "";
    return `interrupted: ${domain} runs on ${to} already, and the rest of its memory follows from ${from} without pulumi${cannot}. ${watches}`;
  }
  if (onInterrupt === "leave") {
    return `interrupted: ${domain} runs on ${from}, and its migration to ${to} goes on without pulumi. ${watches}; ${shownCommand`virsh domjobabort ${domain}`} on ${from} cancels it`;
  }
  return cancel(migration, work, clock);
}

async function cancel(
  { domain, from, to, cancel: ask }: InFlight,
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
  const late = Symbol("late");
  const end = await Promise.race([ended, clock.sleep(verdictMs).then(() => late)]);
  if (end === late) {
    return `interrupted: libvirt was asked to cancel the migration of ${domain} from ${from} to ${to}, and has not said yet that it did. The next \`pulumi up\` finds the VM wherever it is`;
  }
  if (end === undefined) return `interrupted: ${domain} had moved to ${to} before it could be cancelled`;
  const seen = end instanceof PlacementError ? end.problem.seen : undefined;
  if (seen !== undefined) {
    return `interrupted: the migration of ${domain} was cancelled, and it is ${showState(seen)} on ${seen.host}. The next \`pulumi up\` starts a new one`;
  }
  const why = end instanceof PlacementError ? end.problem.message : (end as Error).message;
  return `interrupted: the migration of ${domain} from ${from} to ${to} could not be cancelled (${why}). The next \`pulumi up\` finds the VM wherever it is`;
}
