import { createHash } from "node:crypto";

export const keyTypes = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
] as const;

/** The type that a public key's blob names in its first field. */
export function typeOfKey(blob: Buffer): string {
  return blob.length < 4 ? "" : blob.toString("latin1", 4, 4 + blob.readUInt32BE(0));
}

/** As `ssh-keygen -l` prints it. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The key in "ssh-ed25519 AAAA… comment", with or without a comment behind it or host names before it. */
export function publicKeyIn(line: string): Buffer | undefined {
  const words = line.trim().split(/\s+/);
  for (const [index, word] of words.entries()) {
    const blob = Buffer.from(words[index + 1] ?? "", "base64");
    if (word.includes("-") && typeOfKey(blob) === word) return blob;
  }
  return undefined;
}

/** "ssh-ed25519 AAAA…" */
export function publicKeyLine(blob: Buffer): string {
  return `${typeOfKey(blob)} ${blob.toString("base64")}`;
}

/** The signature algorithms of a host key of this type, best first. */
export function hostKeyAlgorithms(type: string): string[] {
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
}
