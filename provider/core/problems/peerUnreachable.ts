/** The way from the source to the destination, as the source sees it. */
import { commandLine } from "../shownCommand";
import { listenRemedies } from "../daemons";
import { peerPorts, readPeerUri } from "../peerUri";
import type { MoveFacts } from "./facts";
import type { HostFacts } from "./hostFacts";
import type { Problem, Remedy } from "../problem";
import { dataPortRange, dataPortsClosed, portAnswers } from "./dataPorts";
import { resolvable } from "./peerName";
import { peerCertificatesAreGood } from "./peerTls";
import { type FailureContext, peerOf, sshOptions, type StderrCause } from "./stderr";

/** The control connection: the port, and behind it the login and libvirt. */
export function peerAnswers(facts: MoveFacts): Problem[] {
  const { source, destination, peer } = facts;
  if (peer === undefined || peer.login?.works) return [];
  const { address, controlPort: port, control, ping, transport, login } = peer;
  const isShut = transport !== "ssh" && control !== undefined && control !== "open";
  if (login !== undefined && !isShut) {
    // What is wrong with the certificates is said by name already.
    if (login.code === "peerTls" && isBlocked(peerCertificatesAreGood(facts))) return [];
    const { code, why, remedies } = login;
    const message = `${source.host} cannot reach libvirt on ${destination.host} (${peer.uri}): ${why}`;
    return [{ rule: "peer", severity: "blocker", code, host: source.host, message, remedies }];
  }
  if (control === undefined || control === "open") return [];
  const off = control === "silent" && ping === "no" ? "; it does not answer a ping either" : "";
  return [
    {
      rule: "peer",
      // Where libvirtd's own ssh was not tried, its configuration may know another way.
      severity: transport === "ssh" ? "warning" : "blocker",
      code: "peerUnreachable",
      host: source.host,
      message:
        control === "unresolved"
          ? `${source.host} cannot resolve ${address}, the name by which the other hosts reach ${destination.host}`
          : `${destination.host} (${address}, port ${port}) ${portAnswers[control]} from ${source.host}${off}`,
      remedies:
        control === "unresolved"
          ? resolvable("peerAddress", source.host, destination.host)
          : control === "refused"
            ? listen(transport, destination)
            : [
                {
                  do: `open port ${port} on ${destination.host} for ${source.host} and try it`,
                  commands: [
                    {
                      host: source.host,
                      command:
                        transport === "ssh"
                          ? tryPeerLogin({ destination: destination.host, peerUri: peer.uri })
                          : commandLine`nc -vz ${address} ${port}`,
                    },
                  ],
                },
              ],
    },
  ];
}

const isBlocked = (found: readonly Problem[]) => found.some(({ severity }) => severity === "blocker");

function listen(transport: "ssh" | "tls" | "tcp", { host, daemons }: HostFacts): Remedy[] {
  const enable = (what: string, unit: string): Remedy => ({
    do: `start ${what}`,
    commands: [{ host, command: `systemctl enable --now ${unit}` }],
  });
  return transport === "ssh"
    ? [
        enable("the ssh server (RHEL, Fedora)", "sshd"),
        enable("the ssh server (Debian, Ubuntu)", "ssh"),
        { do: `set peerPort of ${host} in vm-placement:hosts` },
      ]
    : listenRemedies(host, daemons, transport);
}

/** The login of libvirt on the source, by hand. Without a port where the URI has none: ssh there may know another one than 22. */
export function tryPeerLogin(context: Pick<FailureContext, "destination" | "peerUri">): string {
  const { user, address } = peerOf(context);
  const login = user === undefined ? address : `${user}@${address}`;
  return `ssh${sshOptions(context)} ${commandLine`${login} true`}`;
}

/** libvirt prints the same of its own connection and of the one for the data: the port distinguishes them. */
export const peerConnectionRefused: StderrCause = {
  ...dataPortsClosed,
  namesDaemons: true,
  remedies: (context, stderr) => {
    const { source, destination, peerUri, daemons } = context;
    const peer = readPeerUri(peerUri ?? "");
    if (peer === undefined || peer.transport === "ssh") return dataPortsClosed.remedies(context, stderr);
    const port = peer.port ?? String(peerPorts[peer.transport]);
    const refused = /unable to connect to server at '.{1,300}:(\d{1,5})'/i.exec(stderr)?.[1];
    if (refused !== port) return dataPortsClosed.remedies(context, stderr);
    return [
      ...listenRemedies(destination, daemons?.[destination], peer.transport),
      {
        do: `open port ${port} on ${destination} for ${source} and try it`,
        commands: [{ host: source, command: commandLine`nc -vz ${peer.address} ${port}` }],
      },
    ];
  },
};

export const peerSshUnreachable: StderrCause = {
  stderr:
    /ssh: connect to host|Cannot recv data: (Connection (refused|reset|timed out)|ssh:)|No route to host|Network is unreachable|stdio forwarding failed/,
  code: "peerUnreachable",
  remedies: (context, stderr) => {
    const { source, destination } = context;
    const { port = /^ssh: connect to host .{1,255} port (\d{1,5}):/m.exec(stderr)?.[1] ?? "22" } = peerOf(context);
    return [
      {
        do: `${source} cannot reach ${destination} by ssh: open port ${port} and the data ports ${dataPortRange} in the firewalls between them, and try it as root`,
        commands: [{ host: source, command: tryPeerLogin(context) }],
      },
    ];
  },
};

/** sshd takes the connection and drops it before the login. */
export const peerSshDrops: StderrCause = {
  stderr: /kex_exchange_identification|ssh_exchange_identification|Connection closed by [\w.:%-]{1,255} port \d/,
  code: "peerUnreachable",
  remedies: (context) => {
    const { source, destination } = context;
    return [
      {
        do: `sshd on ${destination} drops connections of ${source}: check why (MaxStartups, a ban, /etc/hosts.deny), and try it as root`,
        commands: [
          { host: destination, command: "journalctl -u ssh -u sshd -n 50" },
          { host: source, command: tryPeerLogin(context) },
        ],
      },
    ];
  },
};
