import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { matchesPatternList } from "./patterns";
import { typeOfKey } from "./public-key";

/** A line of known_hosts that speaks of the host asked for. */
export interface KnownKey {
  marker?: "revoked" | "cert-authority";
  type: string;
  blob: Buffer;
  /** "file:line" */
  where: string;
  file: string;
}

/** The name under which ssh files a host's key. Neither an alias nor port 22 adds a port. */
export function knownHostsName(address: string, port: number, alias?: string): string {
  if (alias !== undefined) return alias.toLowerCase();
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

/**
 * The lines of one known_hosts text that match a name, in order. A line that cannot be read counts as absent, as in ssh.
 *
 * @example
 * kvm-a,10.0.0.* ssh-ed25519 AAAA…          plain names and patterns; "!name" takes one out
 * [kvm-a]:2222 ssh-ed25519 AAAA…            another port
 * |1|salt|hash= ssh-rsa AAAA…               a hashed name: HMAC-SHA1 of the name under the salt
 * @revoked * ssh-rsa AAAA…                  never to be trusted again
 */
export function knownKeysIn(text: string, name: string, file: string): KnownKey[] {
  return text.split(/\r?\n/).flatMap((line, index): KnownKey[] => {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === "" || fields[0]!.startsWith("#")) return [];
    const marker = fields[0]!.startsWith("@") ? fields.shift()!.slice(1) : undefined;
    if (marker !== undefined && marker !== "revoked" && marker !== "cert-authority") return [];
    const [names, type, key] = fields;
    if (names === undefined || type === undefined || key === undefined || !speaksOf(names, name)) return [];
    const blob = Buffer.from(key, "base64");
    if (typeOfKey(blob) !== type) return [];
    return [{ ...(marker !== undefined && { marker }), type, blob, where: `${file}:${index + 1}`, file }];
  });
}

/** The same over several files; one that is not there or not readable knows nothing. */
export function knownKeys(files: readonly string[], name: string): KnownKey[] {
  return files.flatMap((file) => {
    try {
      return knownKeysIn(readFileSync(file, "utf8"), name, file);
    } catch {
      return [];
    }
  });
}

function speaksOf(names: string, name: string): boolean {
  if (!names.startsWith("|1|")) return matchesPatternList(names.toLowerCase().split(","), name);
  const [, , salt, hash] = names.split("|");
  if (salt === undefined || hash === undefined) return false;
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}
