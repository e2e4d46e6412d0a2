/** Where the source is to send the data to, and the ports there. */
import { restarting } from "../daemons";
import { commandLine } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { PeerFacts, PortAnswer } from "./peerFacts";
import type { Problem, Remedy } from "../problem";
import { anyOf, onOneLine } from "../textMatch";
import { resolvable } from "./peerName";
import type { StderrCause } from "./stderr";

/** libvirt's own; others where migration_port_min and migration_port_max are set. */
export const dataPortRange = "49152-49215";

/** The configured ones, not those that were tried: these depend on what runs at the moment. */
const shownRange = ({ dataRange }: PeerFacts) =>
  dataRange === undefined
    ? dataPortRange
    : dataRange.low === dataRange.high
      ? String(dataRange.low)
      : `${dataRange.low}-${dataRange.high}`;

export const portAnswers: Record<PortAnswer, string> = {
  open: "is open",
  refused: "refuses the connection",
  silent: "does not answer",
  rejected: "cannot be reached (no route, or a firewall rejects it)",
  unresolved: "cannot be resolved",
};

/** libvirt takes the lowest free port; those above serve further migrations at the same time. */
export function dataPortsAreOpen({ source, destination, peer, options, how }: MoveFacts): Problem[] {
  if (peer?.dataAddress === undefined || how !== "live" || options.tunnelled) return [];
  const { dataAddress: address, dataPorts } = peer;
  if (/^localhost(\.|$)/.test(address)) {
    const message = `libvirt on ${destination.host} uses ${address} as its own name, so ${source.host} would send the data to itself`;
    return [dataAddress(destination.host, message, nameDataAddress(destination.host))];
  }
  const bad = dataPorts.filter(({ answer }) => answer !== "open" && answer !== "refused");
  const [first] = bad;
  if (first === undefined) return [];
  // Behind a host that does not answer no port does; one problem says so already.
  if (peer.control !== undefined && peer.control !== "open" && !peer.login?.works && peer.address === address)
    return [];
  if (first.answer === "unresolved") {
    const message = `${source.host} cannot resolve ${address}, where ${destination.host} expects the data (${namedIn[peer.dataAddressFrom ?? "hostname"]})`;
    return [dataAddress(source.host, message, resolvable("migrationAddress", source.host, destination.host))];
  }
  const all = bad.length === dataPorts.length || first.port === dataPorts[0]!.port;
  const ports = shownRange(peer);
  return [
    {
      rule: "data-ports",
      severity: all ? "blocker" : "warning",
      code: "peerUnreachable",
      host: destination.host,
      message: all
        ? `the data port ${first.port} of ${destination.host} (${address}) ${portAnswers[first.answer]} from ${source.host}`
        : `of the data ports ${ports} of ${destination.host} (${address}), ${first.port} ${portAnswers[first.answer]} from ${source.host}: concurrent migrations would fail`,
      remedies: openDataPorts(ports, source.host, destination.host),
    },
  ];
}

const namedIn: Record<NonNullable<PeerFacts["dataAddressFrom"]>, string> = {
  migrationAddress: "migrationAddress in vm-placement:hosts",
  "qemu.conf": "migration_host in qemu.conf",
  hostname: "its host name",
};

function dataAddress(host: string, message: string, remedies: Remedy[]): Problem {
  return { rule: "data-address", severity: "blocker", code: "peerUnreachable", host, message, remedies };
}

function nameDataAddress(host: string): Remedy[] {
  return [
    { do: `set migrationAddress of ${host} in vm-placement:hosts` },
    { do: "set migration_host in its /etc/libvirt/qemu.conf" },
    {
      do: "give the host a name that the other hosts can resolve",
      commands: [{ host, command: "hostnamectl set-hostname NAME" }],
    },
  ];
}

function openDataPorts(ports: string, source: string, destination: string): Remedy[] {
  const one = !ports.includes("-");
  return [
    {
      do: `open the data port${one ? "" : "s"} ${ports} on ${destination} for ${source}`,
      commands: [commandLine`firewall-cmd --permanent --add-port=${ports}/tcp`, "firewall-cmd --reload"].map(
        (command) => ({ host: destination, command }),
      ),
    },
    {
      do: `open ${one ? "it" : "them"} with ufw`,
      commands: [
        { host: destination, command: commandLine`ufw allow proto tcp to any port ${ports.replace("-", ":")}` },
      ],
    },
  ];
}

export const dataAddressIsLocalhost: StderrCause = {
  stderr: /hostname on destination resolved to localhost/,
  code: "peerUnreachable",
  remedies: ({ destination }) => nameDataAddress(destination),
};

export const dataPortsClosed: StderrCause = {
  stderr: anyOf(
    /unable to connect to server at|Failed to connect to '/,
    onOneLine(/Unable to connect to /, /: (Connection refused|No route|timed out)/),
  ),
  code: "peerUnreachable",
  remedies: ({ source, destination }) => openDataPorts(dataPortRange, source, destination),
};

export const dataPortsInUse: StderrCause = {
  stderr: anyOf(
    /Unable to find an unused port in range '/,
    onOneLine(/'(migrate-incoming|nbd-server-start)'/, /Address already in use/),
  ),
  code: "migrationRefused",
  namesDaemons: true,
  remedies: ({ destination: host, daemons }, stderr) => {
    const { then, commands } = restarting(host, daemons?.[host]);
    const range = /Unable to find an unused port in range '[^']{1,64}' \((\d{1,5}-\d{1,5})\)/.exec(stderr)?.[1];
    return [
      { do: `wait until other migrations to ${host} have ended, then run \`pulumi up\` again` },
      {
        do: `check what else listens on its data ports (${range ?? dataPortRange})`,
        commands: [{ host, command: "ss -tlnp" }],
      },
      {
        do: `raise migration_port_max in its /etc/libvirt/qemu.conf, ${then} and open those ports as well`,
        ...(commands.length > 0 && { commands }),
      },
    ];
  },
};

/** libvirt 9.0.0 does not give a fixed port free after a migration that failed, before its daemon starts again. */
export const diskPortKept: StderrCause = {
  stderr: /Failed to reserve port \d{1,5}/,
  code: "migrationRefused",
  namesDaemons: true,
  remedies: ({ destination: host, daemons }, stderr) => {
    const port = /Failed to reserve port (\d{1,5})/.exec(stderr)?.[1] ?? "";
    const { then, commands } = restarting(host, daemons?.[host]);
    return [
      { do: "set migration.copyStorage.port to another port, or leave it out" },
      {
        do: `libvirt on ${host} keeps port ${port} for a migration that failed, or has another that uses it: where none runs, ${then}; its VMs run on`,
        ...(commands.length > 0 && { commands }),
      },
    ];
  },
};
