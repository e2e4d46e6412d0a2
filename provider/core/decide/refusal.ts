/** What the refusals have in common, and the remedies that several of them share. */
import { commandLine } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { isActive, isCrashed, isPausedForMigration, isPostCopySource } from "../situation";
import { listed } from "../near";
import type { Advice, Command, Remedy } from "../problem";
import { deletesTpm, undefineCommands } from "../undefine";
import type { Observed, Refusal } from "./types";
import { waits } from "../times";

/** `passes`: it ends by itself as a rule, so that it is waited for first. */
export function refuse({ passes, ...problem }: Refusal["problem"] & { passes?: boolean }): Refusal {
  return { action: "refuse", problem: { ...problem, ...(passes && { settlesWithinMs: waits.settles }) } };
}

/** "kvm-a (running), kvm-b (shut off) and kvm-c" */
export function seenOn(views: readonly DomainView[]): string {
  return listed(
    views.map((view) => `${view.host} (${showState(view)})`),
    "and",
  );
}

/** "kvm-a and kvm-b"; empty where every host answers. */
export function namesOf(unreachable: Observed["unreachable"]): string {
  return unreachable.length === 0
    ? ""
    : listed(
        unreachable.map(({ host }) => host),
        "and",
      );
}

/** Ends the commands of a remedy: the next run does the rest. */
export const runAgain: Command = { command: "pulumi up" };

export function destroy(view: DomainView): Command {
  return { host: view.host, command: commandLine`virsh destroy ${view}` };
}

/**
 * One remedy for each host that holds it, "keep the one on …", with what is lost. For states in which more than one copy is there and
 * no host can say which of them is the right one.
 *
 * @param keepable those that may be kept.
 */
export function waysToKeepOne(views: readonly DomainView[], keepable = views): Pick<Advice, "first" | "remedies"> {
  const remedies = keepable.map((keep) =>
    keeping(
      keep,
      views.filter((view) => view !== keep),
    ),
  );
  if (remedies.length === 1) return { remedies };
  const first = views.some(isActive)
    ? "look at the console of each copy (`virsh console`, `virsh domdisplay`)"
    : "compare the definitions (`virsh dumpxml`)";
  return { first, remedies };
}

function keeping(keep: DomainView, others: readonly DomainView[]): Remedy {
  const losses = new Set(others.map(lostWith));
  const [loss] = losses;
  return {
    do: `keep the ${isActive(keep) ? "VM" : "definition"} on ${keep.host}${others
      .filter((view) => !isActive(view))
      .map(tpmNote)
      .join("")}`,
    commands: [...others.flatMap(removal), runAgain],
    loses: losses.size === 1 ? loss! : others.map((view) => `${lostWith(view)}, on ${view.host}`).join("; "),
  };
}

function removal(view: DomainView): Command[] {
  return isActive(view) ? [destroy(view)] : undefineCommands(view, view.managedSave ? ["--managed-save"] : []);
}

function lostWith(view: DomainView): string {
  if (!isActive(view)) return view.managedSave ? "the memory saved there" : "changes made to that definition alone";
  if (isCrashed(view)) return "nothing but the dump of a guest that has crashed";
  if (isPausedForMigration(view)) return "nothing if it is the receiving end, which never ran";
  if (isPostCopySource(view)) return "nothing if the other one runs with all of its memory";
  return "what its guest did since the copies parted";
}

/** Why a copy of the vTPM's state comes before a removal; empty where none does. */
export function tpmNote(view: DomainView): string {
  return deletesTpm(view)
    ? ` (virsh on ${view.host} deletes the vTPM state with the definition, so copy that first)`
    : "";
}

/** More copies than a migration has. `passes`: there are two, which may be the end of a migration. */
export function severalCopies(name: string, views: readonly DomainView[], passes: boolean): Refusal {
  const active = views.filter(isActive);
  // A destination may not have begun to run yet.
  const held = active.length > 1 ? active : views;
  return refuse({
    code: "domainOnTwoHosts",
    message: `${name} is on ${seenOn(held)} at the same time, a state that no migration leaves`,
    ...waysToKeepOne(held),
    passes,
  });
}

/** For a libvirt that waits for a destination: it cannot be aborted then, and ssh waits for ever if the answer was lost. */
export function endItsConnection(name: string, host: string): Remedy {
  return {
    do:
      `end the ssh process that libvirt on ${host} waits for (with \`ConnectTimeout 15\` in root's ~/.ssh/config there, ssh ends by itself), ` +
      `which ends the migration; ${name} keeps running on ${host}, and nothing is lost`,
    commands: [{ host, command: "pgrep -af 'ssh -T .*virt-ssh-helper'" }, { host, command: "kill PID" }, runAgain],
  };
}

/**
 * No host has all of the VM's memory any more: the VM can only start from its disk.
 *
 * @param what "if … has ended, start the VM from its disk"
 * @param sides what is left of it.
 * @param on the definition to start it from.
 */
export function startFromDisk(what: string, sides: readonly DomainView[], on: DomainView): Remedy {
  return {
    do: what,
    commands: [...sides.map(destroy), start(on), runAgain],
    loses: "everything that was only in its memory",
  };
}

export function start(view: DomainView): Command {
  return { host: view.host, command: commandLine`virsh start ${view}` };
}

/** @param what "the VM is on": what may be on a host that was not asked. */
export function addItsHost(what: string): Remedy {
  return {
    do: `if ${what} a host that is not in the inventory, add that host to vm-placement:hosts and run \`pulumi up\` again: nothing is lost`,
  };
}

/** A job that has to end first: nothing is lost by waiting. */
export function waitForItsJob(view: DomainView): Remedy {
  return {
    do: "wait until this shows no job",
    commands: [{ host: view.host, command: commandLine`virsh domjobinfo ${view}` }, runAgain],
  };
}

/** A migration before its switch: the source has all of it. */
export function cancelIt(view: DomainView): Remedy {
  return {
    do: `cancel the migration (${view.name} then stays on ${view.host})`,
    commands: [{ host: view.host, command: commandLine`virsh domjobabort ${view}` }],
    loses: "what was copied so far",
  };
}
