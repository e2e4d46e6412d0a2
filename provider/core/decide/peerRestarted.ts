import { type DomainView, showState } from "../domain";
import { isActive, isInterrupted, isPostCopyDestination, isPostCopySource } from "../situation";
import { begunMs, type Past, pastOn, restartedSince, tookPart } from "./past";
import { refuse, startFromDisk } from "./refusal";
import type { Refusal } from "./types";
import { showDuration } from "../units";

/**
 * The other side of a broken post-copy was on a host that has booted since: that side is gone, and with it a part of the memory.
 * Undefined where the hosts' past does not prove it.
 */
export function peerRestarted(
  name: string,
  side: DomainView,
  views: readonly DomainView[],
  pasts: readonly Past[] | undefined,
): Refusal | undefined {
  if (pasts === undefined) return undefined;
  const agoMs = begunMs(side, pastOn(side.host, pasts));
  if (agoMs === undefined) return undefined;
  const definition = (host: string) => views.find((view) => view.host === host && !isActive(view));
  const peers = pasts.filter(
    (past) =>
      past.host !== side.host &&
      restartedSince(past, agoMs) &&
      (definition(past.host) !== undefined || tookPart(past, isPostCopyDestination(side) ? "sent" : "received", agoMs)),
  );
  const [peer] = peers;
  if (peer === undefined || peers.length > 1) return undefined;
  // libvirt defines it on the destination at the switch. Without that definition only the source can start it.
  const start = isPostCopyDestination(side) ? side : (definition(peer.host) ?? side);
  const ranOnDestination = start === side && isPostCopySource(side) ? "which has its definition" : "where it ran last";
  return refuse({
    code: "postCopyInterrupted",
    host: side.host,
    message:
      `${side.host} is the ${roleOf(side)} of a post-copy migration of ${name} (${showState(side)}) that began ${showDuration(agoMs)} ago, ` +
      `but its ${otherRole(side)} ${peer.host} was restarted ${showDuration(peer.upMs)} ago: a part of the VM's memory is lost`,
    remedies: [startFromDisk(`start the VM from its disk on ${start.host}, ${ranOnDestination}`, [side], start)],
    // A destination that waits for pages and has nothing to send never notices that the source is gone (QEMU 7.2: for minutes "running
    // (post-copy)"). One that has all of them is done within moments.
    passes: !isInterrupted(side),
  });
}

export function roleOf(side: DomainView): "source" | "destination" {
  return isPostCopySource(side) ? "source" : "destination";
}

export function otherRole(side: DomainView): "source" | "destination" {
  return isPostCopySource(side) ? "destination" : "source";
}
