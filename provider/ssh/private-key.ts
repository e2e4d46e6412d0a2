import { readFileSync } from "node:fs";
import { type ParsedKey, utils } from "ssh2";

/** What a key's text turned out to be. Never holds the text: these words reach users. */
export type ReadKey =
  | { key: ParsedKey }
  | { problem: "missing" | "unreadable" | "encrypted" | "wrongPassphrase" | "unsupported"; words: string };

export function readPrivateKey(text: string, passphrase: string | undefined): ReadKey {
  // A secret pasted through a shell often loses its last line break, which the parser insists on; Windows adds its own.
  const key = parse(`${text.replace(/\r\n?/g, "\n").trim()}\n`, passphrase);
  if (key && !(key instanceof Error)) {
    return key.isPrivateKey() ? { key } : { problem: "unsupported", words: "it is a public key" };
  }
  const encrypted = isEncrypted(text);
  if (encrypted && (passphrase === undefined || passphrase === "")) {
    return { problem: "encrypted", words: "it is encrypted and no passphrase is set" };
  }
  if (encrypted && /passphrase|integrity|decrypt|malformed/i.test(key?.message ?? "")) {
    return { problem: "wrongPassphrase", words: "its passphrase does not open it" };
  }
  return /BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text)
    ? { problem: "unsupported", words: "it is in PKCS#8 form (`ssh-keygen -p -f FILE` rewrites it in OpenSSH's)" }
    : {
        problem: "unsupported",
        words: "it is not a private key of a kind that can be used (ed25519, ecdsa, rsa in OpenSSH or PEM form)",
      };
}

export function readPrivateKeyFile(path: string, passphrase: string | undefined): ReadKey {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    return code === "ENOENT"
      ? { problem: "missing", words: "it does not exist" }
      : { problem: "unreadable", words: `it cannot be read (${code})` };
  }
  return readPrivateKey(text, passphrase);
}

/** The public half, where it can be had without a passphrase: the clear head of an OpenSSH key, or FILE.pub beside it. */
export function publicHalf(text: string | undefined, path: string | undefined): Buffer | undefined {
  const body = text === undefined ? undefined : openSshBody(text);
  if (body) {
    // "openssh-key-v1\0", then the strings cipher, kdf, kdf options; the number of keys; the public key.
    let at = 15;
    const next = () => {
      const length = body.readUInt32BE(at);
      at += 4 + length;
      return body.subarray(at - length, at);
    };
    for (let skipped = 0; skipped < 3; skipped++) next();
    at += 4;
    return next();
  }
  if (path === undefined) return undefined;
  try {
    const key = parse(readFileSync(`${path.replace(/\.pub$/, "")}.pub`), undefined);
    return key && !(key instanceof Error) ? key.getPublicSSH() : undefined;
  } catch {
    return undefined;
  }
}

function openSshBody(text: string): Buffer | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(text)?.[1];
  const body = base64 === undefined ? undefined : Buffer.from(base64, "base64");
  return body?.toString("latin1", 0, 14) === "openssh-key-v1" ? body : undefined;
}

function isEncrypted(text: string): boolean {
  if (/^(Proc-Type: 4,ENCRYPTED|Encryption: aes)|BEGIN ENCRYPTED/m.test(text)) return true;
  const body = openSshBody(text);
  return body !== undefined && body.toString("latin1", 19, 19 + body.readUInt32BE(15)) !== "none";
}

/** Some kinds of file hold several keys, and ssh2 then answers with a list, which its types do not say. */
function parse(data: string | Buffer, passphrase: string | undefined): ParsedKey | Error | undefined {
  return [utils.parseKey(data, passphrase)].flat()[0];
}
