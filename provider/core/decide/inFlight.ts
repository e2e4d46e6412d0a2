import { shownCommand } from "../shownCommand";
import { beforeUndefine, undefineCommand } from "../undefine";
import { type DomainView, showState } from "../domain";
import {
  endedByForce,
  hasArrived,
  hasBegun,
  isActive,
  isHeld,
  isInPostCopy,
  isInterrupted,
  isOutgoing,
  isPostCopyDestination,
  isPostCopySource,
  isPreparedToReceive,
  isStillInPostCopy,
  wasShutDown,
} from "../situation";
import { listed } from "../near";
import { type Past, pastOn, tookPart } from "./past";
import { peerRestarted } from "./peerRestarted";
import { endItsConnection, seenOn, startFromDisk, waysToKeepOne } from "./refusal";
import type { Decision, Observed, Refusal } from "./types";
import { showDuration } from "../units";
import { waits } from "../times";

/** Migrations that run, or that broke off, whoever started them; undefined when the views show none. */
export function migrationInFlight(
  name: string,
  views: readonly DomainView[],
  observed: Observed,
): Decision | undefined {
  const postCopy = views.filter(isInPostCopy);
  if (postCopy.length === 0) return inPreCopy(name, views, observed);
  // Both ends have stopped, whatever the one that is left says of itself.
  const restarted = views.filter(isActive).length === 1 && peerRestarted(name, postCopy[0]!, views, observed.past);
  if (restarted) return restarted;
  const decision = afterTheSwitch(name, views, postCopy, observed);
  const runs = postCopy.find(isStillInPostCopy);
  return runs !== undefined && decision.action === "refuse" ? onlyWait(name, runs, decision, observed) : decision;
}

/**
 * While the destination says "running (post-copy)" QEMU may end the migration by itself, also minutes after libvirt on the source has
 * given it up (13 → 13, cut off for 70 s: 20 s after the link was back): whoever destroys or resumes then loses the VM.
 */
function onlyWait(name: string, runs: DomainView, { code, reason, host }: Refusal, observed: Observed): Refusal {
  const silent = observed.unreachable.map((each) => each.host);
  const first = silent.length > 0 ? `bring ${listed(silent, "and")} back and ` : "";
  return {
    action: "refuse",
    code: code === "domainOnTwoHosts" ? "migrationRunning" : code,
    reason,
    next:
      `${first}run \`pulumi up\` again in a minute. ${name} runs on ${runs.host}; as long as that says "${showState(runs)}" the migration may end by itself: ` +
      "do nothing to it on any host before",
    ...(host !== undefined && { host }),
    passes: true,
  };
}

/** The source stands still for good, the VM runs on the destination, and a part of its memory is still on the source. */
function afterTheSwitch(
  name: string,
  views: readonly DomainView[],
  halves: readonly DomainView[],
  observed: Observed,
): Decision {
  const sources = halves.filter(isPostCopySource);
  // Right after the switch the destination still waits for the devices' state: over a slow link for seconds.
  const switched = sources.some((half) => !isInterrupted(half));
  const aboutToRun = switched ? views.filter((view) => isPreparedToReceive(view) && !halves.includes(view)) : [];
  const destinations = [...halves.filter(isPostCopyDestination), ...aboutToRun];
  const bystanders = views.filter((view) => isActive(view) && !halves.includes(view) && !aboutToRun.includes(view));
  const [source] = sources;
  const [destination] = destinations;
  const [bystander] = bystanders;
  if (source && destination === undefined && bystander && sources.length === 1 && bystanders.length === 1) {
    const refusal = handsOver(name, source, bystander, observed.past);
    if (refusal) return refusal;
  }
  const held = sources.length + destinations.length + bystanders.length;
  if (sources.length > 1 || destinations.length > 1 || bystanders.length > 0) return several(name, views, held === 2);

  if (source && destination) {
    const way = `from ${source.host} to ${destination.host}`;
    return halves.some(isInterrupted)
      ? {
          action: "resume",
          view: source,
          to: destination.host,
          reason: `its post-copy migration ${way} was interrupted`,
        }
      : {
          action: "attach",
          view: source,
          to: destination.host,
          reason: `a post-copy migration ${way} is under way`,
        };
  }
  return peerLost(name, halves[0]!, views, observed.unreachable, observed.past);
}

