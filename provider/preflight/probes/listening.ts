import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh } from "../../virsh/shellScript";

/** The TCP ports that something on a host listens on; undefined where they cannot be read. */
export async function listeningOn(virsh: Virsh): Promise<ReadonlySet<number> | undefined> {
  const answer = await virsh.inquireShell(sh`${head}
s listening; awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
s end`);
  return answer && parseListening(answer.stdout);
}

/** Lines of "0100007F:C000". A host that was reached listens on one port at least. */
export function parseListening(text: string): ReadonlySet<number> | undefined {
  const all = sections(text);
  const lines = (all.get("listening") ?? "").split("\n");
  const ports = new Set(lines.flatMap((line) => /^[0-9A-F]+:([0-9A-F]{4})$/.exec(line.trim())?.[1] ?? []));
  return !all.has("end") || ports.size === 0 ? undefined : new Set([...ports].map((port) => parseInt(port, 16)));
}

/**
 * Those of a range to try: the one that libvirt takes next, and the last. Never one that something listens on: QEMU takes the first connection
 * for the VM that it waits for, which ends that migration ("Not a migration stream"); with a disk copy it waits for as long as that takes.
 */
export function portsToTry(
  { low, high }: { low: number; high: number },
  listening: ReadonlySet<number> | undefined,
): number[] {
  if (listening === undefined) return [];
  let next = low;
  while (next <= high && listening.has(next)) next++;
  if (next > high) return [];
  return next === high || listening.has(high) ? [next] : [next, high];
}
