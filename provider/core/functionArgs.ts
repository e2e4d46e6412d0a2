/** What the package's functions take and return, in every language. */
import type { HostLimitsArgs, MigrationArgs, Plan } from "./args";

/** Which hosts are asked. */
export interface GetPlacementsArgs {
  /** Hosts of `vm-placement:hosts`. Default: all of them. */
  hosts?: string[];
}

/** The VMs of the hosts, running or not. */
export interface GetPlacementsResult {
  /** Each VM of which it is clear on which host it is. */
  placements: FoundPlacement[];
  /** VMs of which it is not: in the middle of a move, or on two hosts. */
  unclear: UnclearPlacement[];
  /** Hosts that could not be asked: their VMs are not known. */
  unreachable: UnreachableHost[];
}

/** A VM, and the host that has it. */
interface FoundPlacement {
  /** The name of the libvirt domain. */
  domain: string;
  /** libvirt's UUID of the VM. */
  uuid: string;
  /** The host that runs it, or that has its definition where it is shut off: its name in the inventory. */
  host: string;
  /** What `virsh domstate` prints: "running", "paused", "shut off" … */
  state: string;
}

/** A VM that is not on exactly one host. */
interface UnclearPlacement {
  /** The name of the libvirt domain. */
  domain: string;
  /** libvirt's UUID of the VM. */
  uuid: string;
  /** The hosts that know it. */
  hosts: string[];
  /** What they say of it. */
  why: string;
}

/** A host that could not be asked. */
interface UnreachableHost {
  /** Its name in the inventory. */
  host: string;
  /** The cause. */
  why: string;
}

/** A move to be planned; nothing is changed. */
export interface PlanMoveArgs {
  /** The libvirt domain: its name or its UUID. */
  domain: string;
  /** The destination, or a list of hosts any of which will do, as `host` of a placement. */
  host: string | string[];
  /** How it would be moved. Default: libvirt's defaults, `mode: "auto"`. */
  migration?: MigrationArgs;
  /** How much of the destination its VMs may take. Default: no limit. */
  limits?: HostLimitsArgs;
}

/** What an `up` with these inputs would meet. */
export interface PlanMoveResult {
  /** libvirt's UUID of the VM. */
  uuid: string;
  /** The host that has the VM now: its name in the inventory. */
  source: string;
  /** What `virsh domstate` prints: "running", "paused", "shut off" … */
  state: string;
  /** Whether nothing blocks the move, or the VM is there already. */
  possible: boolean;
  /** The exact commands of the move. */
  plan: Plan;
  /** What blocks the move, or is worth knowing before it. */
  problems: MoveProblem[];
  /** The estimate in words. Absent where nothing is to be moved, where the VM is shut off, and where too little is known. */
  estimate?: string;
}

/** Something that blocks a move, or is worth knowing before it. */
interface MoveProblem {
  /** A blocker refuses the move. */
  severity: "blocker" | "warning" | "information";
  /** The code under which docs/errors.md has it. */
  code: string;
  /** What it is, and what to do about it. */
  message: string;
}
