/**
 * How long ago VMs came to their host: as long as the QEMU runs that was started to receive them (`-incoming`). libvirt itself keeps no
 * time of it. A VM that was restored from a saved image looks the same; one that was shut down and started since then did not come.
 */
import { wholeNumber } from "../../core/numbers";
import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh } from "../../virsh/shellScript";

/** By UUID: milliseconds since the move to this host began, or undefined for a VM that was started there. */
export type Arrivals = ReadonlyMap<string, number | undefined>;

/** Asked each time. A VM whose QEMU this account does not see (`hidepid`) is not in the answer. */
export async function arrivalsOn(virsh: Virsh): Promise<Arrivals | undefined> {
  const answer = await virsh.inquireShell(arrivalsScript);
  return answer && parseArrivals(answer.stdout);
}

/** The start of a process is the 22nd field of its stat; the second, its name, may hold blanks and brackets. */
export const arrivalsScript = sh`${head}
s uptime; cut -d' ' -f1 /proc/uptime
s ticks; getconf CLK_TCK 2>/dev/null || echo 100
s qemu; for f in $(grep -lsa -e -uuid /proc/[0-9]*/cmdline); do
a=$({ tr '\\0' '\\n' <$f; } 2>/dev/null)
u=$(printf '%s\\n' "$a" | sed -n '/^-uuid$/{n;p;q;}')
case "$u" in ????????-????-????-????-????????????) ;; *) continue ;; esac
w=started; printf '%s\\n' "$a" | grep -qx -e -incoming && w=received
echo "$u $w $(sed 's/.*) //' "\${f%/cmdline}/stat" 2>/dev/null | cut -d' ' -f20)"
done
s end`;

export function parseArrivals(text: string): Arrivals | undefined {
  const all = sections(text);
  const [uptime, ticks] = [all.get("uptime") ?? "", wholeNumber(all.get("ticks"), 1e6)];
  if (!all.has("end") || !/^\d{1,12}(\.\d{1,9})?$/.test(uptime) || !ticks) return undefined;
  const lines = (all.get("qemu") ?? "").split("\n").map((line) => line.split(" ", 4));
  return new Map(
    lines.flatMap(([uuid, how, start]) => {
      const startedAt = wholeNumber(start);
      if (startedAt === undefined || (how !== "received" && how !== "started")) return [];
      const ageMs = Math.max(0, Math.round((Number(uptime) - startedAt / ticks) * 1000));
      return [[uuid!.toLowerCase(), how === "received" ? ageMs : undefined] as const];
    }),
  );
}
