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

/** As many ports above the next one are free for migrations that begin while ports are tried. */
const spare = 8;

/**
 * Those of a range to try. Never one that something listens on: QEMU takes the first connection for the VM that it waits for, which ends that
 * migration ("Not a migration stream"); with a disk copy it waits for as long as that takes. Nor the one that libvirt takes next, which another
 * migration may have taken since: `ifClosed` has it, for where the first ones are closed; where a range has one port it is the only one to try.
 */
export function portsToTry(
  { low, high }: { low: number; high: number },
  listening: ReadonlySet<number> | undefined,
): { first: number[]; ifClosed: number[] } {
  const from = (port: number) => {
    while (listening?.has(port)) port++;
    return port;
  };
  const next = from(low);
  if (listening === undefined || next > high) return { first: [], ifClosed: [] };
  const first = [...new Set([from(Math.min(next + spare, high)), high])].filter(
    (port) => port > next && port <= high && !listening.has(port),
  );
  return first.length === 0 ? { first: [next], ifClosed: [] } : { first, ifClosed: [next] };
}
