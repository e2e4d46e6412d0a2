/** The model of one VM on one host. */
export interface SimulatedDomain {
  uuid: string;
  name: string;
  /** As `domstate --reason` has them. */
  state: string;
  reason: string;
  persistent: boolean;
  autostart: boolean;
  managedSave: boolean;
  maxDowntimeMs: number;
  maxSpeedMiBps: number;
  memoryMiB: number;
  /** Images of its host; absent: none. */
  disks?: readonly { target: string; path: string; format: "raw" | "qcow2" }[];
  /** What its QEMU holds; absent: libvirt does not say. */
  residentMiB?: number;
  /** What stands in <devices>: as it runs, and as it is defined. */
  devices?: { live: string; persistent: string };
  /** CPUs that it keeps busy. */
  busyCpus?: number;
  /** By the clock of the network: when the migration began that brought it. */
  arrivedAtMs?: number;
  /** False: it arrived paused and has not run since. */
  hasRun?: boolean;
  /** The guest does not react to a shutdown. */
  ignoresShutdown?: boolean;
  /** Which end of a migration it is; absent while none runs. */
  job?: "outgoing" | "incoming";
  /** libvirt keeps statistics of the migration that brought it. */
  completedStatistics?: boolean;
}

export const fakeUuid = "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b";

export function fakeDomain(domain: Partial<SimulatedDomain> = {}): SimulatedDomain {
  return {
    uuid: fakeUuid,
    name: "db-01",
    state: "running",
    reason: "booted",
    persistent: true,
    autostart: false,
    managedSave: false,
    maxDowntimeMs: 300,
    maxSpeedMiBps: 8_796_093_022_207,
    memoryMiB: 256,
    ...domain,
  };
}
