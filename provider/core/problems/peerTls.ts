/** Certificates of libvirt's own connection to another host by TLS (`peerTransport: "tls"`). */
import { readPeerUri } from "../peerUri";
import { pairIsGood } from "./certificates";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { anyOf, onOneLine } from "../textMatch";
import { peerOf, type StderrCause } from "./stderr";

export function peerCertificatesAreGood({ source, destination, peer, nowMs }: MoveFacts): Problem[] {
  if (peer?.certificates === undefined) return [];
  const { source: ours, destination: theirs, takesAnyClient } = peer.certificates;
  const { pkipath } = readPeerUri(peer.uri) ?? {};
  const withSsh: Remedy = { do: `set peerTransport of ${destination.host} in vm-placement:hosts to "ssh"` };
  const put: Remedy = { do: "put the file there, readable by root" };
  return pairIsGood(ours, theirs, {
    takesAnyClient,
    rule: "peer-certificates",
    neededBy: `peerTransport: tls of ${destination.host}`,
    nowMs,
    name: peer.address,
    source: source.host,
    missing: [
      put,
      ...(pkipath === undefined ? [{ do: `set peerPkipath of ${destination.host} to where it is` }] : []),
      withSsh,
    ],
    missingKey: [put],
    bearName: (name) => [
      { do: "issue it again with that name" },
      { do: `set peerAddress of ${destination.host} in vm-placement:hosts to "${name}"` },
    ],
  });
}

export const peerCertificateUnfit: StderrCause = {
  stderr: anyOf(
    /Failed to verify peer's certificate|Cannot read (?:CA|client|server) (?:certificate|key) '|authentication failed: .{0,40}client certificate|server verification \(of our certificate or IP address\) failed|TLS confirmation|TLS handshake failed [a-z]/i,
    // QEMU calls its own files client-cert.pem and ca-cert.pem.
    onOneLine(/certificate /i, /\b(?:clientcert|servercert|cacert)\.pem/),
  ),
  code: "peerTls",
  remedies: (context, stderr) => {
    const { source, destination } = context;
    const directory = peerOf(context).pkipath;
    const [authority, certificate] =
      directory === undefined
        ? ["/etc/pki/CA/cacert.pem", "/etc/pki/libvirt/clientcert.pem"]
        : [`${directory}/cacert.pem`, `${directory}/clientcert.pem`];
    const commands = [source, destination].map((host) => ({ host, command: "virt-pki-validate" }));
    return [
      // The destination has closed the connection: it is the one that does not trust.
      /server verification|TLS confirmation/.test(stderr)
        ? {
            do: `${destination} rejects the certificate of ${source} (${certificate}): check that an authority in ca_file of ${destination} has signed it, its dates, and tls_allowed_dn_list there`,
            commands,
          }
        : {
            do: `check libvirt's own certificates: ${authority} and ${certificate} on ${source}, /etc/pki/CA/cacert.pem and /etc/pki/libvirt/servercert.pem on ${destination}, which has to bear the name ${peerOf(context).address}`,
            commands,
          },
    ];
  },
};
