import { connectionOnDestination } from "../mapping";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import type { Interface, MoveFacts } from "./facts";
import { connectionOfInterface } from "./mapping";
import type { Command, Problem, Remedy } from "../problem";
import { between, type StderrCause } from "./stderr";

/** Bridges, libvirt networks and devices that the interfaces are plugged in: by the same names there, or those of migration.networks. */
export function networksAreThere({
  domain,
  source: { host: sourceHost },
  destination,
  how,
  options,
}: MoveFacts): Problem[] {
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
  for (const plugged of domain?.interfaces ?? []) {
    const { type, source } = onDestination(plugged, options);
    if (source === undefined) continue;
    const before = plugged.type === type && plugged.source === source ? undefined : plugged.source;
    const said = (what: string) =>
      before === undefined ? `is ${what} ${source}` : `is to be ${what} ${source} by migration.networks (${before})`;
    if (type === "network" && networks !== undefined) {
      const network = networks.find(({ name }) => name === source);
      const isOn = `${domain!.name} ${said("on the libvirt network")}`;
      if (network === undefined) {
        const from = before === undefined ? sourceHost : undefined;
        add(`network ${source}`, `${isOn}, which ${host} does not have`, [defineNetwork(host, source, from)]);
      } else if (!network.active) {
        const start = { do: "start the network", commands: startNetwork(host, source) };
        add(`network ${source}`, `${isOn}, which is not active on ${host}`, [start]);
      }
    }
    const isDevice = ["bridge", "direct", "ethernet"].includes(type);
    if (isDevice && system !== undefined && !system.interfaces.includes(source)) {
      const what = type === "bridge" ? "bridge" : "network device";
      const isOn = `${domain!.name} ${said(`connected to the ${what}`)}`;
      add(`device ${source}`, `${isOn}, which ${host} does not have`, [sameDevice(host, what)]);
    }
  }
  return [...found.values()];
}

/** @param from the host that has it under that name. */
function defineNetwork(host: string, network: string, from: string | undefined): Remedy {
  const definition = { host, command: "virsh net-define FILE" };
  return from === undefined
    ? { do: `define the network on ${host}`, commands: [definition, ...startNetwork(host, network)] }
    : {
        do: `define the network on ${host} too`,
        commands: [
          { host: from, command: commandLine`virsh net-dumpxml ${network}` },
          definition,
          ...startNetwork(host, network),
        ],
      };
}

function onDestination(plugged: Interface, options: MoveFacts["options"]): Interface {
  const connection = connectionOfInterface(plugged);
  if (connection === undefined) return plugged;
  const { kind, name } = connectionOnDestination(options, connection);
  return { type: kind, source: name };
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
