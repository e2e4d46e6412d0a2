import { shownCommand } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { isActive, isCrashed, isPausedForMigration, isPostCopySource } from "../situation";
import { listed } from "../near";
import { beforeUndefine, undefineCommand } from "../undefine";

/** "kvm-a (running), kvm-b (shut off) and kvm-c" */
export function seenOn(views: readonly DomainView[]): string {
  return listed(
    views.map((view) => `${view.host} (${showState(view)})`),
    "and",
  );
}

/**
 * One way out for each host that holds it, "keep the one on …", with what is lost. For states in which more than one copy is there and
 * nothing that can be asked tells which of them counts.
 *
 * @param keepable those that may be kept.
 */
export function waysToKeepOne(views: readonly DomainView[], keepable = views): string {
  const ways = keepable.map((keep) => {
    const others = views.filter((view) => view !== keep);
    return `keep ${keep.host}: ${others.map(removal).join(", ")}`;
  });
  const then = "Then run `pulumi up` again";
  if (ways.length === 1) return `${ways[0]!}. ${then}`;
  const look = views.some(isActive)
    ? "look at the console of each first (`virsh console`, `virsh domdisplay`)"
    : "compare them first (`virsh dumpxml`)";
  return `${look}, then choose. ${capitalized(ways.join("; or "))}. ${then}`;
}

function removal(view: DomainView): string {
  const { host } = view;
  if (isActive(view)) return `${shownCommand`virsh destroy ${view}`} on ${host} (${lostByDestroy(view)})`;
  const lost = view.managedSave
    ? "the memory saved there is lost with it"
    : "only that definition goes; changes made to it alone are lost";
  return `${beforeUndefine(view)}${undefineCommand(view, view.owns, view.managedSave ? ["--managed-save"] : [])} on ${host} (${lost})`;
}

function lostByDestroy(view: DomainView): string {
  if (isCrashed(view)) return "nothing is lost but its dump: it has crashed";
  if (isPausedForMigration(view)) return "nothing is lost if it is the receiving end: that never ran";
  if (isPostCopySource(view)) return "nothing is lost if the other one runs with all of its memory";
  return "what its guest did since the copies parted is lost";
}

/** For a libvirt that waits for a destination: an abort does not reach it there, and ssh waits for ever where the answer was lost. */
export function endItsConnection(name: string, host: string): string {
  return (
    `On ${host} \`pgrep -af 'ssh -T .*virt-ssh-helper'\` shows the ssh (with qemu+ssh) that libvirt waits for; ` +
    `\`kill PID\` ends it and with it the migration, and ${name} runs on as before: nothing is lost by that. ` +
    "`ConnectTimeout 15` in root's ~/.ssh/config there lets it give up by itself"
  );
}

/** The VM's memory is not whole anywhere any more: only its disk is left to start from. */
export function startFromDisk(view: DomainView): string {
  return `${shownCommand`virsh destroy ${view}`} on ${view.host}, then ${shownCommand`virsh start ${view}`} there: it boots from its disk, and all that was only in its memory is lost`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
