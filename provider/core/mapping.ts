/** Disks and networks that are another on the destination: `migration.disks` and `migration.networks`. */
import type { DiskPlaceArgs, NetworkPlaceArgs } from "./args";
import { clean } from "./clean";

export type DiskPlace = DiskPlaceArgs;
/** A text keeps the kind. */
export type NetworkPlace = NetworkPlaceArgs;

/** What an interface is connected to. */
export interface Connection {
  kind: "bridge" | "network";
  name: string;
}

export interface Mapping {
  disks?: Readonly<Record<string, DiskPlace>>;
  networks?: Readonly<Record<string, NetworkPlace>>;
}

/** Whether virsh is given XML of ours. Decided by the inputs alone, as the command is. */
export function isMapped({ disks, networks }: Mapping): boolean {
  return disks !== undefined || networks !== undefined;
}

export function placeOfDisk({ disks }: Mapping, target: string): DiskPlace | undefined {
  return disks !== undefined && Object.hasOwn(disks, target) ? disks[target] : undefined;
}

/** What an interface is connected to on the destination; the same where nothing is said of it. */
export function connectionOnDestination({ networks }: Mapping, connection: Connection): Connection {
  const { kind, name } = connection;
  const place = networks !== undefined && Object.hasOwn(networks, name) ? networks[name] : undefined;
  return place === undefined ? connection : connectionOf(place, kind);
}

export function connectionOf(place: NetworkPlace, kind: Connection["kind"]): Connection {
  if (typeof place === "string") return { kind, name: place };
  return "bridge" in place ? { kind: "bridge", name: place.bridge } : { kind: "network", name: place.network };
}

/** For the plan, in the order of the inputs. */
export function mappingLines({ disks = {}, networks = {} }: Mapping): string[] {
  return [
    ...Object.entries(disks).map(([target, place]) => `disk ${target}: ${showDiskPlace(place)}`),
    ...Object.entries(networks).map(([name, place]) => `network ${name}: ${showNetworkPlace(place)}`),
  ].map((line) => clean(line));
}

function showDiskPlace(place: DiskPlace): string {
  return "path" in place ? place.path : `volume ${place.volume} of the pool ${place.pool}`;
}

function showNetworkPlace(place: NetworkPlace): string {
  return typeof place === "string" ? place : showConnection(connectionOf(place, "bridge"));
}

export function showConnection({ kind, name }: Connection): string {
  return kind === "bridge" ? `bridge ${name}` : `libvirt network ${name}`;
}
