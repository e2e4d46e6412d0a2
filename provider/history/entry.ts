/** One move as the history file keeps it: a line of JSON. */
import type { LastMigration, PredictedMigration } from "../core/args";
import type { MigrationOptions } from "../core/options";
import type { Sample } from "./samples";

export const historyVersion = 1;

/** What a host's running VMs were given, and what it has. */
export interface HostLoad {
  /** VMs that run or are paused. */
  vms: number;
  /** Bytes of memory that they were given. */
  memoryBytes: number;
  vcpus: number;
  /** Bytes of memory of the host; absent where it does not tell. */
  totalMemoryBytes?: number;
}

/** Absent is what was not known. */
export interface HistoryEntry {
  /** Of this format. */
  version: typeof historyVersion;
  /** The same for all moves of one `pulumi up`. */
  run: string;
  /** libvirt's name of the VM. */
  vm: string;
  uuid: string;
  /** Of the placement. */
  urn?: string;
  /** The commit that the project's directory was at. */
  commit?: string;
  /** Names of hosts in the inventory. */
  from: string;
  to: string;
  how: "live" | "offline";
  /** ISO 8601, by the clock of the computer that ran Pulumi. */
  startedAt: string;
  endedAt: string;
  /** What both hosts showed: "moved" to its destination, "stayed" on its source, "unknown" where neither was seen. */
  outcome: "moved" | "stayed" | "unknown";
  /** Of a move that failed, or of what failed after it. */
  error?: { code: string; message: string };
  /** Why the VM was moved. */
  reason: string;
  /** The `virsh migrate` command; absent where `up` watched a migration that ran already. */
  command?: string;
  /** After parsing: numbers carry their unit in the name. */
  options: MigrationOptions;
  estimate?: PredictedMigration;
  measured?: Pick<LastMigration, "mode" | "durationMs" | "downtimeMs" | "totalBytes" | "bytesPerSecond" | "passes">;
  /** The progress, oldest first, at most 200 samples. */
  samples: readonly Sample[];
  /** Of both hosts, right before and right after. */
  hosts?: Record<string, { before?: HostLoad; after?: HostLoad }>;
}
