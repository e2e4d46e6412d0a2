import { commandLine } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { holdsItsMemory, isActive, isCrashed, isOtherJob, isPaused } from "../situation";
import type { Command } from "../problem";
import { undefineCommands } from "../undefine";
import { refuse, runAgain, start, waitForItsJob } from "./refusal";
import type { Decision, Desired, Observed, Refusal } from "./types";

/** Whether the VM, as it is now, can be moved to its target, and how. */
export function move(
  desired: Desired,
  observed: Observed,
  owner: DomainView,
  target: { host: string; why: string },
): Decision {
  const refusal =
    destinationIsSilent(observed, owner, target.host) ??
    targetHasItsName(observed, owner, target.host) ??
    notItsName(desired, owner) ??
    (isOtherJob(owner.job) ? busy(owner) : undefined) ??
    (isActive(owner) ? activeUnfit(desired, owner) : shutOffUnfit(desired, owner));
  if (refusal) return refusal;
  const how = isActive(owner) ? "live" : "offline";
  return { action: "migrate", how, view: owner, to: target.host, reason: target.why };
}

function destinationIsSilent(observed: Observed, owner: DomainView, target: string): Refusal | undefined {
  const silent = observed.unreachable.find(({ host }) => host === target);
  if (silent === undefined) return undefined;
  return refuse({
    code: "hostUnreachable",
    host: target,
    message: `${owner.name} is on ${owner.host}, but ${target} cannot be reached: ${silent.why}`,
    remedies: [
      { do: `bring ${target} back, then run \`pulumi up\` again; nothing is lost in the meantime` },
      { do: "set `host` to another host" },
    ],
  });
}

function targetHasItsName(observed: Observed, owner: DomainView, target: string): Refusal | undefined {
  const other = observed.views.find(
    (view) => view.host === target && view.name === owner.name && view.uuid !== owner.uuid,
  );
  if (other === undefined) return undefined;
  return refuse({
    code: "domainConflict",
    host: target,
    message: `${target} has another VM named ${owner.name} (UUID ${other.uuid}; the VM to move has UUID ${owner.uuid})`,
    remedies: [
      {
        do: "rename the other VM",
        commands: [{ host: target, command: commandLine`virsh domrename ${other} NEW-NAME` }],
      },
      {
        do: "undefine the other VM, if it is not needed",
        commands: undefineCommands({ ...other, owns: other.owns ?? unknownOwns }),
        loses: "its definition",
      },
    ],
  });
}

/** What another VM owns is not known: none of it is removed. */
const unknownOwns = { nvram: true, tpm: true, keepTpm: true };

/** The commands of the plan name the VM as the program does; another VM may have that name by now. */
function notItsName({ domain }: Desired, view: DomainView): Refusal | undefined {
  if (domain === view.name || domain === view.uuid) return undefined;
  return refuse({
    code: "domainConflict",
    host: view.host,
    message: `the VM with UUID ${view.uuid} is now named ${view.name} on ${view.host}, but the commands of this resource would use the name ${domain}`,
    remedies: [{ do: `set \`domain\` to "${view.name}" or to its UUID in the program; nothing is lost` }],
  });
}

function busy(owner: DomainView): Refusal {
  return refuse({
    code: "domainBusy",
    host: owner.host,
    message: `another job runs on ${owner.name} on ${owner.host} (a snapshot, a backup, a dump or a save), and libvirt runs one at a time`,
    remedies: [
      waitForItsJob(owner),
      {
        do: "abort that job",
        commands: [on(owner, commandLine`virsh domjobabort ${owner}`), runAgain],
        loses: "what it has written so far",
      },
    ],
    passes: true,
  });
}

function shutOffUnfit({ options: { mode } }: Desired, owner: DomainView): Refusal | undefined {
  const { host } = owner;
  if (mode === "live") {
    return refuse({
      code: "domainStateUnfit",
      host,
      message: `${owner.name} is ${showState(owner)} on ${host}, but migration.mode is "live"`,
      remedies: [
        { do: "start the VM", commands: [start(owner), runAgain] },
        { do: 'set migration.mode: "auto" or "offline"' },
      ],
    });
  }
  if (!owner.managedSave) return undefined;
  return refuse({
    code: "domainStateUnfit",
    host,
    message: `${owner.name} is shut off with a saved memory image (managed save) on ${host}, which an offline migration would leave behind`,
    remedies: [
      { do: "start the VM, which restores the image", commands: [start(owner), runAgain] },
      {
        do: "remove the image",
        commands: [on(owner, commandLine`virsh managedsave-remove ${owner}`), runAgain],
        loses: "the memory saved in it",
      },
    ],
  });
}

function activeUnfit({ options: { mode, postCopy } }: Desired, owner: DomainView): Refusal | undefined {
  const { host } = owner;
  const shown = `${owner.name} is ${showState(owner)} on ${host}`;
  const unfit = { code: "domainStateUnfit", host } as const;
  if (!holdsItsMemory(owner)) {
    return refuse({
      ...unfit,
      message: `${shown}, and cannot be moved in that state`,
      remedies: [{ do: "wait until the VM runs or is shut off, then run `pulumi up` again" }],
      passes: !isCrashed(owner),
    });
  }
  if (mode === "offline") {
    return refuse({
      ...unfit,
      message: `${shown}, but migration.mode is "offline"; libvirt would leave two definitions of the VM`,
      remedies: [
        { do: "shut the VM down", commands: [on(owner, commandLine`virsh shutdown ${owner}`), runAgain] },
        { do: 'set migration.mode: "auto" or "live"' },
      ],
    });
  }
  if (isPaused(owner) && postCopy) {
    return refuse({
      ...unfit,
      message: `${shown}, and post-copy cannot move a paused VM`,
      remedies: [
        { do: "leave out migration.postCopy" },
        { do: "resume the VM", commands: [on(owner, commandLine`virsh resume ${owner}`), runAgain] },
      ],
    });
  }
  return undefined;
}

function on({ host }: DomainView, command: string): Command {
  return { host, command };
}
