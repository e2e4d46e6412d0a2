/** A migration before its switch: the source has all of the VM. */
import { commandLine } from "../shownCommand";
import { type DomainView, showState } from "../domain";
import { hasBegun, isActive, isHeld, isOutgoing, isPreparedToReceive } from "../situation";
import {
  addItsHost,
  cancelIt,
  destroy,
  endItsConnection,
  namesOf,
  refuse,
  runAgain,
  severalCopies,
  waitForItsJob,
} from "./refusal";
import type { Decision, Observed, Refusal } from "./types";
import { showDuration } from "../units";
import { waits } from "../times";

export function inPreCopy(name: string, views: readonly DomainView[], observed: Observed): Decision | undefined {
  const held = views.find(({ job }) => isHeld(job));
  if (held) return qemuHangs(held);
  const sources = views.filter((view) => isOutgoing(view.job));
  if (sources.length > 1) return severalCopies(name, views, false);
  const [source] = sources;
  const others = views.filter((view) => view !== source && isActive(view));
  if (source) {
    if (others.length > 1) return severalCopies(name, views, false);
    const [destination] = others;
    if (destination === undefined) return sourceAlone(name, source, observed);
    return {
      action: "attach",
      view: source,
      to: destination.host,
      reason: `a migration from ${source.host} to ${destination.host} is in progress`,
    };
  }

  const receiving = views.filter(isPreparedToReceive);
  const [end] = receiving;
  if (end === undefined) return undefined;
  const rest = views.filter((view) => view !== end && isActive(view));
  if (receiving.length > 1 || rest.length > 1) return severalCopies(name, views, false);
  return receivingEnd(name, end, rest[0], observed);
}

/** Its kernel gives a connection up after a quarter of an hour, and tries one that is back every two minutes. */
export function qemuHangs(view: DomainView): Refusal {
  const { problem } = refuse({
    code: "migrationRunning",
    host: view.host,
    message: `${view.name} is ${showState(view)} on ${view.host}, but its QEMU is not answering libvirt`,
    remedies: [
      {
        do:
          "check the network between the hosts: at the switch-over of a migration, QEMU waits for a connection that is lost or very slow; nothing is lost, and the VM does not run twice. " +
          "Wait until libvirt answers (two minutes after the network is back, 15 minutes without it)",
        commands: [{ host: view.host, command: commandLine`virsh domjobinfo ${view}` }, runAgain],
      },
    ],
    caution: "Do not destroy the VM before then",
  });
  return { action: "refuse", problem: { ...problem, settlesWithinMs: waits.settlesSlowly } };
}

function sourceAlone(name: string, source: DomainView, observed: Observed): Refusal {
  const { host, job } = source;
  const silent = namesOf(observed.unreachable);
  const shown = `${host} is moving ${name} to another host (${showState(source)})`;
  if (silent !== "") {
    return refuse({
      code: "hostUnreachable",
      host,
      message: `${shown}, but its destination is not known: ${silent} cannot be reached`,
      remedies: [
        {
          do: `bring ${silent} back, then run \`pulumi up\` again, which watches the migration, or starts it again if it failed; nothing is lost in the meantime`,
        },
        cancelIt(source),
      ],
    });
  }
  if (!hasBegun(job) && (job?.elapsedMs ?? 0) > waits.reach) {
    return refuse({
      code: "migrationRunning",
      host,
      message: `${host} has tried for ${showDuration(job!.elapsedMs!)} to move ${name} (${showState(source)}), but has not reached the destination`,
      remedies: [endItsConnection(name, host)],
      passes: true,
    });
  }
  return refuse({
    code: "migrationRunning",
    host,
    message: `${shown}, but no host in the inventory receives it: libvirt there has not reached the destination yet, or the destination is not in the inventory`,
    remedies: [waitForItsJob(source), addItsHost("the VM moves to"), cancelIt(source)],
    passes: true,
  });
}

/** The destination of a migration that its source no longer knows. libvirt removes it when the connection is gone. */
function receivingEnd(name: string, end: DomainView, owner: DomainView | undefined, observed: Observed): Refusal {
  const { host } = end;
  const silent = namesOf(observed.unreachable);
  const shown = `${host} is the destination of a migration of ${name} (${showState(end)})`;
  const removed = { commands: [destroy(end), runAgain] };
  if (owner) {
    return refuse({
      code: "migrationRunning",
      host,
      message: `${shown}, but ${owner.host} (${showState(owner)}) no longer sends it`,
      remedies: [
        {
          do: `run \`pulumi up\` again: libvirt on ${host} removes what it received when it notices that the connection is lost, after about 30 s`,
        },
        {
          do: `if it does not, destroy the VM on ${host} (nothing is lost as long as ${owner.host} has it)`,
          ...removed,
        },
      ],
      passes: true,
    });
  }
  if (silent !== "") {
    return refuse({
      code: "hostUnreachable",
      host,
      message: `${shown}, but its source is not known: ${silent} cannot be reached`,
      remedies: [
        { do: `bring ${silent} back, then run \`pulumi up\` again` },
        {
          do: `if the source is gone for good, destroy the VM on ${host}`,
          ...removed,
          loses: "what was only in its memory",
        },
      ],
      caution: `Do not resume or destroy the VM by hand while ${silent} may come back`,
    });
  }
  return refuse({
    code: "migrationRunning",
    host,
    message: `${shown}, but no host in the inventory sends it`,
    remedies: [
      addItsHost("the VM comes from"),
      {
        do: `if no host sends it any more, destroy the VM on ${host}`,
        ...removed,
        loses: "what its source had only in memory, if the source is gone",
      },
    ],
    passes: true,
  });
}
