import { X509Certificate } from "node:crypto";
import { cleanLine } from "../core/clean";
import type { Certificate } from "../core/problems";

const pemBegin = "-----BEGIN CERTIFICATE-----";
const pemEnd = "-----END CERTIFICATE-----";
/** Bundles of a whole distribution's authorities have some 150. */
const maxCertificates = 500;
/** Certificates with many names have some hundred. */
const maxNames = 1000;

/** Reads a certificate file's text; undefined where it holds none that can be read. `authority`: the text of its authority's. */
export function parseCertificate(file: string, pem: string, authority?: string): Certificate | undefined {
  const [certificate] = certificatesIn(pem, 1);
  if (certificate === undefined) return undefined;
  const [validFromMs, validToMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (Number.isNaN(validFromMs) || Number.isNaN(validToMs)) return undefined;
  const alternatives = (certificate.subjectAltName ?? "").split(", ", maxNames);
  const names = alternatives.flatMap((each) => /^(?:DNS|IP Address):(.+)$/.exec(each)?.[1] ?? []);
  const commonName = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1];
  const issuers = authority === undefined ? [] : certificatesIn(authority, maxCertificates);
  return {
    file,
    validFromMs,
    validToMs,
    // The common name counts only for a certificate without other names.
    names: (names.length > 0 || commonName === undefined ? names : [commonName]).map((name) => cleanLine(name, 300)),
    signedByAuthority: issuers.some((issuer) => isSignedBy(certificate, issuer)),
    fingerprint: certificate.fingerprint256,
  };
}

/** The first certificates of a text, those that can be read. */
function certificatesIn(text: string, limit: number): X509Certificate[] {
  const found: X509Certificate[] = [];
  let begin = text.indexOf(pemBegin);
  for (let looks = 0; begin >= 0 && looks < limit; looks++) {
    const end = text.indexOf(pemEnd, begin);
    if (end < 0) break;
    const certificate = x509(text.slice(begin, end + pemEnd.length));
    if (certificate !== undefined) found.push(certificate);
    begin = text.indexOf(pemBegin, end);
  }
  return found;
}

/** A key of a kind that OpenSSL cannot use here proves nothing. */
function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function x509(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
