/** What a placements file says, as a value of the program. A test keeps it equal to what the file may say. */
import type { HostLimitsArgs, MigrationArgs, OnDrift } from "./args";
import type { HostArgs } from "./model";

/** The inputs of a fleet in other languages than TypeScript, as plain values: `VmFleetArgs` describes them. */
export interface FleetArgs {
  file?: string;
  placements?: string | PlacementsArgs;
  aliases?: Record<string, string[]>;
  inventory?: Record<string, HostArgs>;
}

/** The value of a whole placements file: docs/fleet.md. */
export interface PlacementsArgs {
  /** What is to be known of hosts beside the inventory, by host. */
  hosts?: Record<string, FleetHostArgs>;
  /** Where each VM belongs, by VM: its host, or an object with more. */
  vms: Record<string, string | FleetVmArgs>;
  /** What must hold wherever the VMs are. */
  rules?: FleetRuleArgs[];
  /** How much of each host the VMs may take, and how many moves a plan may have. */
  limits?: HostLimitsArgs & {
    /** Most moves in one plan: 20. Default: no limit. */
    moves?: number;
  };
  /** What holds for every VM that does not say otherwise. */
  defaults?: {
    /** How VMs are moved. A VM's own options replace them one by one. */
    migration?: MigrationArgs;
    /** What becomes of a VM that was moved by hand. Default: "moveBack". */
    onDrift?: OnDrift;
  };
  /** Written by an evacuation: which VMs left which host, in which order. */
  evacuated?: Record<string, Record<string, number>>;
}

/** What is to be known of a host beside the inventory. */
export interface FleetHostArgs {
  /** True: nothing is placed on this host. Default: false. */
  maintenance?: boolean;
  /** Labels beside those of the inventory, for rules. */
  labels?: Record<string, string>;
  /** Override the limits of the fleet, one by one. */
  limits?: HostLimitsArgs;
}

/** Where a VM belongs, and more. */
export interface FleetVmArgs {
  /** The host on which the VM belongs. */
  host: string;
  /** libvirt's name or UUID of the VM. Default: the key. */
  domain?: string;
  /** Labels, by which rules select VMs. */
  labels?: Record<string, string>;
  /** VMs with a higher number move first. Default: 0. */
  priority?: number;
  /** True: no plan moves the VM. Default: false. */
  pinned?: boolean;
  /** What an evacuation does if the VM cannot leave its host: it is impossible, or leaves the VM there. Default: "block". */
  onEvacuation?: "block" | "stay";
  /** The VM moves when these VMs have moved. */
  after?: string[];
  /** What becomes of the VM when it was moved by hand. Default: that of `defaults`. */
  onDrift?: OnDrift;
  /** How the VM is moved, over the defaults. */
  migration?: MigrationArgs;
}

/** A rule. VMs and hosts are named in a list, or by labels that all must match. */
export type FleetRuleArgs =
  | {
      /** Never two of these VMs on one host. */
      apart: string[] | Record<string, string>;
    }
  | {
      /** All of these VMs on one host. */
      together: string[] | Record<string, string>;
    }
  | {
      /** These VMs run only on the hosts of `on`. */
      only: string[] | Record<string, string>;
      /** The hosts. */
      on: string[] | Record<string, string>;
    };
