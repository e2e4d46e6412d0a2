import { createHmac } from "node:crypto";
import { canonicalAddress } from "./address";
import { matchesPatternList } from "./patterns";
import { readPlainFile } from "./plain-file";
import { decodeBase64, type PublicKey, readTypedKey } from "./public-key";

/** A line of known_hosts that speaks of the host asked for. */
export interface KnownKey {
  marker?: "revoked" | "cert-authority";
  key: PublicKey;
  /** "file:line" */
  where: string;
  file: string;
}

/** The name under which ssh files a host's key. Neither an alias nor port 22 adds a port. */
export function knownHostsName(address: string, port: number, alias?: string): string {
  if (alias !== undefined) return lowerCase(alias);
  const name = canonicalAddress(address) ?? lowerCase(address);
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * The lines of one known_hosts text that match a name, in order, as OpenSSH reads them: what it cannot read, it passes over.
 * The text is one of bytes (latin1), as the patterns are.
 *
 * @example
 * kvm-a,10.0.0.* ssh-ed25519 AAAA…          plain names and patterns; "!name" takes one out
 * [kvm-a]:2222 ssh-ed25519 AAAA…            another port
 * |1|salt|hash= ssh-rsa AAAA…               a hashed name: HMAC-SHA1 of the name under the salt
 * @revoked * ssh-rsa AAAA…                  never to be trusted again
 */
export function knownKeysIn(text: string, name: string, file: string): KnownKey[] {
  const bytes = Buffer.from(name, "utf8").toString("latin1");
  return text.split("\n").flatMap((raw, index): KnownKey[] => {
    const line = raw.split("\0", 1)[0]!.replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) return [];
    const fields = line.split(/[ \t]+/, 4);
    const marker = fields[0]!.startsWith("@") ? fields.shift()!.slice(1) : undefined;
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
    const [names, type, base64] = fields;
    if (names === undefined || type === undefined || base64 === undefined || !speaksOf(names, bytes)) return [];
    const key = readTypedKey(type, base64);
    return key ? [{ ...(marker !== undefined && { marker }), key, where: `${file}:${index + 1}`, file }] : [];
  });
}

/** The same over several files; one that is not there or not readable knows nothing. */
export function knownKeys(files: readonly string[], name: string): KnownKey[] {
  return files.flatMap((file) => {
    try {
      return knownKeysIn(readPlainFile(file).toString("latin1"), name, file);
    } catch {
      return [];
    }
  });
}

/** OpenSSH gives up on a list with a name as long as this. */
const tooLong = 1023;

function speaksOf(names: string, name: string): boolean {
  if (names.startsWith("|")) return isHashOf(names, name);
  const patterns = lowerCase(names).split(",");
  if (patterns.some((pattern) => pattern.replace(/^!/, "").length >= tooLong)) return false;
  return matchesPatternList(patterns, lowerCase(name));
}

function isHashOf(names: string, name: string): boolean {
  const match = /^\|1\|([^|]{1,1024})\|(.*)$/.exec(names);
  const salt = match && decodeBase64(match[1]!);
  if (salt?.length !== 20) return false;
  return createHmac("sha1", salt).update(name, "latin1").digest("base64") === match![2];
}

/** ASCII only, as OpenSSH's patterns are. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
