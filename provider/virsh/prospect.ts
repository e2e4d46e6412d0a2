/** What virsh and the source's shell tell of a migration to come. */
import { quote } from "./quote";
import { sections } from "./report";

/** Guest memory in use, and the speed of the link towards the destination. */
export function prospectScript(name: string, memoryBytes: number, dataAddress: string | undefined): string {
  const pidFile = quote(`/run/libvirt/qemu/${name}.pid`);
  return `export LC_ALL=C; s() { printf '\\n@@ %s\\n' "$1"; }
s used; p=$(cat ${pidFile} 2>/dev/null) && awk -v want=${Math.round(memoryBytes / 1024)} '/^Size:/ { size = $2 } /^Rss:/ && size == want { used += $2 } END { if (used) print used }' /proc/$p/smaps 2>/dev/null
${
  dataAddress === undefined
    ? ""
    : `s speed; d=$(ip route get ${quote(dataAddress)} 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1); [ -n "$d" ] && cat "/sys/class/net/$d/speed" 2>/dev/null`
}
s end`;
}

export function parseProspect(text: string): { usedBytes: number | undefined; linkBytesPerSecond: number | undefined } {
  const all = sections(text);
  const number = (name: string) => {
    const value = Number(all.get(name) ?? "");
    return value > 0 ? value : undefined;
  };
  const [used, megabits] = [number("used"), number("speed")];
  return {
    usedBytes: used === undefined ? undefined : used * 1024,
    linkBytesPerSecond: megabits === undefined ? undefined : (megabits * 1_000_000) / 8,
  };
}

/** `domstats --dirtyrate`: bytes per second by domain name; those whose measurement is not done are left out. */
export function parseDirtyRates(text: string): Map<string, number> {
  const rates = new Map<string, number>();
  for (const part of text.split(/^Domain: /m).slice(1)) {
    const name = /^'(.*)'/.exec(part)?.[1];
    const mebibytes = /^\s*dirtyrate\.megabytes_per_second=(\d+)/m.exec(part)?.[1];
    if (name !== undefined && mebibytes !== undefined && /^\s*dirtyrate\.calc_status=2\s*$/m.test(part)) {
      rates.set(name, Number(mebibytes) * 2 ** 20);
    }
  }
  return rates;
}
