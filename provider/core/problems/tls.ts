/** Certificates of the data channel (`migration.tls`). */
import { anyOf, onOneLine } from "../textMatch";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Certificate, Certificates, HostFacts } from "./hostFacts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

const dayMs = 86_400_000;
const soonMs = 14 * dayMs;

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
  const { source, destination, options, how } = facts;
  if (how !== "live" || !options.tls) return [];
  const [ours, theirs] = [source.system?.certificates, destination.system?.certificates];
  const at = (host: string, all: Certificates) => (file: string, each: Certificate | undefined, key: string) =>
    isGood({ host, all, nowMs: facts.nowMs }, file, each, key);
  const [atSource, atDestination] = [ours && at(source.host, ours), theirs && at(destination.host, theirs)];
  return [
    ...(theirs && atDestination
      ? [
          ...authoritiesAreGood(destination, theirs, theirs.server, facts),
          ...atDestination("server-cert.pem", theirs.server, "server-key.pem"),
          ...bearsName(theirs, facts),
        ]
      : []),
    ...(ours && atSource
      ? [
          ...authoritiesAreGood(source, ours, ours.client, facts),
          ...atSource("client-cert.pem", ours.client, "client-key.pem"),
        ]
      : []),
    ...(ours && theirs ? trustEachOther(ours, theirs, facts) : []),
  ];
}

function problem(
  host: string,
  message: string,
  remedies: Remedy[],
  severity: Problem["severity"] = "blocker",
): Problem {
  return { rule: "certificates", severity, code: "peerTls", host, message, remedies };
}

const restoreFile: Remedy = { do: "put the file there, readable by QEMU" };

function isMissing(host: string, directory: string, file: string): Problem[] {
  const message = `${host} has no ${directory}/${file}, which migration.tls needs`;
  return [problem(host, message, [restoreFile, { do: "leave out migration.tls" }])];
}

/** One certificate, and its key. */
function isGood(
  { host, all, nowMs }: { host: string; all: Certificates; nowMs: number },
  file: string,
  certificate: Certificate | undefined,
  key: string,
): Problem[] {
  if (certificate === undefined) return isMissing(host, all.directory, file);
  const found = validity(host, certificate, nowMs);
  if (all.missingKeys.includes(key)) {
    found.push(problem(host, `${host} has no ${all.directory}/${key}, the key of its certificate`, [restoreFile]));
  }
  const signers = signersOf(certificate, all.authorities);
  if (all.authorities.length > 0 && signers.length === 0) {
    found.push(
      problem(host, `${certificate.file} on ${host} is not signed by any authority in ${all.authorities[0]!.file}`, [
        { do: "have it signed by a CA that both hosts trust" },
      ]),
    );
  }
  return found;
}

function validity(host: string, { file, validFromMs, validToMs }: Certificate, nowMs: number): Problem[] {
  const found: Problem[] = [];
  if (validToMs < nowMs) {
    found.push(problem(host, `${file} on ${host} has expired (${day(validToMs)})`, [{ do: `renew it on ${host}` }]));
  } else if (validToMs - nowMs < soonMs) {
    const message = `${file} on ${host} expires on ${day(validToMs)}`;
    found.push(problem(host, message, [{ do: `renew it on ${host} soon` }], "warning"));
  }
  if (validFromMs > nowMs) {
    found.push(
      problem(host, `${file} on ${host} is not valid before ${day(validFromMs)}`, [
        { do: `check the clock of ${host}` },
        { do: "wait" },
      ]),
    );
  }
  return found;
}

/** By the name or address by which the source addresses it. */
function bearsName({ server }: Certificates, { source, destination, peer, options }: MoveFacts): Problem[] {
  const name = options.tlsDestination ?? peer?.dataAddress;
  if (server === undefined || name === undefined || server.names.some((each) => matches(each, name))) return [];
  const { host } = destination;
  const message = `${server.file} on ${host} is not valid for ${name}, the name that ${source.host} connects to; it is valid for ${server.names.join(", ") || "no name"}`;
  return [problem(host, message, bearingName(server.names[0] ?? "NAME"))];
}

function bearingName(name: string): Remedy[] {
  return [{ do: "issue it again with that name" }, { do: `set migration.tls: { destination: "${name}" }` }];
}

function signersOf({ signers }: Certificate, authorities: readonly Certificate[]): Certificate[] {
  return authorities.filter(({ identity }) => signers.includes(identity));
}

