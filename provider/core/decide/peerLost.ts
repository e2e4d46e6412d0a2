/** One side of a post-copy migration, without the other one. */
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
import { otherRole, peerRestarted, roleOf } from "./peerRestarted";
import { addItsHost, destroy, namesOf, refuse, runAgain, startFromDisk, tpmNote } from "./refusal";
import type { Observed, Refusal } from "./types";

/**
 * @param views of the VM, wherever it is known.
 * @param unreachable hosts that may hold the other side.
 * @param pasts of the hosts that answer: one that has booted since holds nothing any more.
 */
export function peerLost(
  name: string,
  side: DomainView,
  views: readonly DomainView[],
  unreachable: Observed["unreachable"],
  pasts?: readonly Past[],
): Refusal {
  const restarted = peerRestarted(name, side, views, pasts);
  if (restarted) return restarted;
  if (unreachable.length > 0) return peerSilent(name, side, unreachable);
  const [ended, ...moreEnded] = views.filter(endedByForce);
  if (ended !== undefined && moreEnded.length === 0) return peerEnded(name, side, ended);
  const [shutDown, ...others] = views.filter((view) => !isActive(view));
  const guestEnded = shutDown !== undefined && wasShutDown(shutDown) && others.length === 0;
  if (guestEnded && isInterrupted(side) && isPostCopySource(side)) return peerShutDown(name, side, shutDown);
  return peerNowhere(name, side);
}

function peerSilent(name: string, side: DomainView, unreachable: Observed["unreachable"]): Refusal {
  const silent = namesOf(unreachable);
  return refuse({
    code: "hostUnreachable",
    host: side.host,
    message: `${side.host} is the ${roleOf(side)} of a post-copy migration of ${name} (${showState(side)}), but its ${otherRole(side)} is not known: ${silent} cannot be reached`,
    remedies: [
      {
        do: `bring ${silent} back, then run \`pulumi up\` again: it resumes the migration if the ${otherRole(side)} still has the VM, and reports what is lost if that host has lost power`,
      },
      startFromDisk(`if ${silent} is off for good, start the VM from its disk`, [side], side),
    ],
    caution: `Do not resume or destroy the VM by hand while ${silent} may come back`,
  });
}

function peerEnded(name: string, side: DomainView, ended: DomainView): Refusal {
  const ran = isPostCopyDestination(side) ? side : ended;
  return refuse({
    code: "postCopyInterrupted",
    host: side.host,
    message: `${side.host} is the ${roleOf(side)} of a post-copy migration of ${name} (${showState(side)}), but the VM ended on ${ended.host} (${showState(ended)}): a part of its memory is lost`,
    remedies: [startFromDisk(`start the VM from its disk on ${ran.host}, where it ran last`, [side], ran)],
  });
}

function peerShutDown(name: string, side: DomainView, shutDown: DomainView): Refusal {
  return refuse({
    code: "postCopyInterrupted",
    host: side.host,
    message: `${name} was shut down on ${shutDown.host} (${showState(shutDown)}), but ${side.host} is still the source of its post-copy migration (${showState(side)})`,
    remedies: [
      {
        do: `destroy what is left on ${side.host}, as the guest has ended${tpmNote(side)}`,
        commands: [destroy(side), ...undefineCommands(side), runAgain],
        loses: `nothing, unless it was moved to a host outside of the inventory, and the definition on ${shutDown.host} is an old one: then what was only in its memory`,
      },
      {
        do: "if the VM was moved to a host that is not in the inventory, add that host to vm-placement:hosts and run `pulumi up` again instead",
      },
    ],
  });
}

function peerNowhere(name: string, side: DomainView): Refusal {
  return refuse({
    code: "postCopyInterrupted",
    host: side.host,
    message: `${side.host} is the ${roleOf(side)} of a post-copy migration of ${name} (${showState(side)}), but no host in the inventory is its ${otherRole(side)}`,
    remedies: [
      addItsHost(`its ${otherRole(side)} is`),
      startFromDisk(`if QEMU on the ${otherRole(side)} has ended, start the VM from its disk`, [side], side),
    ],
    passes: !isInterrupted(side),
  });
}
