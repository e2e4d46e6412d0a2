import { createHash, X509Certificate } from "node:crypto";
import { cleanLine } from "../core/clean";
import type { Certificate } from "../core/problems";

const pemBegin = "-----BEGIN CERTIFICATE-----";
const pemEnd = "-----END CERTIFICATE-----";
/** Bundles of a whole distribution's authorities have some 150. */
const maxCertificates = 500;
/** Intermediate authorities behind a host's own certificate; each is checked against all. */
const maxChain = 8;
/** Certificates with many names have some hundred. */
const maxNames = 1000;

/**
 * Reads a certificate file's text; undefined where it holds none that can be read. `authorities`: the text of the file of those that its
 * host trusts.
 */
export function parseCertificate(file: string, pem: string, authorities = ""): Certificate | undefined {
  const [certificate, ...chain] = certificatesIn(pem, maxChain);
  const known = certificate && describe(file, certificate);
  if (known === undefined) return undefined;
  return { ...known, signers: signersOf(certificate!, chain, certificatesIn(authorities, maxCertificates)) };
}

/** All authorities of a file, in their order. */
export function parseAuthorities(file: string, pem: string): Certificate[] {
  return certificatesIn(pem, maxCertificates).flatMap((certificate) => describe(file, certificate) ?? []);
}

function describe(file: string, certificate: X509Certificate): Certificate | undefined {
  const [validFromMs, validToMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  if (Number.isNaN(validFromMs) || Number.isNaN(validToMs)) return undefined;
  const alternatives = (certificate.subjectAltName ?? "").split(", ", maxNames);
  const names = alternatives.flatMap((each) => /^(?:DNS|IP Address):(.+)$/.exec(each)?.[1] ?? []);
  const commonName = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1];
  return {
    file,
    validFromMs,
    validToMs,
    // The common name counts only for a certificate without other names.
    names: (names.length > 0 || commonName === undefined ? names : [commonName]).map((name) => cleanLine(name, 300)),
    identity: identityOf(certificate),
    signers: [],
  };
}

/** Who has signed it, and who has signed what stands behind it in its own file: a peer that trusts any of them trusts it. */
function signersOf(certificate: X509Certificate, chain: X509Certificate[], authorities: X509Certificate[]): string[] {
  const signers = [...chain, ...authorities].filter((issuer) => isSignedBy(certificate, issuer));
  const sent = signers.filter((issuer) => chain.includes(issuer));
  const further = sent.flatMap((issuer) => signersOf(issuer, chain.filter((each) => each !== issuer), authorities)); // prettier-ignore
  return [...new Set([...signers.map(identityOf), ...further])];
}

/** The same for an authority whose certificate was renewed with its key. */
function identityOf({ subject, publicKey }: X509Certificate): string {
  const key = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(`${subject}\0`).update(key).digest("hex");
}

/** The first certificates of a text, those that can be read. */
function certificatesIn(text: string, limit: number): X509Certificate[] {
  const found: X509Certificate[] = [];
  let begin = text.indexOf(pemBegin);
  for (let count = 0; begin >= 0 && count < limit; count++) {
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
    return certificate.issuer === issuer.subject && certificate.verify(issuer.publicKey);
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
