/** What a host uses as a whole, and how long its tasks had to wait, from two readings of /proc. */
import { wholeNumber } from "../../core/numbers";
import { head, sections } from "../../virsh/sections";
import { sh } from "../../virsh/shellScript";

/** Pressure of the kernel (PSI): the fraction of the time in which some task waited for it. */
interface Pressure {
  cpu: number;
  memory: number;
  io: number;
}

/** Its VMs and all else on it. */
export interface HostUse {
  usedMemoryBytes: number | undefined;
  /** CPUs that were busy, of those that are online. */
  busyFraction: number | undefined;
  /** Undefined: the kernel has none (`psi=0`, or built without). */
  pressure: Pressure | undefined;
}

export const hostUseScript = sh`${head}
s uptime; cut -d' ' -f1 /proc/uptime
s stat; head -n 1 /proc/stat
s meminfo; grep -E '^Mem(Total|Available):' /proc/meminfo
for r in cpu memory io; do s "pressure.$r"; cat "/proc/pressure/$r" 2>/dev/null; done
s end`;

/** Undefined: one of the readings is not whole. */
export function hostUse(first: string, second: string): HostUse | undefined {
  const [before, after] = [sections(first), sections(second)];
  if (!before.has("end") || !after.has("end")) return undefined;
  const elapsed = uptimeOf(after) - uptimeOf(before);
  const waited = (what: keyof Pressure) =>
    waitedFraction(before.get(`pressure.${what}`), after.get(`pressure.${what}`), elapsed);
  const [cpu, memory, io] = [waited("cpu"), waited("memory"), waited("io")];
  const known = cpu !== undefined && memory !== undefined && io !== undefined;
  return {
    usedMemoryBytes: usedMemoryOf(after.get("meminfo") ?? ""),
    busyFraction: busyFraction(before.get("stat") ?? "", after.get("stat") ?? ""),
    pressure: known ? { cpu, memory, io } : undefined,
  };
}

function uptimeOf(all: ReadonlyMap<string, string>): number {
  const text = all.get("uptime") ?? "";
  return /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
}

/** `some` of a file of /proc/pressure: by its total, or by the kernel's own mean of ten seconds where that does not tell. */
function waitedFraction(before = "", after = "", elapsed: number): number | undefined {
  const read = (text: string) => /^some avg10=(\d{1,3}\.\d\d) [^\n]*total=(\d{1,20})$/m.exec(text);
  const [, mean, total] = read(after) ?? [];
  if (mean === undefined) return undefined;
  const [start, end] = [wholeNumber(read(before)?.[2]), wholeNumber(total)];
  const isTold = start !== undefined && end !== undefined && end >= start && elapsed > 0;
  return Math.min(1, isTold ? (end - start) / 1e6 / elapsed : Number(mean) / 100);
}

/** The counters of the first line: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user. */
function busyFraction(before: string, after: string): number | undefined {
  const read = (line: string) =>
    line.startsWith("cpu ")
      ? line
          .split(/ +/)
          .slice(1, 9)
          .map((word) => wholeNumber(word) ?? NaN)
      : [];
  const [first, second] = [read(before), read(after)];
  if (first.length < 5 || first.length !== second.length) return undefined;
  // Of iowait the kernel says itself that it may go down.
  const grown = second.map((value, index) => Math.max(0, value - first[index]!));
  const total = grown.reduce((sum, value) => sum + value, 0);
  return total > 0 ? 1 - (grown[3]! + grown[4]!) / total : undefined;
}

function usedMemoryOf(text: string): number | undefined {
  const kib = (key: string) =>
    wholeNumber(new RegExp(`^${key}: +(\\d{1,13}) kB$`, "m").exec(text)?.[1], Number.MAX_SAFE_INTEGER / 1024);
  const [total, available] = [kib("MemTotal"), kib("MemAvailable")];
  return total === undefined || available === undefined ? undefined : Math.max(0, total - available) * 1024;
}
