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
