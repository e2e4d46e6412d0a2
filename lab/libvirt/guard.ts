/**
 * What accounts of the computer can reach of a lab. Its hosts trust each other: libvirtd takes TCP without a login, disks and migrations
 * accept the first that connects, and each of them gives root's rights on the computer. So of what comes from the computer, only new
 * connections pass that ask who it is: ssh, and TLS with a client's certificate.
 */
import { must } from "./commands";

const sshPort = 22;
const libvirtTlsPort = 16514;

/**
 * Frames are judged by the port of the switch they come in at, which no address can pretend, over IPv4 and IPv6 alike. Priority "filter" is
 * -200 for a bridge: where br_netfilter is loaded it swallows what it forwards at 0, and chains at 0 see nothing of it.
 */
const rules = `table bridge guard {
  chain across {
    type filter hook forward priority filter
    iifname "uplink" tcp flags & (syn | ack) == syn tcp dport != { ${sshPort}, ${libvirtTlsPort} } drop
    iifname "uplink" meta l4proto { udp, sctp, dccp } drop
  }
  chain here {
    type filter hook input priority filter
    iifname "uplink" meta l4proto { tcp, udp, sctp, dccp } drop
  }
}
`;

/** To be called before the cable to the computer is plugged in. */
export async function guardFromController(switchPid: number): Promise<void> {
  await must("nsenter", ["-t", String(switchPid), "--net", "nft", "-f", "-"], { input: rules });
}