/**
 * The authorities that a host trusts. What counts are those that signed its own certificate, but QEMU before 10.2 checks the dates of each
 * in the file, and refuses all for one (measured with 7.2). QEMU's commit 75216d239f66, "crypto: only verify CA certs in chain of trust", came after 10.1 (August 2025).
 */
function authoritiesAreGood(
  { host, qemu }: Pick<HostFacts, "host" | "qemu">,
  { directory, authorities }: Certificates,
  own: Certificate | undefined,
  { nowMs }: MoveFacts,
): Problem[] {
  if (authorities.length === 0) return isMissing(host, directory, "ca-cert.pem");
  const signers = own === undefined ? [] : signersOf(own, authorities);
  const counting = signers.length > 0 ? signers : authorities;
  const isValid = ({ validFromMs, validToMs }: Certificate) => validFromMs <= nowMs && nowMs <= validToMs;
  const best = counting.filter(isValid).toSorted((a, b) => b.validToMs - a.validToMs)[0];
  if (best === undefined) return validity(host, counting[0]!, nowMs);
  const outdated = authorities.find((each) => !isValid(each));
  if (outdated === undefined || qemu === undefined || !versionBelow(qemu, "10.2")) return validity(host, best, nowMs);
  return [
    ...validity(host, best, nowMs),
    problem(
      host,
      `${outdated.file} on ${host} contains a certificate that is not valid today besides a valid one, and QEMU before 10.2 may reject them all`,
      [{ do: `remove it from ${outdated.file}` }],
      "warning",
    ),
  ];
}

/** Each side's certificate is signed by an authority that the other trusts. What its own side does not trust is told there. */
function trustEachOther(ours: Certificates, theirs: Certificates, { source, destination }: MoveFacts): Problem[] {
  const sides = [
    { of: source.host, certificate: ours.client, own: ours, by: destination.host, trusted: theirs },
    { of: destination.host, certificate: theirs.server, own: theirs, by: source.host, trusted: ours },
  ];
  return sides.flatMap(({ of, certificate, own, by, trusted: { authorities } }) => {
    if (certificate === undefined || authorities.length === 0) return [];
    if (signersOf(certificate, own.authorities).length === 0) return [];
    if (signersOf(certificate, authorities).length > 0) return [];
    const message = `${by} does not trust the authority that signed ${certificate.file} of ${of}: it is not in ${authorities[0]!.file} there`;
    return [problem(by, message, [{ do: "install the same CA certificates on both hosts" }])];
  });
}

/** Of the data channel, as QEMU's and libvirt's texts name them. */
export const certificatesUnfit: StderrCause = {
  stderr: anyOf(
    /Unable to access credentials|TLS connection was non-properly terminated|Certificate does not match the hostname|TLS channel|TLS (handshake|confirmation)/i,
    onOneLine(/certificate /i, /expired|not activated|hasn't got a known issuer/i),
  ),
  code: "peerTls",
  remedies: ({ destination }) => [
    { do: "check the certificates under /etc/pki/qemu (or /etc/pki/libvirt-migrate) on both hosts" },
    { do: `issue that of ${destination} again with the name or address that the source connects to` },
    { do: 'set migration.tls: { destination: "NAME" } to a name in the certificate' },
  ],
};

/** Of a control connection by qemu+tls. */
export const peerCertificateUnfit: StderrCause = {
  stderr:
    /Failed to verify peer's certificate|Cannot read (?:CA|client|server) (?:certificate|key) '|authentication failed: .{0,40}client certificate/i,
  code: "peerTls",
  remedies: ({ source, destination }) => [
    {
      do: `check libvirt's own certificates: /etc/pki/CA/cacert.pem on both hosts, /etc/pki/libvirt/clientcert.pem on ${source}, /etc/pki/libvirt/servercert.pem on ${destination}`,
      commands: [source, destination].map((host) => ({ host, command: "virt-pki-validate" })),
    },
  ],
};

function matches(pattern: string, name: string): boolean {
  const [a, b] = [pattern.toLowerCase(), name.toLowerCase()];
  return a === b || (a.startsWith("*.") && b.includes(".") && b.slice(b.indexOf(".")) === a.slice(1));
}

function day(ms: number): string {
  return isoDay(Math.floor(ms / dayMs));
}

/** Days since 1970 → "2026-11-24"; core has no clock and no Date. */
function isoDay(days: number): string {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  const two = (n: number) => String(n).padStart(2, "0");
  return `${yoe + era * 400 + (month <= 2 ? 1 : 0)}-${two(month)}-${two(doy - Math.floor((153 * mp + 2) / 5) + 1)}`;
}
