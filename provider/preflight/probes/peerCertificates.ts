import { remoteDaemon } from "../../core/daemons";
import type { Peer } from "../../core/peerUri";
import type { PeerFacts } from "../../core/problems";
import { validity } from "../../core/times";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import {
  clientCertificatesScript,
  parseControlCertificates,
  serverCertificatesScript,
} from "../../virsh/controlCertificates";
import type { ShellScript } from "../../virsh/shellScript";
import { daemonsOn } from "./daemons";

/** Of the connection that libvirt on the source makes to libvirt on the destination; undefined where it is none by TLS. */
export async function peerCertificates(
  hosts: Hosts,
  source: Virsh,
  destinationName: string,
  { transport, pkipath }: Peer,
): Promise<PeerFacts["certificates"]> {
  if (transport !== "tls") return undefined;
  const destination = await hosts.on(destinationName);
  const daemons = await daemonsOn(hosts, destination);
  const daemon = daemons === undefined ? "libvirtd" : remoteDaemon(daemons);
  const [client, server] = await Promise.all([
    ask(hosts, source, "client", clientCertificatesScript(pkipath)),
    ask(hosts, destination, "server", serverCertificatesScript(daemon)),
  ]);
  return { source: client, destination: server, takesAnyClient: server?.takesAnyClient ?? false };
}

async function ask(hosts: Hosts, virsh: Virsh, end: string, script: ShellScript) {
  const answer = await hosts.remember(`${virsh.host}: ${end} ${script.text}`, validity.observation, () =>
    virsh.inquireShell(script),
  );
  return answer && parseControlCertificates(virsh.host, answer.stdout);
}
