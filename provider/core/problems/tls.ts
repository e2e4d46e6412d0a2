/** Certificates of the data channel (`migration.tls`). */
import type { Certificate, Certificates, MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

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
      remedies: [{ do: "set migration.tls: true" }],
    },
  ];
}

export function certificatesAreGood({ source, destination, peer, options, how, nowMs }: MoveFacts): Problem[] {
  if (how !== "live" || !options.tls) return [];
  const [ours, theirs] = [source.system?.certificates, destination.system?.certificates];
  const found: Problem[] = [];
  const problem = (host: string, message: string, remedies: Remedy[], severity: Problem["severity"] = "blocker") =>
    found.push({ rule: "certificates", severity, code: "peerTls", host, message, remedies });

  const check = (
    host: string,
    directory: Certificates,
    certificate: Certificate | undefined,
    file: string,
    key?: string,
  ) => {
    if (certificate === undefined)
      return problem(host, `${host} has no ${directory.directory}/${file}, which migration.tls needs`, [
        { do: "put it there, readable for QEMU" },
        { do: "leave out migration.tls" },
      ]);
    if (certificate.validToMs < nowMs)
      problem(host, `${certificate.file} on ${host} has expired (${day(certificate.validToMs)})`, [
        { do: `renew it on ${host}` },
      ]);
    else if (certificate.validToMs - nowMs < soonMs)
      problem(
        host,
        `${certificate.file} on ${host} expires on ${day(certificate.validToMs)}`,
        [{ do: `renew it on ${host} soon` }],
        "warning",
      );
    if (certificate.validFromMs > nowMs)
      problem(host, `${certificate.file} on ${host} is not valid before ${day(certificate.validFromMs)}`, [
        { do: `check the clock of ${host}` },
        { do: "wait" },
      ]);
    if (key !== undefined && directory.missingKeys.includes(key))
      problem(host, `${host} has no ${directory.directory}/${key}, the key of its certificate`, [
        { do: "put it there, readable for QEMU" },
      ]);
    if (key !== undefined && certificate.signedByAuthority === false && directory.authority !== undefined)
      problem(host, `${certificate.file} on ${host} is not signed by the authority in ${directory.authority.file}`, [
        { do: "issue it again by the authority that both hosts know" },
      ]);
  };
  if (theirs !== undefined) {
    check(destination.host, theirs, theirs.authority, "ca-cert.pem");
    check(destination.host, theirs, theirs.server, "server-cert.pem", "server-key.pem");
    const name = options.tlsDestination ?? peer?.dataAddress;
    if (theirs.server !== undefined && name !== undefined && !theirs.server.names.some((each) => matches(each, name))) {
      problem(
        destination.host,
        `${theirs.server.file} on ${destination.host} does not bear ${name}, by which ${source.host} addresses it; it bears ${theirs.server.names.join(", ") || "no name"}`,
        [
          { do: "have it issued with that name" },
          { do: `set migration.tls: { destination: "${theirs.server.names[0] ?? "NAME"}" }` },
        ],
      );
    }
  }
  if (ours !== undefined) {
    check(source.host, ours, ours.authority, "ca-cert.pem");
    check(source.host, ours, ours.client, "client-cert.pem", "client-key.pem");
  }
  const [a, b] = [ours?.authority, theirs?.authority];
  if (a !== undefined && b !== undefined && a.fingerprint !== b.fingerprint) {
    problem(
      destination.host,
      `${source.host} and ${destination.host} trust different authorities (${a.file}, ${b.file})`,
      [{ do: "install the same authority's certificate on both" }],
    );
  }
  return found;
}

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
