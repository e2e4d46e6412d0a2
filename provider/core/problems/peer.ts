/** The way from the source to the destination, as the source sees it. */
import { commandLine } from "../shownCommand";
import type { MoveFacts, PortAnswer } from "./facts";
import { canBeShown } from "../quote";
import { type Problem, type Remedy, renderRemedies } from "../problem";

const inWords: Record<PortAnswer, string> = {
  open: "is open",
  refused: "refuses the connection",
  silent: "does not answer",
  rejected: "cannot be reached: no route, or a firewall rejects it",
  unresolved: "cannot be resolved",
};

/** libvirt reads its protocol from the standard output of that login: a greeting there breaks it. */
export function peerLoginIsQuiet({ source, destination, peer }: MoveFacts): Problem[] {
  if (peer?.transport !== "ssh" || !peer.login?.works || peer.login.noise === undefined) return [];
  const { text, user } = peer.login.noise;
  return [
    {
      rule: "peer-output",
      severity: "blocker",
      code: "peerOutput",
      host: destination.host,
      message:
        `on ${destination.host} the start-up files of ${user} print ${firstLine(text)} on standard output when ${source.host} logs in; ` +
        `libvirt on ${source.host} reads that as a part of its own protocol (${peer.uri}), which breaks the connection`,
      remedies: quietLoginRemedies(destination.host, user),
    },
  ];
}

/** How an account's start-up files print for people only. */
export function quietLogin(host: string, user: string): string {
  return renderRemedies(quietLoginRemedies(host, user));
}

function quietLoginRemedies(host: string, user: string): Remedy[] {
  return [
    {
      do: `on ${host}, let ~/.bashrc of ${user} (and what it reads, such as /etc/profile.d) print for a terminal only: \`[ -t 1 ] && echo …\``,
    },
    { do: "end it before for other logins: `case $- in *i*) ;; *) return ;; esac`" },
  ];
}

/** Enough to find it by. */
function firstLine(text: string): string {
  const [line = ""] = text.split("\n", 1);
  const shown = [...line].slice(0, 60).map((character) => (canBeShown(character) ? character : "?"));
  return JSON.stringify(shown.join("") + (shown.length < line.length || text.length > line.length ? "…" : ""));
}

/** The control connection: the port, and behind it the login and libvirt. */
export function peerAnswers({ source, destination, peer }: MoveFacts): Problem[] {
  if (peer === undefined || peer.login?.works) return [];
  const { address, controlPort: port, control, ping, transport, login } = peer;
  if (login !== undefined) {
    const { code, why, next } = login;
    const message = `${source.host} cannot reach libvirt on ${destination.host} (${peer.uri}): ${why}`;
    return [{ rule: "peer", severity: "blocker", code, host: source.host, message, remedies: [{ do: next }] }];
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
          ? `${source.host} cannot resolve ${address}, the name of ${destination.host} among the hosts`
          : `${destination.host} (${address}, port ${port}) ${inWords[control]} from ${source.host}${off}`,
      remedies:
        control === "unresolved"
          ? resolvable("peerAddress", source.host, destination.host)
          : control === "refused"
            ? listen(transport, destination.host)
            : [
                {
                  do: `open port ${port} on ${destination.host} for ${source.host} and try it`,
                  commands: [{ host: source.host, command: tryIt(transport, address, port) }],
                },
              ],
    },
  ];
}

function resolvable(field: "peerAddress" | "migrationAddress", source: string, destination: string): Remedy[] {
  return [
    { do: `set ${field} of ${destination} in vm-placement:hosts` },
    { do: `add the name to /etc/hosts on ${source}` },
  ];
}

function listen(transport: "ssh" | "tls" | "tcp", host: string): Remedy[] {
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
    : [
        enable("libvirt's socket (RHEL 9 and later)", `virtproxyd-${transport}.socket`),
        enable("that of libvirtd", `libvirtd-${transport}.socket`),
      ];
}

function tryIt(transport: "ssh" | "tls" | "tcp", address: string, port: number): string {
  return transport === "ssh" ? commandLine`ssh -p ${port} ${address} true` : commandLine`nc -vz ${address} ${port}`;
}

/** libvirt takes the lowest free port; those above serve further migrations at the same time. */
export function dataPortsAreOpen({ source, destination, peer, options, how }: MoveFacts): Problem[] {
  if (peer?.dataAddress === undefined || how !== "live" || options.tunnelled) return [];
  const { dataAddress: address, dataPorts } = peer;
  if (/^localhost(\.|$)/.test(address)) {
    return [
      {
        rule: "data-address",
        severity: "blocker",
        code: "peerUnreachable",
        host: destination.host,
        message: `libvirt on ${destination.host} takes ${address} for its own name, and would have the data sent there`,
        remedies: [
          { do: `set migrationAddress of ${destination.host} in vm-placement:hosts` },
          { do: "set migration_host in its /etc/libvirt/qemu.conf" },
        ],
      },
    ];
  }
  const bad = dataPorts.filter(({ answer }) => answer !== "open" && answer !== "refused");
  const [first] = bad;
  if (first === undefined) return [];
  // Behind a host that does not answer no port does; one problem says so already.
  if (peer.control !== undefined && peer.control !== "open" && !peer.login?.works && peer.address === address)
    return [];
  const from = {
    migrationAddress: "migrationAddress in vm-placement:hosts",
    "qemu.conf": "migration_host in qemu.conf",
    hostname: "its host name",
  };
  const all = bad.length === dataPorts.length || first.port === dataPorts[0]!.port;
  const ports = `${dataPorts[0]!.port}-${dataPorts.at(-1)!.port}`;
  if (first.answer === "unresolved") {
    return [
      {
        rule: "data-address",
        severity: "blocker",
        code: "peerUnreachable",
        host: source.host,
        message: `${source.host} cannot resolve ${address}, where ${destination.host} expects the data (${from[peer.dataAddressFrom ?? "hostname"]})`,
        remedies: resolvable("migrationAddress", source.host, destination.host),
      },
    ];
  }
  return [
    {
      rule: "data-ports",
      severity: all ? "blocker" : "warning",
      code: "peerUnreachable",
      host: destination.host,
      message: all
        ? `the data port ${first.port} of ${destination.host} (${address}) ${inWords[first.answer]} from ${source.host}`
        : `of the data ports ${ports} of ${destination.host} (${address}), ${first.port} ${inWords[first.answer]} from ${source.host}: migrations at the same time would fail`,
      remedies: [
        {
          do: `open the data ports ${ports} on ${destination.host} for ${source.host}`,
          commands: [commandLine`firewall-cmd --permanent --add-port=${ports}/tcp`, "firewall-cmd --reload"].map(
            (command) => ({ host: destination.host, command }),
          ),
        },
        {
          do: "with ufw",
          commands: [
            {
              host: destination.host,
              command: commandLine`ufw allow proto tcp to any port ${ports.replace("-", ":")}`,
            },
          ],
        },
      ],
    },
  ];
}
