/** libvirt's plain TCP encrypts nothing, and unless SASL is set up it takes commands from any client. */
import type { MoveFacts } from "./facts";
import type { Problem } from "../problem";

export function controlIsEncrypted({ destination, peer, domain, options, how }: MoveFacts): Problem[] {
  if (peer?.transport !== "tcp") return [];
  const { host } = destination;
  const tunnelled = how === "live" && options.tunnelled === true;
  return [
    {
      rule: "plain-tcp",
      // Without a VM there is no `migration` to accept it in.
      severity: domain === undefined ? "warning" : "blocker",
      code: "peerTls",
      host,
      message:
        `the other hosts reach libvirt on ${host} by ${peer.uri}, in clear text: its definition with all passwords in it` +
        `${tunnelled ? ", its memory and its disks" : ""} can be read on the network, and changed on the way`,
      remedies: [
        { do: `set peerTransport of ${host} in vm-placement:hosts to "tls" or "ssh"` },
        {
          do: "let only the hosts into their network, by IPsec or WireGuard between them for instance",
        },
      ],
    },
  ];
}
