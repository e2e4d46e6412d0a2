import { X509Certificate } from "node:crypto";
import type { Certificate } from "../core/rules";

/** Reads a certificate file's text; undefined where it holds none that can be read. `authority`: the text of its authority's. */
export function parseCertificate(file: string, pem: string, authority?: string): Certificate | undefined {
  const certificate = x509(pem);
  if (certificate === undefined) return undefined;
  const alternatives = (certificate.subjectAltName ?? "").split(", ");
  const names = alternatives.flatMap((each) => /^(?:DNS|IP Address):(.+)$/.exec(each)?.[1] ?? []);
  const commonName = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1];
  const issuers = authority === undefined ? [] : pemBlocks(authority).flatMap((block) => x509(block) ?? []);
  return {
    file,
    validFromMs: Date.parse(certificate.validFrom),
    validToMs: Date.parse(certificate.validTo),
    // The common name counts only for a certificate without other names.
    names: names.length > 0 || commonName === undefined ? names : [commonName],
    signedByAuthority: issuers.some((issuer) => certificate.verify(issuer.publicKey)),
    fingerprint: certificate.fingerprint256,
  };
}

function pemBlocks(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

function x509(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
