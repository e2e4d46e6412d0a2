/** With modular daemons, virtqemud asks others of them for networks, volumes, secrets and filters when a VM arrives, and refuses it where one does not answer. */
import { type Daemons, startCommand } from "../daemons";
import type { Problem } from "../problem";
import type { MoveFacts } from "./facts";

export function driverDaemonsAnswer({ domain, destination: { host, daemons }, how }: MoveFacts): Problem[] {
  if (domain === undefined || daemons?.layout !== "modular") return [];
  const needed = [
    {
      daemon: "virtnetworkd",
      whatFor: "libvirt networks",
      is: domain.interfaces.some(({ type }) => type === "network"),
    },
    { daemon: "virtsecretd", whatFor: "secrets", is: domain.secrets.length > 0 },
    { daemon: "virtnwfilterd", whatFor: "network filters", is: domain.filters.length > 0 },
    { daemon: "virtstoraged", whatFor: "volumes", is: domain.disks.some(({ volume }) => volume !== undefined) },
  ];
  return needed
    .filter(({ daemon, is }) => is && !answers(daemons, daemon))
    .map(({ daemon, whatFor }) => ({
      rule: "driver-daemons",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      host,
      message: `${domain.name} uses ${whatFor}, but neither ${daemon} nor its socket is active on ${host}`,
      remedies: [{ do: `start ${daemon}`, commands: startCommand(host, daemons, daemon) }],
    }));
}

/** One without a socket that systemd knows of may have been started by hand. */
export function answers({ answering, units }: Daemons, daemon: string): boolean {
  return (
    answering.includes(daemon) || ["socket", "service"].some((kind) => units[`${daemon}.${kind}`]?.active === true)
  );
}
