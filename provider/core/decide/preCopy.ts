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
    message: `${view.name} is ${showState(view)} on ${view.host}, and its QEMU does not answer libvirt`,
    remedies: [
      {
        do:
          "check the link between the hosts, as in a migration QEMU waits for the switch-over over a connection that is gone or very slow; nothing is lost, and nothing runs twice. " +
          "Wait until libvirt answers (two minutes after the link is back, a quarter of an hour without it)",
        commands: [{ host: view.host, command: commandLine`virsh domjobinfo ${view}` }, runAgain],
      },
    ],
    caution: "Do not destroy it before",
  });
  return { action: "refuse", problem: { ...problem, settlesWithinMs: waits.settlesSlowly } };
}

function sourceAlone(name: string, source: DomainView, observed: Observed): Refusal {
  const { host, job } = source;
  const silent = namesOf(observed.unreachable);
  const shown = `${host} is moving ${name} away (${showState(source)})`;
  if (silent !== "") {
    return refuse({
      code: "hostUnreachable",
      host,
      message: `${shown}, and where to is not to be seen: ${silent} cannot be reached`,
      remedies: [
        {
          do: `bring ${silent} back and run \`pulumi up\` again, which watches the migration, or starts it again where it broke off; nothing is lost meanwhile`,
        },
        cancelIt(source),
      ],
    });
  }
  if (!hasBegun(job) && (job?.elapsedMs ?? 0) > waits.reach) {
    return refuse({
      code: "migrationRunning",
      host,
      message: `${host} has tried for ${showDuration(job!.elapsedMs!)} to move ${name} away (${showState(source)}), and has reached no destination`,
      remedies: [endItsConnection(name, host)],
      passes: true,
    });
  }
  return refuse({
    code: "migrationRunning",
    host,
    message: `${shown}, and no host of the inventory receives it: libvirt there has not reached the destination yet, or that is another host`,
    remedies: [waitForItsJob(source), addItsHost("it moves to"), cancelIt(source)],
    passes: true,
  });
}

/** The receiving end of a migration that its source does not know of any more. libvirt removes it when the connection is gone. */
function receivingEnd(name: string, end: DomainView, owner: DomainView | undefined, observed: Observed): Refusal {
  const { host } = end;
  const silent = namesOf(observed.unreachable);
  const shown = `${host} holds the receiving end of a migration of ${name} (${showState(end)})`;
  const removed = { commands: [destroy(end), runAgain] };
  if (owner) {
    return refuse({
      code: "migrationRunning",
      host,
      message: `${shown}, and ${owner.host} (${showState(owner)}) does not send any more`,
      remedies: [
        {
          do: "run `pulumi up` again: libvirt clears it up when it notices that the connection is gone, after half a minute",
        },
        {
          do: `if it stays, remove it (nothing is lost as long as ${owner.host} holds ${name})`,
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
      message: `${shown}, and the other end is not to be seen: ${silent} cannot be reached`,
      remedies: [
        { do: `bring ${silent} back and run \`pulumi up\` again` },
        { do: "if the source is gone for good, remove this end", ...removed, loses: "what was only in its memory" },
      ],
      caution: "Do not resume or destroy it by hand while that is open",
    });
  }
  return refuse({
    code: "migrationRunning",
    host,
    message: `${shown}, and no host of the inventory sends it`,
    remedies: [
      addItsHost("it comes from"),
      {
        do: "if nothing sends it any more, remove this end",
        ...removed,
        loses: "what its source had only in memory, if the source is gone",
      },
    ],
    passes: true,
  });
}
