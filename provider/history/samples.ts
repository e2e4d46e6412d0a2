import type { JobInfo } from "../core/domain";

/** What `virsh domjobinfo` said at a moment of a migration. */
export interface Sample {
  /** Milliseconds since the start. */
  ms: number;
  /** Bytes of memory and of disks left to send. */
  remainingBytes?: number;
  /** Bytes per second at which memory is sent. */
  bytesPerSecond?: number;
  /** Bytes per second at which the guest dirties memory. */
  dirtyBytesPerSecond?: number;
  /** How much QEMU slows the VM, in percent. */
  throttlePercent?: number;
  /** The expected pause. */
  downtimeMs?: number;
  /** The VM runs on the destination already. */
  inPostCopy?: true;
}

const most = 200;

/** The progress of one migration, of any length in the same room: where there are too many samples, every second one stays. */
export class Samples {
  private kept: Sample[] = [];
  private every = 1;
  private seen = 0;
  private last: Sample | undefined;

  add(job: JobInfo, ms: number, inPostCopy: boolean): void {
    const sample = sampleOf(job, ms, inPostCopy);
    this.last = sample;
    if (this.seen++ % this.every !== 0) return;
    this.kept.push(sample);
    if (this.kept.length < most) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.every *= 2;
  }

  /** The last one is always among them. */
  get all(): readonly Sample[] {
    return this.last === undefined || this.last === this.kept.at(-1) ? this.kept : [...this.kept, this.last];
  }
}

function sampleOf(job: JobInfo, ms: number, inPostCopy: boolean): Sample {
  const { memoryRemainingBytes, diskRemainingBytes, memoryBytesPerSecond, dirtyBytesPerSecond } = job;
  // Until QEMU has set the migration up, libvirt gives 0 for all of it; and 0 for the dirty rate until the first pass has ended.
  const isSetUp = (job.memoryTotalBytes ?? 0) + (job.diskTotalBytes ?? 0) > 0;
  const isMeasured = dirtyBytesPerSecond !== 0 || (job.passes ?? 1) > 1;
  const left = [memoryRemainingBytes, diskRemainingBytes].filter((bytes) => isSetUp && bytes !== undefined) as number[];
  return {
    ms,
    ...(left.length > 0 && { remainingBytes: left.reduce((sum, bytes) => sum + bytes) }),
    ...(memoryBytesPerSecond !== undefined && { bytesPerSecond: memoryBytesPerSecond }),
    ...(dirtyBytesPerSecond !== undefined && isMeasured && { dirtyBytesPerSecond }),
    ...(job.throttlePercent !== undefined && { throttlePercent: job.throttlePercent }),
    ...(job.downtimeMs !== undefined && { downtimeMs: job.downtimeMs }),
    ...(inPostCopy && { inPostCopy }),
  };
}