/** The last moments of a post-copy that libvirt on the source has given up, and QEMU has not. */
export function handsOver(
  name: string,
  source: DomainView,
  other: DomainView,
  pasts?: readonly Past[],
): Refusal | undefined {
  const arrived = hasArrived(other);
  if (!arrived && !isPreparedToReceive(other)) return undefined;
  const proven = arrived && isInterrupted(source) && source.persistent && sameMigration(source, other, pasts);
  return {
    action: "refuse",
    code: "migrationRunning",
    host: source.host,
    reason:
      `${name} ${arrived ? "has arrived" : "is about to run"} on ${other.host} (${showState(other)}), ` +
      `and ${source.host} (${showState(source)}) has not noticed yet`,
    next: arrived
      ? `run \`pulumi up\` again: libvirt clears up on ${source.host} as a rule. If it does not, ${shownCommand`virsh destroy ${source}`} on ${source.host} loses nothing; on ${other.host} it would lose the VM's memory`
      : `run \`pulumi up\` again in a minute, and destroy nothing on either host before`,
    passes: true,
    ...(proven && {
      otherwise: {
        action: "finish",
        view: other,
        leftovers: [source],
        reason: `${name} runs on ${other.host} with all of its memory; libvirt on ${source.host} still holds the empty half of its post-copy migration (${showState(source)})`,
      },
    }),
  };
}

/** That the VM arrived there by the very migration whose source still stands: by the logs of both hosts. */
function sameMigration(source: DomainView, destination: DomainView, pasts: readonly Past[] | undefined): boolean {
  const [sent, received] = [pastOn(source.host, pasts), pastOn(destination.host, pasts)];
  return sent?.last?.what === "sent" && received !== undefined && tookPart(received, "received", sent.last.agoMs);
}

/**
 * @param views of the VM, wherever it is known.
 * @param unreachable hosts that may hold the other half.
 * @param pasts of the hosts that answer: one that has booted since holds nothing any more.
 */
export function peerLost(
  name: string,
  half: DomainView,
  views: readonly DomainView[],
  unreachable: Observed["unreachable"],
  pasts?: readonly Past[],
): Refusal {
  const restarted = peerRestarted(name, half, views, pasts);
  if (restarted) return restarted;
  const silent = listed(
    unreachable.map(({ host }) => host),
    "and",
  );
  const side = isPostCopySource(half) ? "it was moved away from" : "it runs on";
  if (unreachable.length > 0) {
    return {
      action: "refuse",
      code: "hostUnreachable",
      host: half.host,
      reason: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}), and the other half is not to be seen: ${silent} cannot be reached`,
      next:
        `bring ${silent} back and run \`pulumi up\` again: it continues where the other half is still there, and tells what is lost where a host has lost power. Do not resume or destroy it by hand before. ` +
        `If ${silent} is switched off for good, the part of the memory there is gone: ${startFromDisk(half)}`,
    };
  }
  const failed = isInterrupted(half);
  const [other, ...more] = views.filter(endedByForce);
  if (other !== undefined && more.length === 0) {
    const ran = isPostCopyDestination(half) ? half : other;
    return {
      action: "refuse",
      code: "postCopyInterrupted",
      host: half.host,
      reason: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}), and the other half ended on ${other.host} (${showState(other)}): a part of its memory is gone`,
      next:
        `nothing brings that memory back: ${shownCommand`virsh destroy ${half}`} on ${half.host}, then ${shownCommand`virsh start ${ran}`} on ${ran.host}, where it ran last: it boots from its disk, and all that was only in its memory is lost. ` +
        "Then run `pulumi up` again, which clears up the rest",
    };
  }
  const [shutDown, ...others] = views.filter((view) => !isActive(view));
  if (shutDown && wasShutDown(shutDown) && others.length === 0 && failed && isPostCopySource(half)) {
    return {
      action: "refuse",
      code: "postCopyInterrupted",
      host: half.host,
      reason: `${name} was shut down on ${shutDown.host} (${showState(shutDown)}), and ${half.host} still holds its half of the post-copy migration (${showState(half)})`,
      next:
        `${shownCommand`virsh destroy ${half}`} and ${beforeUndefine(half)}${undefineCommand(half, half.owns)} on ${half.host}, then run \`pulumi up\` again: nothing is lost by that, as the guest has ended. ` +
        `Were it moved to a host outside of the inventory, and the definition on ${shutDown.host} an old one, it would be lost: then add that host to vm-placement:hosts instead`,
    };
  }
  return {
    action: "refuse",
    code: "postCopyInterrupted",
    host: half.host,
    reason: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}: ${side} ${half.host}), and no host of the inventory holds the other`,
    next:
      `if the other half is on a host outside of the inventory, add that to vm-placement:hosts and run \`pulumi up\` again: nothing is lost then. ` +
      `If its QEMU has ended, the memory is gone: ${startFromDisk(half)}`,
    ...(!failed && { passes: true }),
  };
}

/** More copies than a migration has. `passes`: two that may be the last moment of one. */
function several(name: string, views: readonly DomainView[], passes: boolean): Refusal {
  const held = views.filter(isActive);
  return {
    action: "refuse",
    code: "domainOnTwoHosts",
    reason: `${name} is on ${seenOn(held)} at the same time, which is no state that a migration leaves`,
    next: waysToKeepOne(held),
    ...(passes && { passes: true }),
  };
}

