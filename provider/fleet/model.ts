/** The fleet as plain data: what the planner is given and what it answers. It asks no host and reads no clock. */
import type { HostLimits } from "../core/hostLimits";

/** Labels of a VM or a host, by their keys. */
export type Labels = Readonly<Record<string, string>>;

/** Names, or labels that must all match. An empty list and labels without a key select nothing. */
export type Selector = readonly string[] | Labels;

/** Never two of these VMs on one host. */
export interface ApartRule {
  /** The VMs. */
  readonly apart: Selector;
}

/**
 * These VMs on one host. They cannot move at one instant: the rule is about where each of them is before and after the moves of the
 * group, not in between.
 */
export interface TogetherRule {
  /** The VMs. */
  readonly together: Selector;
}

/** These VMs on these hosts only. */
export interface OnlyRule {
  /** The VMs. */
  readonly only: Selector;
  /** The hosts: names, or labels of hosts. */
  readonly on: Selector;
}

/** What must hold at every moment of a plan. A rule that is broken at the start blocks nothing, and no plan breaks it further. */
export type Rule = ApartRule | TogetherRule | OnlyRule;

export type { HostLimits };

/** Limits of every host, which those of a host override one by one, and of the plan. */
export interface Limits extends HostLimits {
  /** Most moves in one plan, parking moves counted. Default: no limit. */
  readonly moves?: number;
}

/** A NUMA node of a host. */
export interface HostNode {
  /** Its number on the host. */
  readonly id: number;
  /** Memory for VMs. */
  readonly memoryBytes: number;
}

/** A host that VMs run on. */
export interface FleetHost {
  /** Its name, which `FleetVm.host` and rules refer to. */
  readonly name: string;
  /** Memory for VMs, limits not yet applied. */
  readonly memoryBytes: number;
  /** Its CPUs (threads). */
  readonly cpus: number;
  /** What rules select it by. */
  readonly labels: Labels;
  /** Nothing moves to it. */
  readonly maintenance: boolean;
  /** Override the limits of the fleet, one by one. */
  readonly limits?: HostLimits;
  /** Most moves to it at a time, for the one who carries the plan out: the plan is safe without it too. */
  readonly maxIncoming?: number;
  /** Most moves from it at a time; as `maxIncoming`. */
  readonly maxOutgoing?: number;
  /** Its NUMA nodes. Without them no memory of a node is counted. */
  readonly nodes?: readonly HostNode[];
  /** Bytes set aside for huge pages, by the size of a page in KiB. Without it huge pages are counted as memory only. */
  readonly hugePages?: Readonly<Record<number, number>>;
}

/** What a VM was measured to use. */
export interface Load {
  /** Memory in use. */
  readonly memoryBytes: number;
  /** CPUs kept busy: 1.5. */
  readonly cpus: number;
}

/** A VM and where it is. */
export interface FleetVm {
  /** Its name, which no other VM of the fleet has. */
  readonly name: string;
  /** The name of the host it is on. */
  readonly host: string;
  /** It runs. A VM that is shut off takes neither memory nor CPUs, but rules hold for it. */
  readonly active: boolean;
  /** Its memory. */
  readonly memoryBytes: number;
  /** Its virtual CPUs. */
  readonly vcpus: number;
  /** What rules select it by. */
  readonly labels: Labels;
  /** Those with a higher number move first. */
  readonly priority: number;
  /** It never moves. */
  readonly pinned: boolean;
  /**
   * What an evacuation does if this VM cannot leave its host (it is pinned, or can go to no other host): `block` makes the
   * evacuation impossible, `stay` leaves the VM where it is.
   */
  readonly onEvacuation: "block" | "stay";
  /** What it was measured to use. */
  readonly load?: Load;
  /** Its move waits for the moves of these VMs, if they move. */
  readonly after?: readonly string[];
  /** All of its memory comes from these NUMA nodes of the host. */
  readonly nodes?: readonly number[];
  /** The size in KiB of the huge pages that its memory consists of. */
  readonly hugePages?: number;
}

/** Hosts, VMs and what must hold. */
export interface Fleet {
  /** The hosts. Each has a name of its own. */
  readonly hosts: readonly FleetHost[];
  /** The VMs. Each is on one of the hosts. */
  readonly vms: readonly FleetVm[];
  /** What must hold. */
  readonly rules: readonly Rule[];
  /** How much of each host the VMs may take, and how many moves a plan may have. */
  readonly limits: Limits;
  /** Why a VM cannot go to a host, as a preflight found it: "no such CPU model". Undefined if it can. */
  readonly cannotGo: (vm: string, host: string) => string | undefined;
}

/** The host of each VM, by name. */
export type Assignment = ReadonlyMap<string, string>;

/** What a host limits. */
export type LimitName = "memory" | "cpu" | "hugePages" | "nodes" | "moves";

/** A rule or limit that an assignment breaks. */
export interface Violation {
  /** The rule, if it is one. */
  readonly rule?: Rule;
  /** The limit, if it is one. */
  readonly limit?: LimitName;
  /** The VMs that break it together. */
  readonly vms: readonly string[];
  /** Where they do. */
  readonly hosts: readonly string[];
  /** The same in a sentence. */
  readonly message: string;
}
