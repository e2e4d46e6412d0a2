/** Certificates of two hosts that have to trust each other: those of the data channel, and those of libvirt's own connection. */
import type { Problem, Remedy } from "../problem";
import type { Certificate } from "./hostFacts";

const dayMs = 86_400_000;
const soonMs = 14 * dayMs;

/** What one end shows, and whom it trusts. */
export interface Side {
  host: string;
  authorityFile: string;
  certificateFile: string;
  keyFile: string;
  /** All that the host trusts, from one file; while one replaces another there are several. */
  authorities: readonly Certificate[];
  certificate: Certificate | undefined;
  keyIsMissing: boolean;
  /** What there rejects all authorities where one of them is out of date. */
  rejectsAll: string | undefined;
}

/** The ends of one connection by TLS. */
export interface PairOfSides {
  /** undefined: its files cannot be read. */
  source: Side | undefined;
  destination: Side | undefined;
  /** The destination checks no certificate of the source. */
  takesAnyClient: boolean;
}

interface Use {
  rule: string;
  /** "migration.tls" */
  neededBy: string;
  nowMs: number;
  /** By which the source addresses the destination; undefined where it is not known. */
  name: string | undefined;
  /** The destination checks no certificate of the source. */
  takesAnyClient?: boolean;
  /** The host that connects. */
  source: string;
  missing: Remedy[];
  missingKey: Remedy[];
  /** Where the certificate has other names, such as this. */
  bearName: (name: string) => Remedy[];
}

/** A side that could not be read is left out. */
export function pairIsGood(source: Side | undefined, destination: Side | undefined, use: Use): Problem[] {
  return [
    ...(destination
      ? [...authoritiesAreGood(destination, use), ...isGood(destination, use), ...bearsName(destination, use)]
      : []),
    ...(source ? authoritiesAreGood(source, use) : []),
    ...(source && !use.takesAnyClient ? isGood(source, use) : []),
    ...(source && destination
      ? [...(use.takesAnyClient ? [] : trusts(source, destination, use)), ...trusts(destination, source, use)]
      : []),
  ];
}

function problem(
  { rule }: Use,
  host: string,
  message: string,
  remedies: Remedy[],
  severity: Problem["severity"] = "blocker",
): Problem {
  return { rule, severity, code: "peerTls", host, message, remedies };
}

function isMissing(host: string, file: string, use: Use): Problem[] {
  return [problem(use, host, `${host} has no ${file}, which ${use.neededBy} needs`, use.missing)];
}

/** One certificate, and its key. */
function isGood({ host, certificate, certificateFile, keyFile, keyIsMissing, authorities }: Side, use: Use): Problem[] {
  if (certificate === undefined) return isMissing(host, certificateFile, use);
  const found = validity(host, certificate, use);
  if (keyIsMissing) {
    found.push(problem(use, host, `${host} has no ${keyFile}, the key of its certificate`, use.missingKey));
  }
  const signers = signersOf(certificate, authorities);
  if (authorities.length > 0 && signers.length === 0) {
    found.push(
      problem(use, host, `${certificate.file} on ${host} is not signed by any authority in ${authorities[0]!.file}`, [
        { do: "have it signed by a CA that both hosts trust" },
      ]),
    );
  }
  return found;
}

function validity(host: string, { file, validFromMs, validToMs }: Certificate, use: Use): Problem[] {
  const { nowMs } = use;
  const found: Problem[] = [];
  if (validToMs < nowMs) {
    const renew = { do: `renew it on ${host}` };
    found.push(problem(use, host, `${file} on ${host} has expired (${day(validToMs)})`, [renew]));
  } else if (validToMs - nowMs < soonMs) {
    const message = `${file} on ${host} expires on ${day(validToMs)}`;
    found.push(problem(use, host, message, [{ do: `renew it on ${host} soon` }], "warning"));
  }
  if (validFromMs > nowMs) {
    found.push(
      problem(use, host, `${file} on ${host} is not valid before ${day(validFromMs)}`, [
        { do: `check the clock of ${host}` },
        { do: "wait" },
      ]),
    );
  }
  return found;
}

/** By the name or address by which the source addresses it. */
function bearsName({ host, certificate }: Side, use: Use): Problem[] {
  const { name } = use;
  if (certificate === undefined || name === undefined || certificate.names.some((each) => matches(each, name)))
    return [];
  const message = `${certificate.file} on ${host} is not valid for ${name}, the name that ${use.source} connects to; it is valid for ${certificate.names.join(", ") || "no name"}`;
  return [problem(use, host, message, use.bearName(certificate.names[0] ?? "NAME"))];
}

function signersOf({ signers }: Certificate, authorities: readonly Certificate[]): Certificate[] {
  return authorities.filter(({ identity }) => signers.includes(identity));
}

/** The authorities that a host trusts. What counts are those that signed its own certificate, unless one that is out of date spoils all. */
function authoritiesAreGood({ host, authorityFile, authorities, certificate, rejectsAll }: Side, use: Use): Problem[] {
  if (authorities.length === 0) return isMissing(host, authorityFile, use);
  const signers = certificate === undefined ? [] : signersOf(certificate, authorities);
  const counting = signers.length > 0 ? signers : authorities;
  const isValid = ({ validFromMs, validToMs }: Certificate) => validFromMs <= use.nowMs && use.nowMs <= validToMs;
  const best = counting.filter(isValid).toSorted((a, b) => b.validToMs - a.validToMs)[0];
  if (best === undefined) return validity(host, counting[0]!, use);
  const outdated = authorities.find((each) => !isValid(each));
  if (outdated === undefined || rejectsAll === undefined) return validity(host, best, use);
  return [
    ...validity(host, best, use),
    problem(
      use,
      host,
      `${outdated.file} on ${host} contains a certificate that is not valid today besides a valid one, and ${rejectsAll} may reject them all`,
      [{ do: `remove it from ${outdated.file}` }],
      "warning",
    ),
  ];
}

/** A certificate is signed by an authority that the other side trusts. What its own side does not trust is told there. */
function trusts(
  { host: of, certificate, authorities: own }: Side,
  { host: by, authorities }: Side,
  use: Use,
): Problem[] {
  if (certificate === undefined || authorities.length === 0) return [];
  if (signersOf(certificate, own).length === 0) return [];
  if (signersOf(certificate, authorities).length > 0) return [];
  const message = `${by} does not trust the authority that signed ${certificate.file} of ${of}: it is not in ${authorities[0]!.file} there`;
  return [problem(use, by, message, [{ do: "install the same CA certificates on both hosts" }])];
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
