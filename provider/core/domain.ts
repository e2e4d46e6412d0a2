/** What hosts say of a VM. */
import type { Owns } from "./undefine";

/** `virsh domstate --reason`, in virsh's words: "running" (booted), "paused" (migrating), "shut off" (migrated) … */
export interface DomainState {
  state: string;
  reason: string;
}

/** A VM as one host sees it. */
export interface DomainView extends DomainState {
  host: string;
  uuid: string;
  name: string;
  persistent: boolean;
  autostart: boolean;
  /** Its memory is saved on this host (`virsh managedsave`) and restored at the next start. */
  managedSave: boolean;
  /** What it owns there beside its disks; asked only of the VM that is looked for. */
  owns?: Owns;
  /** The job on it; undefined where it was not asked for. */
  job?: JobInfo;
}

/** `virsh domjobinfo --rawstats`. Numbers that libvirt did not report are undefined. */
export interface JobInfo {
  /** "held": libvirt does not tell, since another operation holds the domain; so it is while QEMU does not answer. */
  type: "none" | "bounded" | "unbounded" | "completed" | "failed" | "cancelled" | "held";
  operation?: "outgoing" | "incoming" | "other" | undefined;
  elapsedMs?: number | undefined;
  downtimeMs?: number | undefined;
  memoryTotalBytes?: number | undefined;
  memoryRemainingBytes?: number | undefined;
  memoryProcessedBytes?: number | undefined;
  memoryBytesPerSecond?: number | undefined;
  /** Of pages sent as they are, and of those that were one value all over (zero pages), which send next to nothing. */
  memoryNormalBytes?: number | undefined;
  memoryConstantBytes?: number | undefined;
  /** libvirt reports pages per second. 0 in the first pass, when it is not measured yet. */
  dirtyBytesPerSecond?: number | undefined;
  passes?: number | undefined;
  postCopyRequests?: number | undefined;
  diskTotalBytes?: number | undefined;
  diskRemainingBytes?: number | undefined;
  diskProcessedBytes?: number | undefined;
  throttlePercent?: number | undefined;
  error?: string | undefined;
}

/** The state as a user reads it: "paused (migrating)". */
export function showState({ state, reason }: DomainState): string {
  return reason === "" || reason === "unknown" ? state : `${state} (${reason})`;
}

/** True while a QEMU process holds it, running or not: what libvirt lists without `--all`. */
export function isActive({ state }: DomainState): boolean {
  return state !== "shut off";
}

/** True while libvirt on the destination has not given a post-copy up: QEMU may end it by itself, whatever the source says. */
export function isStillInPostCopy(view: DomainState | undefined): boolean {
  return view?.state === "running" && view.reason === "post-copy";
}

/** True where its memory is whole and at rest on this host: what a migration can begin with. */
export function holdsItsMemory({ state }: DomainState): boolean {
  return state === "running" || state === "paused" || state === "idle" || state === "blocked";
}

/** True while any job holds it that does not move it away: a snapshot, a backup, a dump, a save. libvirt does one at a time. */
export function isOtherJob(job: JobInfo | undefined): boolean {
  return job !== undefined && (job.type === "unbounded" || job.type === "bounded") && job.operation !== "outgoing";
}

/** False before the destination answers: the job is there and has nothing to show. */
export function hasBegun(job: JobInfo | undefined): boolean {
  return (job?.memoryTotalBytes ?? 0) + (job?.diskTotalBytes ?? 0) > 0;
}

/** True while a job moves memory from this host. */
export function isOutgoing(job: JobInfo | undefined): boolean {
  return job !== undefined && (job.type === "unbounded" || job.type === "bounded") && job.operation === "outgoing";
}
