import { isKrl, readKrl } from "./krl";
import { readPlainFile } from "./plain-file";
import { decodeBase64, isShortRsa, type PublicKey, readTypedKey } from "./public-key";

/** What a file of RevokedHostKeys says about a key. `unusable`: nothing can be known, so that no key is to be trusted. */
export type Revocation = "revoked" | "notRevoked" | { unusable: string };

/** As ssh: a file that is missing or has a line that cannot be read revokes every key. */
export function revocationIn(file: string, key: PublicKey): Revocation {
  let bytes: Buffer;
  try {
    bytes = readPlainFile(file);
  } catch (error) {
    return { unusable: `cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})` };
  }
  return revocationOf(bytes, key);
}

/** The file is a KRL, or has one public key in each line. */
function revocationOf(bytes: Buffer, key: PublicKey): Revocation {
  if (isKrl(bytes)) {
    const list = readKrl(bytes);
    if (list === undefined) return { unusable: "is a KRL with parts that are not understood here" };
    return list.revokes(key) ? "revoked" : "notRevoked";
  }
  for (const [index, raw] of bytes.toString("latin1").split("\n").entries()) {
    const line = raw.split("\0", 1)[0]!.replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const [type, base64] = line.split(/[ \t]+/, 2);
    const listed = base64 === undefined ? undefined : readTypedKey(type!, base64);
    // Whether OpenSSH reads a certificate depends on its signature, which is not verified here.
    if (listed?.certificate)
      return { unusable: `has a certificate in line ${index + 1}, which is not understood here` };
    if (listed?.blob.equals(key.blob)) return "revoked";
    // OpenSSH passes over RSA keys below 1024 bits, which no host can use.
    const short = type === "ssh-rsa" && isShortRsa(decodeBase64(base64 ?? "") ?? Buffer.alloc(0));
    if (!listed && !short) return { unusable: `has no public key in line ${index + 1}` };
  }
  return "notRevoked";
}
