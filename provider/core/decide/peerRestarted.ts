import { type DomainView, showState } from "../domain";
import { isActive, isInterrupted, isPostCopyDestination, isPostCopySource } from "../situation";
import { begunMs, type Past, pastOn, restartedSince, tookPart } from "./past";
import { refuse, startFromDisk } from "./refusal";
import type { Refusal } from "./types";
import { showDuration } from "../units";

/**
 * The other half of a broken post-copy was on a host that has booted since: that half is gone, and with it a part of the memory.
 * Undefined where the hosts' past does not prove it.
 */
export function peerRestarted(
  name: string,
  half: DomainView,
  views: readonly DomainView[],
  pasts: readonly Past[] | undefined,
): Refusal | undefined {
  if (pasts === undefined) return undefined;
  const agoMs = begunMs(half, pastOn(half.host, pasts));
  if (agoMs === undefined) return undefined;
  const definition = (host: string) => views.find((view) => view.host === host && !isActive(view));
  const peers = pasts.filter(
    (past) =>
      past.host !== half.host &&
      restartedSince(past, agoMs) &&
      (definition(past.host) !== undefined || tookPart(past, isPostCopyDestination(half) ? "sent" : "received", agoMs)),
  );
  const [peer] = peers;
  if (peer === undefined || peers.length > 1) return undefined;
  // libvirt defines it on the destination at the switch. Without that definition only the source can start it.
  const start = isPostCopyDestination(half) ? half : (definition(peer.host) ?? half);
  const ranOnDestination = start === half && isPostCopySource(half) ? "which has its definition" : "where it ran last";
  return refuse({
    code: "postCopyInterrupted",
    host: half.host,
    message:
      `${half.host} holds one half of ${name} in a post-copy migration (${showState(half)}) that began ${showDuration(agoMs)} ago, ` +
      `and ${peer.host}, where the other half was, was restarted ${showDuration(peer.upMs)} ago: a part of its memory is gone`,
    remedies: [startFromDisk(`start it from its disk on ${start.host}, ${ranOnDestination}`, [half], start)],
    // A destination that waits for pages and has nothing to send never notices that the source is gone (QEMU 7.2: for minutes "running
    // (post-copy)"). One that has all of them is done within moments.
    passes: !isInterrupted(half),
  });
}
