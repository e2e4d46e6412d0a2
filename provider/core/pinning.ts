/** What of a VM is bound to CPUs and NUMA nodes, and which of them a host has. */

export interface CpuPin {
  /** "all": every thread that has no pin of its own (`<vcpu cpuset>`). */
  what: "vcpu" | "emulator" | "iothread" | "all";
  id?: number;
  cpus: readonly number[];
}

export interface Pinning {
  cpus: readonly CpuPin[];
  /** Of the whole memory, or of one of the guest's own NUMA nodes. */
  nodes: readonly { guestNode?: number; mode: string; nodes: readonly number[] }[];
  /** libvirt asks numad on each host where to put it. */
  automatic: boolean;
}

export interface Topology {
  onlineCpus: readonly number[] | undefined;
  /** Online, or such as may be switched on or plugged in. */
  possibleCpus: readonly number[] | undefined;
  numaNodes: readonly number[] | undefined;
  /** Bytes, by the number of the node; those that cannot be read are left out. */
  nodeMemory?: Readonly<Record<number, number>>;
  /** The kernel's second hierarchy of control groups, which takes a CPU that is offline. */
  cgroup2: boolean;
  numad: boolean;
}
