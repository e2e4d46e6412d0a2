import { commandLine } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

/** Bridges, libvirt networks and devices that the interfaces are plugged in must have the same names there. */
export function networksAreThere({ domain, source: { host: sourceHost }, destination, how }: MoveFacts): Problem[] {
  const { host, networks, system } = destination;
  const found = new Map<string, Problem>();
  const add = (key: string, message: string, remedies: Remedy[]) =>
    found.set(key, {
      rule: "networks",
      severity: how === "live" ? "blocker" : "warning",
      code: "migrationRefused",
      host,
      message,
      remedies,
    });
  const start = (network: string) => [
    { host, command: commandLine`virsh net-start ${network}` },
    { host, command: commandLine`virsh net-autostart ${network}` },
  ];
  for (const { type, source } of domain?.interfaces ?? []) {
    if (source === undefined) continue;
    if (type === "network" && networks !== undefined) {
      const network = networks.find(({ name }) => name === source);
      if (network === undefined) {
        add(`network ${source}`, `${domain!.name} is on the libvirt network ${source}, which ${host} does not have`, [
          {
            do: `define it on ${host} too`,
            commands: [
              { host: sourceHost, command: commandLine`virsh net-dumpxml ${source}` },
              { host, command: "virsh net-define FILE" },
              ...start(source),
            ],
          },
        ]);
      } else if (!network.active) {
        add(
          `network ${source}`,
          `${domain!.name} is on the libvirt network ${source}, which is not active on ${host}`,
          [{ do: "start it", commands: start(source) }],
        );
      }
    }
    const isDevice = type === "bridge" || type === "direct";
    if (isDevice && system !== undefined && !system.interfaces.includes(source)) {
      const what = type === "bridge" ? "bridge" : "network device";
      add(`device ${source}`, `${domain!.name} is plugged in the ${what} ${source}, which ${host} does not have`, [
        { do: `make a ${what} of that name on ${host}, with the same network behind it` },
      ]);
    }
  }
  return [...found.values()];
}
