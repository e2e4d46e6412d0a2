import { createHash, ECDH } from "node:crypto";
import { readWire, type WireReader, wireNatural, wireString } from "./wire";

/** What a public key says, written in one way only: the same number may be written with more zeros. */
export interface PublicKey {
  /** The plain type: "ssh-rsa" for a certificate of an RSA key. */
  type: string;
  /** The plain key's blob: a certificate's without what its authority added. */
  blob: Buffer;
  /** The file holds a certificate of this key. */
  certificate: boolean;
  /** The modulus of an RSA key. */
  rsaBits?: number;
}

/** The curve names of ssh, and OpenSSL's. */
const curves: Record<string, string> = { nistp256: "prime256v1", nistp384: "secp384r1", nistp521: "secp521r1" };

const certificateSuffix = /-cert-v01@openssh\.com$/;

/** OpenSSH reads no RSA key below this size, whatever RequiredRSASize says. */
export const minRsaBits = 1024;

/** The type that a public key's blob names in its first field. */
export function typeOfKey(blob: Buffer): string {
  return readWire(blob, (reader) => reader.text()) ?? "";
}

/**
 * A public key or a certificate as OpenSSH reads it (sshkey_from_blob). Undefined: it is none that OpenSSH 9.2 would read.
 * A certificate's signature is not verified here.
 */
export function readPublicKey(blob: Buffer): PublicKey | undefined {
  return readWire(blob, (reader) => {
    const name = reader.text();
    const certificate = certificateSuffix.test(name);
    const type = plainType(name);
    if (certificate) reader.string();
    const fields = fieldsOf(type, reader);
    if (!certificate) reader.end();
    const rsaBits = type === "ssh-rsa" ? bitsOf(fields[1]!) : undefined;
    const body = fields.map(hasNaturals(type) ? wireNatural : wireString);
    return {
      type,
      blob: Buffer.concat([wireString(type), ...body]),
      certificate,
      ...(rsaBits !== undefined && { rsaBits }),
    };
  });
}

/** OpenSSH takes the name of a signature algorithm for the type of the key that makes it. */
function plainType(name: string): string {
  const plain = name
    .replace(certificateSuffix, "")
    .replace(/^rsa-sha2-(256|512)$/, "ssh-rsa")
    .replace(/^webauthn-sk-/, "sk-");
  return certificateSuffix.test(name) && plain.startsWith("sk-") ? `${plain}@openssh.com` : plain;
}

const hasNaturals = (type: string) => type === "ssh-rsa" || type === "ssh-dss";

function fieldsOf(type: string, reader: WireReader): Buffer[] {
  switch (type) {
    case "ssh-ed25519":
      return [ed25519Point(reader)];
    case "sk-ssh-ed25519@openssh.com":
      return [ed25519Point(reader), reader.string()];
    case "ssh-rsa": {
      const [exponent, modulus] = [reader.natural(), reader.natural()];
      reader.demand(bitsOf(modulus) >= minRsaBits);
      return [exponent, modulus];
    }
    case "ssh-dss":
      return [reader.natural(), reader.natural(), reader.natural(), reader.natural()];
    case "sk-ecdsa-sha2-nistp256@openssh.com":
      return [...curvePoint("nistp256", reader), reader.string()];
    default: {
      const curve = /^ecdsa-sha2-(nistp\d+)$/.exec(type)?.[1] ?? "";
      reader.demand(curve in curves);
      return curvePoint(curve, reader);
    }
  }
}

function ed25519Point(reader: WireReader): Buffer {
  const point = reader.string();
  reader.demand(point.length === 32);
  return point;
}

function curvePoint(curve: string, reader: WireReader): Buffer[] {
  const name = reader.string();
  const point = reader.string();
  reader.demand(name.toString("latin1") === curve && point[0] === 4 && isOnCurve(point, curves[curve]!));
  return [name, point];
}

function isOnCurve(point: Buffer, curve: string): boolean {
  try {
    ECDH.convertKey(point, curve);
    return true;
  } catch {
    return false;
  }
}

function bitsOf(digits: Buffer): number {
  return digits.length === 0 ? 0 : digits.length * 8 - (Math.clz32(digits[0]!) - 24);
}

/** Base64 as OpenSSH reads it: complete, without other characters or loose bits. Node's own reader skips over all of that. */
export function decodeBase64(text: string): Buffer | undefined {
  const packed = text.replace(/[\r\v\f]/g, "");
  const bytes = Buffer.from(packed, "base64");
  return bytes.toString("base64") === packed ? bytes : undefined;
}

/** Whether this is an RSA key below the size that OpenSSH reads. */
export function isShortRsa(blob: Buffer): boolean {
  const bits = readWire(blob, (reader) => {
    reader.demand(reader.text() === "ssh-rsa");
    reader.natural();
    return bitsOf(reader.natural());
  });
  return bits !== undefined && bits < minRsaBits;
}

/** The key that "ssh-ed25519 AAAA…" stands for, where OpenSSH would take the two words for one. */
export function readTypedKey(type: string, base64: string): PublicKey | undefined {
  const blob = decodeBase64(base64);
  const key = blob && readPublicKey(blob);
  return key?.type === plainType(type) && key.certificate === certificateSuffix.test(type) ? key : undefined;
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The key in "ssh-ed25519 AAAA… comment", with or without a comment behind it or host names before it. */
export function publicKeyIn(line: string): Buffer | undefined {
  const words = line.trim().split(/\s+/);
  for (const [index, word] of words.entries()) {
    if (!word.includes("-")) continue;
    const blob = Buffer.from(words[index + 1] ?? "", "base64");
    if (blob.length > 4 + word.length && typeOfKey(blob) === word) return blob;
  }
  return undefined;
}

/** "ssh-ed25519 AAAA…" */
export function publicKeyLine(blob: Buffer): string {
  return `${typeOfKey(blob)} ${blob.toString("base64")}`;
}
