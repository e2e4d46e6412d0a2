import { utils } from "ssh2";
import { fingerprint, publicKeyLine } from "../../../provider/ssh/public-key";

export interface Key {
  /** OpenSSH form. */
  private: string;
  /** "ssh-ed25519 AAAA…" */
  public: string;
  blob: Buffer;
  fingerprint: string;
}

/** A new key. With a passphrase its text is encrypted. */
export function makeKey(type: "ed25519" | "ecdsa" | "rsa" = "ed25519", passphrase?: string): Key {
  for (;;) {
    const settings = { ...(passphrase !== undefined && { passphrase, cipher: "aes256-ctr", rounds: 4 }) };
    const pair =
      type === "ed25519"
        ? utils.generateKeyPairSync("ed25519", settings as object)
        : type === "ecdsa"
          ? utils.generateKeyPairSync("ecdsa", { bits: 256, ...settings } as never)
          : utils.generateKeyPairSync("rsa", { bits: 2048, ...settings } as never);
    const parsed = utils.parseKey(pair.private, passphrase);
    // One generated key in some hundreds has a leading zero cut off and cannot be read back.
    if (parsed instanceof Error) continue;
    const blob = [parsed].flat()[0]!.getPublicSSH();
    return { private: pair.private, public: publicKeyLine(blob), blob, fingerprint: fingerprint(blob) };
  }
}
