/** What a placements file says, as plain values. */
import type { MigrationArgs, OnDrift } from "../core/args";
import type { Evacuated, HostLimits, Labels, Limits, Rule } from "../fleet";

/** What the file says of a host, beside the inventory. */
interface HostEntry {
  /** Nothing moves to it. Absent: as the inventory says. */
  readonly maintenance?: boolean;
  /** Beside those of the inventory; the same key replaces the inventory's. */
  readonly labels?: Labels;
  /** Override the limits of the fleet, one by one. */
  readonly limits?: HostLimits;
}

/** Where a VM belongs, with its defaults filled in. */
export interface VmEntry {
  /** libvirt's name or UUID. */
  readonly domain: string;
  readonly host: string;
  readonly labels: Labels;
  readonly priority: number;
  readonly pinned: boolean;
  readonly onEvacuation: "block" | "stay";
  /** Its move waits for those of these VMs. */
  readonly after: readonly string[];
  /** Absent: that of the defaults. */
  readonly onDrift?: OnDrift;
  /** Its own migration options; the defaults are not merged in. */
  readonly migration?: MigrationArgs;
}

export interface Placements {
  readonly hosts: Readonly<Record<string, HostEntry>>;
  /** In the order of the file. */
  readonly vms: Readonly<Record<string, VmEntry>>;
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  readonly defaults: { readonly migration?: MigrationArgs; readonly onDrift?: OnDrift };
  /** By host: the VMs that an evacuation took away, with their order. */
  readonly evacuated: Evacuated;
}

/** Of a file with faults: what could not be read is undefined, at any place, but its name is there. */
export interface PartOfPlacements extends Omit<Placements, "vms" | "rules" | "evacuated"> {
  readonly vms: Readonly<Record<string, (Omit<VmEntry, "host"> & { readonly host?: string }) | undefined>>;
  readonly rules: readonly (Rule | undefined)[];
  readonly evacuated: Readonly<Record<string, Readonly<Record<string, number | undefined>> | undefined>>;
}
