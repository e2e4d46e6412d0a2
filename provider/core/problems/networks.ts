import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { MoveFacts } from "./facts";
import type { Command, Problem, Remedy } from "../problem";
import { between, type StderrCause } from "./stderr";

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
  for (const { type, source } of domain?.interfaces ?? []) {
    if (source === undefined) continue;
    if (type === "network" && networks !== undefined) {
      const network = networks.find(({ name }) => name === source);
      if (network === undefined) {
        add(`network ${source}`, `${domain!.name} is on the libvirt network ${source}, which ${host} does not have`, [
          {
            do: `define the network on ${host} too`,
            commands: [
              { host: sourceHost, command: commandLine`virsh net-dumpxml ${source}` },
              { host, command: "virsh net-define FILE" },
              ...startNetwork(host, source),
            ],
          },
        ]);
      } else if (!network.active) {
        add(
          `network ${source}`,
          `${domain!.name} is on the libvirt network ${source}, which is not active on ${host}`,
          [{ do: "start the network", commands: startNetwork(host, source) }],
        );
      }
    }
    const isDevice = ["bridge", "direct", "ethernet"].includes(type);
    if (isDevice && system !== undefined && !system.interfaces.includes(source)) {
      const what = type === "bridge" ? "bridge" : "network device";
      add(`device ${source}`, `${domain!.name} is connected to the ${what} ${source}, which ${host} does not have`, [
        sameDevice(host, what),
      ]);
    }
  }
  return [...found.values()];
}

function startNetwork(host: string, network: string): Command[] {
  return [
    { host, command: commandLine`virsh net-start ${network}` },
    { host, command: commandLine`virsh net-autostart ${network}` },
  ];
}

function sameDevice(host: string, what: string): Remedy {
  return { do: `create a ${what} with that name on ${host}, connected to the same network` };
}

export const networkMissing: StderrCause = {
  stderr: anyOf(
    /Cannot get interface MTU|Unable to add bridge |Network not found|no network with matching name/i,
    onOneLine(/network '/i, /' is not active/i),
    onOneLine(/Cannot find/i, /bridge/i),
  ),
  code: "migrationRefused",
  remedies: ({ destination }, stderr) => {
    const network = between(stderr, "network '") ?? between(stderr, "no network with matching name '");
    if (network === undefined && /Cannot get interface MTU|Unable to add bridge |Cannot find/i.test(stderr)) {
      return [sameDevice(destination, "bridge or network device")];
    }
    return [
      {
        do: `define the network on ${destination} too, and start it`,
        commands: startNetwork(destination, network ?? "NAME"),
      },
    ];
  },
};
