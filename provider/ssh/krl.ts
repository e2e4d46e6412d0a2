import { createHash } from "node:crypto";
import { type PublicKey, readPublicKey } from "./public-key";
import { readWire, WireReader } from "./wire";

/** A key revocation list of `ssh-keygen -k` (OpenSSH's PROTOCOL.krl), as far as it concerns plain keys. */
export interface Krl {
  revokes(key: PublicKey): boolean;
}

const magic = Buffer.from("SSHKRL\n\0", "latin1");

export function isKrl(bytes: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}

/** Undefined where a part of it is not understood: what that part revokes is then unknown. */
export function readKrl(bytes: Buffer): Krl | undefined {
  const keys = new Set<string>();
  const sha1 = new Set<string>();
  const sha256 = new Set<string>();
  const read = readWire(bytes.subarray(magic.length), (reader) => {
    reader.demand(reader.uint32() === 1);
    // version, date, flags, reserved, comment
    reader.bytesOf(24);
    reader.string();
    reader.demand(!reader.string().includes(0));
    while (reader.left > 0) {
      const kind = reader.byte();
      const section = new WireReader(reader.string());
      if (kind === 1) readCertificates(section);
      else if (kind === 2) collect(section, keys);
      else if (kind === 3) collect(section, sha1, 20);
      else {
        // 4 is a signature, which ssh-keygen cannot make; others came after OpenSSH 9.2.
        reader.demand(kind === 5);
        collect(section, sha256, 32);
      }
    }
    return true;
  });
  if (!read) return undefined;
  const digest = (algorithm: string, blob: Buffer) => createHash(algorithm).update(blob).digest().toString("latin1");
  return {
    revokes: ({ blob }) =>
      keys.has(blob.toString("latin1")) || sha1.has(digest("sha1", blob)) || sha256.has(digest("sha256", blob)),
  };
}

function collect(section: WireReader, into: Set<string>, length?: number): void {
  while (section.left > 0) {
    const item = section.string();
    section.demand(length === undefined || item.length === length);
    into.add(item.toString("latin1"));
  }
}

/** Certificates are not used, but ssh refuses every key where it cannot read this part. */
function readCertificates(section: WireReader): void {
  const authority = section.string();
  section.string();
  section.demand(authority.length === 0 || readPublicKey(authority) !== undefined);
  while (section.left > 0) {
    const kind = section.byte();
    const part = new WireReader(section.string());
    if (kind === 0x20) {
      while (part.left > 0) part.demand(part.uint64() !== 0n);
    } else if (kind === 0x21) {
      const [first, last] = [part.uint64(), part.uint64()];
      part.demand(first !== 0n && first <= last);
    } else if (kind === 0x22) {
      part.uint64();
      part.natural();
    } else {
      part.demand(kind === 0x23);
      while (part.left > 0) part.demand(!part.string().includes(0));
    }
    part.end();
  }
}
