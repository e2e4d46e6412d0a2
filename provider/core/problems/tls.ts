/** Certificates of the data channel (`migration.tls`). */
import { anyOf, onOneLine } from "../textMatch";
import type { Certificate, Certificates, MoveFacts } from "./facts";
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
      message: `${host} takes migrations with TLS only (migrate_tls_force in its qemu.conf)`,
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
  const at = (host: string, all: Certificates) => (file: string, each: Certificate | undefined, key?: string) =>
    isGood({ host, all, nowMs: facts.nowMs }, file, each, key);
  const [here, there] = [ours && at(source.host, ours), theirs && at(destination.host, theirs)];
  return [
    ...(theirs && there
      ? [
          ...there("ca-cert.pem", theirs.authority),
          ...there("server-cert.pem", theirs.server, "server-key.pem"),
          ...bearsName(theirs, facts),
        ]
      : []),
    ...(ours && here
      ? [...here("ca-cert.pem", ours.authority), ...here("client-cert.pem", ours.client, "client-key.pem")]
      : []),
    ...(ours && theirs ? sameAuthority(ours, theirs, facts) : []),
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

/** One certificate, and its key. */
function isGood(
  { host, all, nowMs }: { host: string; all: Certificates; nowMs: number },
  file: string,
  certificate: Certificate | undefined,
  key: string | undefined,
): Problem[] {
  const putThere = { do: "put it there, readable for QEMU" };
  if (certificate === undefined) {
    const message = `${host} has no ${all.directory}/${file}, which migration.tls needs`;
    return [problem(host, message, [putThere, { do: "leave out migration.tls" }])];
  }
  const found = validity(host, certificate, nowMs);
  if (key !== undefined && all.missingKeys.includes(key)) {
    found.push(problem(host, `${host} has no ${all.directory}/${key}, the key of its certificate`, [putThere]));
  }
  if (key !== undefined && certificate.signedByAuthority === false && all.authority !== undefined) {
    found.push(
      problem(host, `${certificate.file} on ${host} is not signed by the authority in ${all.authority.file}`, [
        { do: "issue it again by the authority that both hosts know" },
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
  const message = `${server.file} on ${host} does not bear ${name}, by which ${source.host} addresses it; it bears ${server.names.join(", ") || "no name"}`;
  return [problem(host, message, bearingName(server.names[0] ?? "NAME"))];
}

function bearingName(name: string): Remedy[] {
  return [{ do: "have it issued with that name" }, { do: `set migration.tls: { destination: "${name}" }` }];
}

function sameAuthority(ours: Certificates, theirs: Certificates, { source, destination }: MoveFacts): Problem[] {
  const [a, b] = [ours.authority, theirs.authority];
  if (a === undefined || b === undefined || a.fingerprint === b.fingerprint) return [];
  return [
    problem(
      destination.host,
      `${source.host} and ${destination.host} trust different authorities (${a.file}, ${b.file})`,
      [{ do: "install the same authority's certificate on both" }],
    ),
  ];
}

/** Of the data channel, as QEMU's and libvirt's texts name them. */
export const certificatesUnfit: StderrCause = {
  stderr: anyOf(
    /Unable to access credentials|Certificate does not match the hostname|TLS channel|TLS (handshake|confirmation)/i,
    onOneLine(/certificate /i, /expired|not activated|hasn't got a known issuer/i),
  ),
  code: "peerTls",
  remedies: ({ destination }) => [
    { do: "check the certificates under /etc/pki/qemu (or /etc/pki/libvirt-migrate) on both hosts" },
    { do: `have that of ${destination} issued with the name or address by which the source addresses it` },
    { do: 'set migration.tls: { destination: "NAME" } to a name that it bears' },
  ],
};

/** Of a control connection by qemu+tls. */
export const peerCertificateUnfit: StderrCause = {
  stderr: /Failed to verify peer's certificate|authentication failed: .{0,40}client certificate/i,
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
