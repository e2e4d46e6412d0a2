import { changes } from "../convergence/steps";
import type { JobInfo } from "../domain";
import type { MigrationOptions } from "../options";

/** QEMU updates its rate every 100 ms; two answers closer together show the same one. */
const leastIntervalMs = 100;
const leastSamples = 4;
const leastBytes = 64 * 2 ** 20;
/** Of what was sent between two answers, so much may be other than whole pages: headers, zero pages, deltas. */
const mostElse = 0.1;
/** Enough for ten minutes of a watch; what comes later replaces the oldest. */
const mostKept = 2400;
/** libvirt reports "no limit" as 8796093022207 MiB/s, older ones as 9007199254740991. No network sends this much. */
const noCapMiBps = 2 ** 20;

/**
 * Finds the rate at which pre-copy sends memory, from the answers of `domjobinfo --rawstats` while it runs. What was sent, divided by how
 * long the migration took, is no such rate: an idle VM of which 1 MiB is sent in 1.3 s would come to 809 KiB/s.
 *
 * Only the intervals count in which QEMU did nothing but send whole pages: zero pages cost time and send 9 bytes each, compressed pages
 * send less than they are, disks and post-copy have rates of their own.
 */
export class TransferRate {
  private readonly rates: number[] = [];
  private bytes = 0;
  private last: JobInfo | undefined;

  /** The next answer, in order. */
  add(job: JobInfo): void {
    const before = this.last;
    this.last = job;
    if (before === undefined) return;
    const sent = pagesSent(before, job);
    if (sent === undefined) return;
    this.bytes += sent;
    this.rates.push(job.memoryBytesPerSecond!);
    if (this.rates.length > mostKept) this.rates.shift();
  }

  /** The median, in bytes per second; undefined where too little was sent to tell. */
  get bytesPerSecond(): number | undefined {
    if (this.rates.length < leastSamples || this.bytes < leastBytes) return undefined;
    const sorted = [...this.rates].sort((a, b) => a - b);
    return Math.round(sorted[Math.floor((sorted.length - 1) / 2)]!);
  }
}

/** The bytes of whole pages that went out between two answers; undefined where they say nothing of the rate. */
function pagesSent(before: JobInfo, after: JobInfo): number | undefined {
  if (!before.memoryTotalBytes || !after.memoryRemainingBytes || !after.memoryBytesPerSecond) return undefined;
  if (before.throttlePercent || after.throttlePercent || after.postCopyRequests) return undefined;
  if (after.diskRemainingBytes) return undefined;
  const grown = (key: keyof JobInfo) =>
    ((after[key] as number | undefined) ?? NaN) - ((before[key] as number | undefined) ?? NaN);
  const [elapsedMs, processed, normal, constant] = [
    grown("elapsedMs"),
    grown("memoryProcessedBytes"),
    grown("memoryNormalBytes"),
    grown("memoryConstantBytes"),
  ];
  const onlyPages = Math.abs(processed - normal) <= normal * mostElse && constant <= normal * mostElse;
  // A number that libvirt did not report makes each of these false.
  return elapsedMs >= leastIntervalMs && normal > 0 && onlyPages ? normal : undefined;
}

/** A host's own cap (`migrate-getspeed`) as a rate; Infinity where it is none. */
export function hostCapBytes(capMiBps: number | undefined): number {
  return capMiBps === undefined || capMiBps >= noCapMiBps ? Infinity : capMiBps * 2 ** 20;
}

/** Whether a rate measured of this migration is that of the network: no cap of its own or of the host, and pages sent as they are. */
export function sendsFreely(options: MigrationOptions, hostCapMiBps: number | undefined): boolean {
  return (
    options.bandwidthMiBps === undefined &&
    !changes(options, "setBandwidth") &&
    options.compressionMethods === undefined &&
    hostCapMiBps !== undefined &&
    hostCapBytes(hostCapMiBps) === Infinity
  );
}
