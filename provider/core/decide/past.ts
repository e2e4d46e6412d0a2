/**
 * What hosts report of their past: evidence of how a migration ended that was not observed to its end. Each value is an age at the moment of
 * asking, by the host's own clock, so that the clocks of the hosts need not agree.
 */
import type { DomainView } from "../domain";
import { isActive, isInPostCopy, isPostCopyDestination } from "../situation";

export interface Past {
  host: string;
  /** Since it booted. */
  upMs: number;
  /** Age of the VM's QEMU process; undefined where there is none. */
  qemuMs?: number | undefined;
  /** What libvirt's log of the VM has last: it was started, received from another host or sent to one. Undefined where it cannot be read. */
  last?: { what: "started" | "received" | "sent"; agoMs: number } | undefined;
  /** Since its definition was last written; undefined where that cannot be read. */
  definedMs?: number | undefined;
}

/** Start times of processes are whole seconds, and the hosts are not asked at the same moment. */
const marginMs = 3000;
/** Both ends of a migration begin within this. */
const sameMoveMs = 30_000;

/** True where the hosts' states alone do not tell what happened: one side of a post-copy migration without the other, or definitions of a VM that runs nowhere. */
export function needsPast(views: readonly DomainView[]): boolean {
  const sides = views.filter(isInPostCopy);
  return sides.length === 1 || (views.length > 1 && !views.some(isActive));
}

export function pastOn(host: string, pasts: readonly Past[] = []): Past | undefined {
  return pasts.find((past) => past.host === host);
}

/** How long ago, at least, the post-copy migration of this side began; undefined if nothing shows it. */
export function begunMs(side: DomainView, past: Past | undefined): number | undefined {
  // The QEMU of a receiving end is started for the migration; that of a sending one may be years old.
  if (isPostCopyDestination(side)) return past?.qemuMs;
  const sent = past?.last?.what === "sent" ? past.last.agoMs : 0;
  return Math.max(sent, side.job?.elapsedMs ?? 0) || undefined;
}

/** The host has booted since: whatever ran there then has ended. */
export function restartedSince(past: Past, agoMs: number): boolean {
  return past.upMs + marginMs < agoMs;
}

/** True if the log of that host shows that it sent or received the VM in the migration that began that long ago. */
export function tookPart(past: Past, as: "sent" | "received", agoMs: number): boolean {
  return past.last?.what === as && Math.abs(past.last.agoMs - agoMs) < sameMoveMs;
}

/**
 * Of two definitions of a VM that runs nowhere, the one where it ran last, by the last migration between the two hosts. libvirt writes the
 * destination's definition when the VM is about to run there: a definition that is older was not written by this migration, which ended
 * before the switch, and the VM ran on the source to the end. Undefined where the logs do not tell.
 */
export function ranLast(views: readonly DomainView[], pasts: readonly Past[] = []): DomainView | undefined {
  if (views.length !== 2) return undefined;
  const [source, destination] = (["sent", "received"] as const).map((what) =>
    views.find(({ host }) => pastOn(host, pasts)?.last?.what === what),
  );
  if (source === undefined || destination === undefined) return undefined;
  const { last: sent } = pastOn(source.host, pasts)!;
  const received = pastOn(destination.host, pasts)!;
  if (!tookPart(received, "received", sent!.agoMs) || received.definedMs === undefined) return undefined;
  return received.definedMs <= received.last!.agoMs ? destination : source;
}
