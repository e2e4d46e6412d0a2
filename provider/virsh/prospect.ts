/** What virsh and the source's shell tell of a migration to come. */
import { wholeNumber } from "../core/numbers";
import { head, sections } from "./report";
import { sh, type ShellScript } from "./shellScript";

/** What QEMU holds of each size of mapping: guest memory is the one of its own size, which is not known yet when this is asked. */
export function memoryScript(name: string): ShellScript {
  const pidFile = `/run/libvirt/qemu/${name}.pid`;
  return sh`${head}
s used; p=$(cat ${pidFile} 2>/dev/null) && awk '/^Size:/ { size = $2 } /^Rss:/ { used[size] += $2 } END { for (size in used) if (size + 0 >= 1024) print size, used[size] }' /proc/$p/smaps 2>/dev/null
s end`;
}

/** Guest memory in use. */
export function parseUsedBytes(text: string, memoryBytes: number): number | undefined {
  const want = Math.round(memoryBytes / 1024);
  const sizes = (sections(text).get("used") ?? "")
    .split("\n")
    .map((line) => line.split(" ", 2).map((word) => wholeNumber(word, maxKiB)));
  const [, used = 0] = sizes.find(([size]) => size === want) ?? [];
  return used > 0 ? used * 1024 : undefined;
}

/** 2^53 bytes, which is far more than any host has. */
const maxKiB = 2 ** 43;

/**
 * The speed of the link towards the destination. A tunnel's is left out: the kernel reports a constant for it, on some versions 10 Mbit/s.
 */
export function linkScript(dataAddress: string): ShellScript {
  return sh`${head}
s speed; d=$(ip route get ${dataAddress} 2>/dev/null | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p' | head -n 1); n="/sys/class/net/$d"; [ -n "$d" ] && [ ! -e "$n/tun_flags" ] && cat "$n/speed" 2>/dev/null && [ -e "$n/device" ] && echo physical
s end`;
}

export interface LinkSpeed {
  bytesPerSecond: number;
  /** A network card's. Bridges, bonds and veth report numbers that need not hold. */
  isPhysical: boolean;
}

export function parseLinkSpeed(text: string): LinkSpeed | undefined {
  const [speed = "", kind] = (sections(text).get("speed") ?? "").split("\n");
  // The kernel has -1 where the speed is not known.
  const megabits = wholeNumber(speed, maxMegabits) ?? 0;
  return megabits > 0 ? { bytesPerSecond: (megabits * 1_000_000) / 8, isPhysical: kind === "physical" } : undefined;
}

/** A hundred times the fastest link of today. */
const maxMegabits = 100_000_000;

/** `domstats --dirtyrate`: bytes per second by domain name; those whose measurement is not done are left out. */
export function parseDirtyRates(text: string): Map<string, number> {
  const rates = new Map<string, number>();
  for (const part of text.split(/^Domain: /m).slice(1)) {
    const [title = "", ...lines] = part.split("\n");
    const fields = new Map(
      lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]),
    );
    const mebibytes = wholeNumber(fields.get("dirtyrate.megabytes_per_second"), maxMiBps);
    if (!title.startsWith("'") || mebibytes === undefined || fields.get("dirtyrate.calc_status") !== "2") continue;
    rates.set(title.slice(1, title.lastIndexOf("'")), mebibytes * 2 ** 20);
  }
  return rates;
}

/** Far more than any memory can be written at. */
const maxMiBps = 2 ** 30;
