/** How many connections a multi-FD migration makes where the user leaves it to the link (`parallel: { connections: "auto" }`). */
import type { Host } from "./model";
import type { MigrationOptions } from "./options";

const linkSpeedPattern = /^(\d{1,6}(?:\.\d{1,3})?)(Mbps|Gbps)$/;

/** "25Gbps" → bits per second; undefined for a text that is no speed. */
export function parseLinkSpeed(text: string): number | undefined {
  const [, number, unit] = linkSpeedPattern.exec(text) ?? [];
  const bits = Number(number) * (unit === "Gbps" ? 1e9 : 1e6);
  return bits > 0 ? bits : undefined;
}

/** One connection is one thread of QEMU's on each side, which sends some 10 Gbit/s. */
const bitsOfOneConnection = 10e9;
/** libvirt's own number. */
export const leastConnections = 2;
const mostConnections = 255;

export function connectionsOver(bitsPerSecond: number): number {
  return Math.min(Math.max(Math.ceil(bitsPerSecond / bitsOfOneConnection), leastConnections), mostConnections);
}

/** The number that a plan to this host has: of the inventory alone, since a plan asks no host. */
export function connectionsTo(
  { linkSpeed }: Pick<Host, "linkSpeed">,
  connections: MigrationOptions["parallelConnections"],
) {
  if (connections !== "auto") return connections;
  const speed = linkSpeed === undefined ? undefined : parseLinkSpeed(linkSpeed);
  return speed === undefined ? leastConnections : connectionsOver(speed);
}
