import { shownCommand } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

/** Bridges, libvirt networks and devices that the interfaces are plugged in must have the same names there. */
export function networksAreThere({ domain, destination, how }: MoveFacts): Finding[] {
  const { host, networks, system } = destination;
  const findings = new Map<string, Finding>();
  const add = (key: string, message: string, next: string) =>
    findings.set(key, {
      rule: "networks",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      where: host,
      message,
      next,
    });
  for (const { type, source } of domain?.interfaces ?? []) {
    if (source === undefined) continue;
    if (type === "network" && networks !== undefined) {
      const network = networks.find(({ name }) => name === source);
      if (network === undefined) {
        add(
          `network ${source}`,
          `${domain!.name} is on the libvirt network ${source}, which ${host} does not have`,
          `define it there: ${shownCommand`virsh net-dumpxml ${source}`} on the source, \`virsh net-define\`, ${shownCommand`virsh net-start ${source}`} and ${shownCommand`virsh net-autostart ${source}`} on ${host}`,
        );
      } else if (!network.active) {
        add(
          `network ${source}`,
          `${domain!.name} is on the libvirt network ${source}, which is not active on ${host}`,
          `on ${host}: ${shownCommand`virsh net-start ${source}`} and ${shownCommand`virsh net-autostart ${source}`}`,
        );
      }
    }
    const isDevice = type === "bridge" || type === "direct";
    if (isDevice && system !== undefined && !system.interfaces.includes(source)) {
      const what = type === "bridge" ? "bridge" : "network device";
      add(
        `device ${source}`,
        `${domain!.name} is plugged in the ${what} ${source}, which ${host} does not have`,
        `make a ${what} of that name on ${host}, with the same network behind it`,
      );
    }
  }
  return [...findings.values()];
}
