/** What VMs use, from two answers of `domstats`. */
import { wholeNumber } from "../../core/numbers";
import { parseDomainStats } from "../../virsh/domainStats";

/** What a VM uses. */
export interface VmLoad {
  /** What its QEMU holds. */
  memoryBytes: number;
  /** CPUs that it kept busy: 1.5. */
  cpus: number;
}

/** One answer of `domstats --cpu-total --balloon`, and when it came. */
export interface StatsSample {
  atMs: number;
  text: string;
}

/** By the names of the domains; of one that cannot be judged, why. */
export type VmLoads = ReadonlyMap<string, VmLoad | { why: string }>;

export function vmLoads(first: StatsSample, second: StatsSample): VmLoads {
  const [before, after] = [parseDomainStats(first.text), parseDomainStats(second.text)];
  const elapsedNs = (second.atMs - first.atMs) * 1e6;
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return new Map(names.map((name) => [name, loadOf(before.get(name), after.get(name), elapsedNs)]));
}

type Fields = ReadonlyMap<string, string>;

function loadOf(before: Fields | undefined, after: Fields | undefined, elapsedNs: number): VmLoad | { why: string } {
  if (before === undefined) return { why: "it came or was started meanwhile" };
  if (after === undefined) return { why: "it left or was shut down meanwhile" };
  const [start, end] = [cpuTimeOf(before), cpuTimeOf(after)];
  const memoryBytes = memoryOf(after);
  if (start === undefined || end === undefined) return { why: "libvirt does not say its CPU time" };
  if (memoryBytes === undefined) return { why: "libvirt does not say its memory" };
  if (end < start) return { why: "it was started again meanwhile" };
  if (elapsedNs <= 0) return { why: "the clock of this computer was set back meanwhile" };
  return { memoryBytes, cpus: Number(end - start) / elapsedNs };
}

/** Nanoseconds are no exact number any more after 104 days of CPU time. */
function cpuTimeOf(fields: Fields): bigint | undefined {
  const text = fields.get("cpu.time") ?? "";
  return /^\d{1,20}$/.test(text) ? BigInt(text) : undefined;
}

/** What QEMU holds; 0 where its numbers may not be read. Of a VM with a job libvirt may tell at once only what the guest was given. */
function memoryOf(fields: Fields): number | undefined {
  const kib = (name: string) => wholeNumber(fields.get(name), Number.MAX_SAFE_INTEGER / 1024);
  const found = kib("balloon.rss") || kib("balloon.current");
  return found === undefined ? undefined : found * 1024;
}
