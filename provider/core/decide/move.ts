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
    message: `it is on ${owner.host}, and ${target} cannot be reached: ${silent.why}`,
    remedies: [
      { do: `bring ${target} back and run \`pulumi up\` again; nothing is lost meanwhile` },
      { do: "name another host" },
    ],
  });
}

function targetHasItsName(observed: Observed, owner: DomainView, target: string): Refusal | undefined {
  const stranger = observed.views.find(
    (view) => view.host === target && view.name === owner.name && view.uuid !== owner.uuid,
  );
  if (stranger === undefined) return undefined;
  return refuse({
    code: "domainConflict",
    host: target,
    message: `${target} has another VM of the name ${owner.name} (UUID ${stranger.uuid}; this one is ${owner.uuid})`,
    remedies: [
      {
        do: "rename that one",
        commands: [{ host: target, command: commandLine`virsh domrename ${stranger} NEW-NAME` }],
      },
      {
        do: "remove that one, if nobody needs it",
        commands: undefineCommands({ ...stranger, owns: stranger.owns ?? unknownOwns }),
        loses: "its definition",
      },
    ],
  });
}

/** What another VM owns is not asked for: nothing of it is removed. */
const unknownOwns = { nvram: true, tpm: true, keepTpm: true };

/** The commands of the plan name the VM as the program does; another VM may have that name by now. */
function notItsName({ domain }: Desired, view: DomainView): Refusal | undefined {
  if (domain === view.name || domain === view.uuid) return undefined;
  return refuse({
    code: "domainConflict",
    host: view.host,
    message: `the VM of this placement (UUID ${view.uuid}) is called ${view.name} on ${view.host} now, and its commands would name ${domain}`,
    remedies: [{ do: `set \`domain\` to "${view.name}" or to its UUID in the program; nothing is lost by that` }],
  });
}

function busy(owner: DomainView): Refusal {
  return refuse({
    code: "domainBusy",
    host: owner.host,
    message: `another job runs on it on ${owner.host} (a snapshot, a backup, a dump or a save), and libvirt does one at a time`,
    remedies: [
      waitForItsJob(owner),
      {
        do: "end that job",
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
      message: `it is ${showState(owner)} on ${host}, and migration.mode is "live"`,
      remedies: [
        { do: "start it", commands: [start(owner), runAgain] },
        { do: 'set migration.mode: "auto" or "offline"' },
      ],
    });
  }
  if (!owner.managedSave) return undefined;
  return refuse({
    code: "domainStateUnfit",
    host,
    message: `it is shut off with a saved memory image (managed save) on ${host}, which an offline migration leaves behind`,
    remedies: [
      { do: "start it, which restores the image", commands: [start(owner), runAgain] },
      {
        do: "drop the image",
        commands: [on(owner, commandLine`virsh managedsave-remove ${owner}`), runAgain],
        loses: "the memory saved in it",
      },
    ],
  });
}

function activeUnfit({ options: { mode, postCopy } }: Desired, owner: DomainView): Refusal | undefined {
  const { host } = owner;
  const shown = `it is ${showState(owner)} on ${host}`;
  const unfit = { code: "domainStateUnfit", host } as const;
  if (!holdsItsMemory(owner)) {
    return refuse({
      ...unfit,
      message: shown,
      remedies: [{ do: "wait until it runs or is shut off, and run `pulumi up` again" }],
      passes: !isCrashed(owner),
    });
  }
  if (mode === "offline") {
    return refuse({
      ...unfit,
      message: `${shown}, and migration.mode is "offline"; libvirt would leave two definitions of it`,
      remedies: [
        { do: "shut it down", commands: [on(owner, commandLine`virsh shutdown ${owner}`), runAgain] },
        { do: 'set migration.mode: "auto" or "live"' },
      ],
    });
  }
  if (isPaused(owner) && postCopy) {
    return refuse({
      ...unfit,
      message: `${shown}, and a paused VM cannot be moved by post-copy`,
      remedies: [
        { do: "leave out migration.postCopy" },
        { do: "resume it", commands: [on(owner, commandLine`virsh resume ${owner}`), runAgain] },
      ],
    });
  }
  return undefined;
}

function on({ host }: DomainView, command: string): Command {
  return { host, command };
}
