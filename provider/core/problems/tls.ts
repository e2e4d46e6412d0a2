/** Certificates of the data channel (`migration.tls`). */
import { anyOf, onOneLine } from "../textMatch";
import { versionBelow } from "../version";
import { pairIsGood, type Side } from "./certificates";
import type { MoveFacts } from "./facts";
import type { Certificates, HostFacts } from "./hostFacts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/** A destination may insist on TLS. */
export function tlsIsAskedFor({ destination, options, how }: MoveFacts): Problem[] {
  if (how !== "live" || options.tls || !destination.system?.qemuConf?.migrateTlsForce) return [];
  const { host } = destination;
  return [
    {
      rule: "tls-forced",
      severity: "blocker",
      code: "peerTls",
      host,
      message: `${host} accepts only migrations with TLS (migrate_tls_force in its qemu.conf)`,
      remedies: [useTls],
    },
  ];
}

const useTls: Remedy = { do: "set migration.tls: true" };

export const tlsForced: StderrCause = {
  stderr: /allows migration only with VIR_MIGRATE_TLS/,
  code: "peerTls",
  remedies: () => [useTls],
};

export function certificatesAreGood(facts: MoveFacts): Problem[] {
  const { source, destination, options, how, peer } = facts;
  if (how !== "live" || !options.tls) return [];
  const [ours, theirs] = [source.system?.certificates, destination.system?.certificates];
  return pairIsGood(ours && sideOf(source, ours, "client"), theirs && sideOf(destination, theirs, "server"), {
    rule: "certificates",
    neededBy: "migration.tls",
    nowMs: facts.nowMs,
    name: options.tlsDestination ?? peer?.dataAddress,
    source: source.host,
    missing: [{ do: "put the file there, readable by QEMU" }, { do: "leave out migration.tls" }],
    missingKey: [{ do: "put the file there, readable by QEMU" }],
    bearName: (name) => [
      { do: "issue it again with that name" },
      { do: `set migration.tls: { destination: "${name}" }` },
    ],
  });
}

/**
 * QEMU before 10.2 checks the dates of each authority in the file, and refuses all for one (measured with 7.2). Its commit 75216d239f66,
 * "crypto: only verify CA certs in chain of trust", came after 10.1 (August 2025).
 */
function sideOf({ host, qemu }: Pick<HostFacts, "host" | "qemu">, all: Certificates, end: "client" | "server"): Side {
  const { directory, authorities, missingKeys } = all;
  const key = `${end}-key.pem`;
  return {
    host,
    authorityFile: `${directory}/ca-cert.pem`,
    certificateFile: `${directory}/${end}-cert.pem`,
    keyFile: `${directory}/${key}`,
    authorities,
    certificate: all[end],
    keyIsMissing: missingKeys.includes(key),
    rejectsAll: qemu !== undefined && versionBelow(qemu, "10.2") ? "QEMU before 10.2" : undefined,
  };
}

/** Of the data channel, as QEMU's and libvirt's texts name them. */
export const certificatesUnfit: StderrCause = {
  stderr: anyOf(
    /Unable to access credentials|TLS connection was non-properly terminated|Certificate does not match the hostname|TLS channel|TLS handshake/i,
    onOneLine(/certificate /i, /expired|not activated|hasn't got a known issuer/i),
  ),
  code: "peerTls",
  remedies: ({ destination }) => [
    { do: "check the certificates under /etc/pki/qemu (or /etc/pki/libvirt-migrate) on both hosts" },
    { do: `issue that of ${destination} again with the name or address that the source connects to` },
    { do: 'set migration.tls: { destination: "NAME" } to a name in the certificate' },
  ],
};
