import { type DomainView, isOutgoing, showState } from "../core/domain";
import type { Clock } from "../core/ports";
import type { Hosts } from "./hosts";

/** What both hosts say after a migration ended, whatever virsh said. */
export interface Verdict {
  outcome:
    | "moved" /** On the destination as it should be, gone from the source. */
    | "leftover" /** On the destination; the source keeps a definition that is shut off. */
    | "stayed" /** On the source as before, not on the destination. */
    | "postCopyFailed" /** Both halves stand still until it is resumed. */
    | "underWay" /** Neither host shows an end of it. */
    | "unclear";
  source: DomainView | undefined;
  destination: DomainView | undefined;
  /** "kvm-a: running (booted); kvm-b: not there". */
  seen: string;
}

/** libvirt clears up on both sides after virsh has returned an error; that long it may take. */
const settleMs = 15_000;
const pollMs = 250;

/** Asks both hosts, again and again while one of them still shows a migration. */
export async function verify(
  hosts: Hosts,
  move: { uuid: string; from: string; to: string; how: "live" | "offline" },
  clock: Clock,
): Promise<Verdict> {
  const deadline = clock.now() + settleMs;
  for (;;) {
    const verdict = await look(hosts, move);
    if (verdict.outcome !== "underWay" || clock.now() > deadline) return verdict;
    await clock.sleep(pollMs);
  }
}

async function look(
  hosts: Hosts,
  { uuid, from, to, how }: { uuid: string; from: string; to: string; how: "live" | "offline" },
): Promise<Verdict> {
  const [source, destination] = await Promise.all([from, to].map(async (host) => (await hosts.virsh(host)).view(uuid)));
  const seen = [
    [from, source],
    [to, destination],
  ]
    .map(([host, view]) => `${host as string}: ${view ? showState(view as DomainView) : "not there"}`)
    .join("; ");
  return { outcome: judge(source, destination, how), source, destination, seen };
}

/** Pure: from two views to a verdict. */
export function judge(
  source: DomainView | undefined,
  destination: DomainView | undefined,
  how: "live" | "offline",
): Verdict["outcome"] {
  if (source?.reason === "post-copy failed" || destination?.reason === "post-copy failed") return "postCopyFailed";
  const moving = (view: DomainView | undefined) =>
    view !== undefined && (isOutgoing(view.job) || view.reason === "migrating" || view.reason === "post-copy");
  if (moving(source) || moving(destination)) return "underWay";
  const active = (view: DomainView | undefined) =>
    view !== undefined && view.state !== "shut off" && view.state !== "crashed";
  if (how === "offline") {
    if (destination && !source && !active(destination)) return "moved";
    if (source && !destination) return "stayed";
    return "unclear";
  }
  if (active(destination) && !source) return "moved";
  if (active(destination) && source && !active(source)) return "leftover";
  if (active(source) && !active(destination)) return "stayed";
  return "unclear";
}
