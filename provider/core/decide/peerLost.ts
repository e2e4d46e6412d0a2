/** One half of a post-copy, without its other one. */
import { type DomainView, showState } from "../domain";
import {
  endedByForce,
  isActive,
  isInterrupted,
  isPostCopyDestination,
  isPostCopySource,
  wasShutDown,
} from "../situation";
import { undefineCommands } from "../undefine";
import type { Past } from "./past";
import { peerRestarted } from "./peerRestarted";
import { addItsHost, destroy, namesOf, refuse, runAgain, startFromDisk, tpmNote } from "./refusal";
import type { Observed, Refusal } from "./types";

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
  if (unreachable.length > 0) return peerSilent(name, half, unreachable);
  const [ended, ...moreEnded] = views.filter(endedByForce);
  if (ended !== undefined && moreEnded.length === 0) return peerEnded(name, half, ended);
  const [shutDown, ...others] = views.filter((view) => !isActive(view));
  const guestEnded = shutDown !== undefined && wasShutDown(shutDown) && others.length === 0;
  if (guestEnded && isInterrupted(half) && isPostCopySource(half)) return peerShutDown(name, half, shutDown);
  return peerNowhere(name, half);
}

function peerSilent(name: string, half: DomainView, unreachable: Observed["unreachable"]): Refusal {
  const silent = namesOf(unreachable);
  return refuse({
    code: "hostUnreachable",
    host: half.host,
    message: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}), and the other half is not to be seen: ${silent} cannot be reached`,
    remedies: [
      {
        do: `bring ${silent} back and run \`pulumi up\` again: it continues where the other half is still there, and tells what is lost where a host has lost power`,
      },
      startFromDisk(`if ${silent} is switched off for good, start it from its disk`, [half], half),
    ],
    caution: "Do not resume or destroy it by hand while that is open",
  });
}

function peerEnded(name: string, half: DomainView, ended: DomainView): Refusal {
  const ran = isPostCopyDestination(half) ? half : ended;
  return refuse({
    code: "postCopyInterrupted",
    host: half.host,
    message: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}), and the other half ended on ${ended.host} (${showState(ended)}): a part of its memory is gone`,
    remedies: [startFromDisk(`start it from its disk on ${ran.host}, where it ran last`, [half], ran)],
  });
}

function peerShutDown(name: string, half: DomainView, shutDown: DomainView): Refusal {
  return refuse({
    code: "postCopyInterrupted",
    host: half.host,
    message: `${name} was shut down on ${shutDown.host} (${showState(shutDown)}), and ${half.host} still holds its half of the post-copy migration (${showState(half)})`,
    remedies: [
      {
        do: `remove that half, as the guest has ended${tpmNote(half)}`,
        commands: [destroy(half), ...undefineCommands(half), runAgain],
        loses: `nothing, unless it was moved to a host outside of the inventory, and the definition on ${shutDown.host} is an old one: then what was only in its memory`,
      },
      {
        do: "if it was moved to a host outside of the inventory, add that host to vm-placement:hosts and run `pulumi up` again instead",
      },
    ],
  });
}

function peerNowhere(name: string, half: DomainView): Refusal {
  const side = isPostCopySource(half) ? "it was moved away from" : "it runs on";
  return refuse({
    code: "postCopyInterrupted",
    host: half.host,
    message: `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}: ${side} ${half.host}), and no host of the inventory holds the other`,
    remedies: [
      addItsHost("the other half is on"),
      startFromDisk("if the QEMU of the other half has ended, start it from its disk", [half], half),
    ],
    passes: !isInterrupted(half),
  });
}
