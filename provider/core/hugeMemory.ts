/** Memory of a VM in huge pages, and what a host has of them. */

export interface HugeMemory {
  bytes: number;
  /** 0: the host's default size. */
  pageKiB: number;
  /** It has to come from these NUMA nodes of the host. */
  hostNodes?: readonly number[];
}

/** Huge pages of one size. */
export interface HugePages {
  /** Not in use and not promised, with those that the kernel makes when they are asked for (`nr_overcommit_hugepages`). */
  free: number;
  /** With those in use. */
  total: number;
  /** Free ones by NUMA node; undefined where the kernel does not tell. */
  freeOn: Readonly<Record<number, number>> | undefined;
}
