import { shownCommand } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { holdsItsMemory, isActive, isCrashed, isOtherJob, isPaused } from "../situation";
import type { ErrorCode } from "../errorCodes";
import type { Decision, Desired, Observed, Refusal } from "./types";

/** Whether the VM, as it is now, can be moved to its target, and how. */
export function move(
  desired: Desired,
  observed: Observed,
  owner: DomainView,
  target: { host: string; why: string },
): Decision {
  const refuse = (code: ErrorCode, host: string, reason: string, next: string, passes = false): Refusal => ({
    action: "refuse",
    code,
    host,
    reason,
    next,
    ...(passes && { passes }),
  });
  const silent = observed.unreachable.find(({ host }) => host === target.host);
  if (silent) {
    return refuse(
      "hostUnreachable",
      silent.host,
      `it is on ${owner.host}, and ${silent.host} cannot be reached: ${silent.why}`,
      `bring ${silent.host} back and run \`pulumi up\` again, or name another host; nothing is lost meanwhile`,
    );
  }
  const stranger = observed.views.find(
    (view) => view.host === target.host && view.name === owner.name && view.uuid !== owner.uuid,
  );
  if (stranger) {
    return refuse(
      "domainConflict",
      target.host,
      `${target.host} has another VM of the name ${owner.name} (UUID ${stranger.uuid}; this one is ${owner.uuid})`,
      `rename it on ${target.host} with ${shownCommand`virsh domrename ${owner} NEW-NAME`}, or undefine it (with --keep-nvram --keep-tpm) if nobody needs it`,
    );
  }
  const otherName = notItsName(desired, owner);
  if (otherName) return otherName;
  if (isOtherJob(owner.job)) {
    return refuse(
      "domainBusy",
      owner.host,
      `another job runs on it on ${owner.host} (a snapshot, a backup, a dump or a save), and libvirt does one at a time`,
      `wait until ${shownCommand`virsh domjobinfo ${owner}`} on ${owner.host} shows no job and run \`pulumi up\` again: nothing is lost. ` +
        `Or end it with ${shownCommand`virsh domjobabort ${owner}`} there: what it has written so far is lost`,
      true,
    );
  }
  const { mode } = desired.options;
  if (!isActive(owner)) {
    if (mode === "live") {
      return refuse(
        "domainStateUnfit",
        owner.host,
        `it is ${showState(owner)} on ${owner.host}, and migration.mode is "live"`,
        'start it, or set migration.mode: "auto" or "offline"',
      );
    }
    if (owner.managedSave) {
      return refuse(
        "domainStateUnfit",
        owner.host,
        `it is shut off with a saved memory image (managed save) on ${owner.host}, which an offline migration leaves behind`,
        `start it (${shownCommand`virsh start ${owner}`} restores it), or drop the image with ${shownCommand`virsh managedsave-remove ${owner}`} on ${owner.host}`,
      );
    }
    return { action: "migrate", how: "offline", view: owner, to: target.host, reason: target.why };
  }
  if (!holdsItsMemory(owner)) {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}`,
      "wait until it runs or is shut off; then run `pulumi up` again",
      !isCrashed(owner),
    );
  }
  if (mode === "offline") {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}, and migration.mode is "offline"; libvirt would leave two definitions of it`,
      `shut it down with ${shownCommand`virsh shutdown ${owner}`}, or set migration.mode: "auto" or "live"`,
    );
  }
  if (isPaused(owner) && desired.options.postCopy) {
    return refuse(
      "domainStateUnfit",
      owner.host,
      `it is ${showState(owner)} on ${owner.host}, and a paused VM cannot be moved by post-copy`,
      `leave out migration.postCopy, or resume it with ${shownCommand`virsh resume ${owner}`}`,
    );
  }
  return { action: "migrate", how: "live", view: owner, to: target.host, reason: target.why };
}

/** The commands of the plan name the VM as the program does; another VM may have that name by now. */
function notItsName({ domain }: Desired, view: DomainView): Refusal | undefined {
  if (domain === view.name || domain === view.uuid) return undefined;
  return {
    action: "refuse",
    code: "domainConflict",
    host: view.host,
    reason: `the VM of this placement (UUID ${view.uuid}) is called ${view.name} on ${view.host} now, and its commands would name ${domain}`,
    next: `set \`domain\` to "${view.name}" or to its UUID in the program; nothing is lost by that`,
  };
}