function inPreCopy(name: string, views: readonly DomainView[], observed: Observed): Decision | undefined {
  const held = views.find(({ job }) => isHeld(job));
  if (held) return qemuHangs(held);
  const sources = views.filter((view) => isOutgoing(view.job));
  if (sources.length > 1) return several(name, views, false);
  const [source] = sources;
  const others = views.filter((view) => view !== source && isActive(view));
  if (source) {
    if (others.length > 1) return several(name, views, false);
    const [destination] = others;
    if (destination === undefined) return sourceAlone(name, source, observed);
    return {
      action: "attach",
      view: source,
      to: destination.host,
      reason: `a migration from ${source.host} to ${destination.host} is under way`,
    };
  }

  const receiving = views.filter(isPreparedToReceive);
  const [end] = receiving;
  if (end === undefined) return undefined;
  const rest = views.filter((view) => view !== end && isActive(view));
  if (receiving.length > 1 || rest.length > 1) return several(name, views, false);
  return receivingEnd(name, end, rest[0], observed);
}

/** Its kernel gives a connection up after a quarter of an hour, and tries one that is back every two minutes. */
export function qemuHangs(view: DomainView): Refusal {
  return {
    action: "refuse",
    code: "migrationRunning",
    host: view.host,
    reason: `${view.name} is ${showState(view)} on ${view.host}, and its QEMU does not answer libvirt`,
    next:
      `nothing is lost, and nothing runs twice. In a migration it stands still for the switch-over, over a connection that is gone or very slow: look after the link between the hosts, ` +
      `and run \`pulumi up\` again when ${shownCommand`virsh domjobinfo ${view}`} on ${view.host} answers (two minutes after the link is back, a quarter of an hour without it). Do not destroy it before`,
    passes: "slowly",
  };
}

function sourceAlone(name: string, source: DomainView, observed: Observed): Refusal {
  const silent = listed(
    observed.unreachable.map(({ host }) => host),
    "and",
  );
  const shown = `${source.host} is moving ${name} away (${showState(source)})`;
  if (observed.unreachable.length > 0) {
    return {
      action: "refuse",
      code: "hostUnreachable",
      host: source.host,
      reason: `${shown}, and where to is not to be seen: ${silent} cannot be reached`,
      next:
        `bring ${silent} back and run \`pulumi up\` again, which watches the migration, or starts it again where it broke off; nothing is lost meanwhile. ` +
        `Or cancel it with ${shownCommand`virsh domjobabort ${source}`} on ${source.host}: it then runs on there, and what was copied so far is lost`,
    };
  }
  const { job } = source;
  if (!hasBegun(job) && (job?.elapsedMs ?? 0) > waits.reach) {
    return {
      action: "refuse",
      code: "migrationRunning",
      host: source.host,
      reason: `${source.host} has tried for ${showDuration(job!.elapsedMs!)} to move ${name} away (${showState(source)}), and has reached no destination`,
      next: `${endItsConnection(name, source.host)}. Then run \`pulumi up\` again`,
      passes: true,
    };
  }
  return {
    action: "refuse",
    code: "migrationRunning",
    host: source.host,
    reason: `${shown}, and no host of the inventory receives it: libvirt there has not reached the destination yet, or that is another host`,
    next:
      `wait until ${shownCommand`virsh domjobinfo ${source}`} on ${source.host} shows no job, or add the other host to vm-placement:hosts; then run \`pulumi up\` again. ` +
      `Or cancel it with ${shownCommand`virsh domjobabort ${source}`} on ${source.host}: it then runs on there, and what was copied so far is lost`,
    passes: true,
  };
}

/** The receiving end of a migration that its source does not know of any more. libvirt removes it when the connection is gone. */
function receivingEnd(name: string, end: DomainView, owner: DomainView | undefined, observed: Observed): Refusal {
  const silent = listed(
    observed.unreachable.map(({ host }) => host),
    "and",
  );
  const shown = `${end.host} holds the receiving end of a migration of ${name} (${showState(end)})`;
  const remove = `${shownCommand`virsh destroy ${end}`} on ${end.host}`;
  if (owner === undefined && observed.unreachable.length > 0) {
    return {
      action: "refuse",
      code: "hostUnreachable",
      host: end.host,
      reason: `${shown}, and the other end is not to be seen: ${silent} cannot be reached`,
      next: `bring ${silent} back and run \`pulumi up\` again. Do not resume or destroy it by hand before: if the source is gone for good, ${remove} loses what was only in its memory`,
    };
  }
  return {
    action: "refuse",
    code: "migrationRunning",
    host: end.host,
    reason: owner
      ? `${shown}, and ${owner.host} (${showState(owner)}) does not send any more`
      : `${shown}, and no host of the inventory sends it`,
    next: owner
      ? `libvirt clears it up when it notices that the connection is gone, after half a minute; if it stays, ${remove} loses nothing as long as ${owner.host} holds ${name}. Then run \`pulumi up\` again`
      : `if it comes from a host outside of the inventory, add that to vm-placement:hosts and wait for the migration. If nothing sends it any more, ${remove} removes this end; what its source had only in memory is lost if the source is gone`,
    passes: true,
  };
}
