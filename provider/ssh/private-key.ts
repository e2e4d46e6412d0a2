import { readFileSync, statSync } from "node:fs";
import { type ParsedKey, utils } from "ssh2";
import { publicKeyIn } from "./public-key";
import { readWire, WireReader } from "./wire";

/** Why a key cannot be used. Never holds its text: the message reaches users. */
export interface UnusableKey {
  problem: "missing" | "unreadable" | "exposed" | "encrypted" | "wrongPassphrase" | "rewrite" | "unsupported";
  message: string;
}

/** What a key's text turned out to be. */
export type ReadKey = { key: ParsedKey } | UnusableKey;

/** Far above any private key; a text that is longer is not even looked at. */
const mostBytes = 64 * 1024;

/** `ssh-keygen` makes 24 by default; thousands take this process minutes, in which it does nothing else. */
const mostRounds = 1000;

const mostColons = 40;

const notAKey = {
  problem: "unsupported",
  message: "it is not a private key of a kind that can be used (ed25519, ecdsa, rsa in OpenSSH or PEM form)",
} as const;

/** One key lets this computer in on every host, and opening it may take a good part of a second. */
const opened = new Map<string, ReadKey>();
const mostOpened = 64;

export function readPrivateKey(text: string, passphrase: string | undefined): ReadKey {
  const id = JSON.stringify([text, passphrase]);
  const read = opened.get(id) ?? openPrivateKey(text, passphrase);
  if (opened.size >= mostOpened) opened.clear();
  if ("key" in read) opened.set(id, read);
  return read;
}

function openPrivateKey(text: string, passphrase: string | undefined): ReadKey {
  if (text.length > mostBytes)
    return { problem: "unsupported", message: `it is longer than any private key (${text.length} bytes)` };
  // The parser's expressions for headers take polynomial time in their number; a key has a handful.
  if (text.split(":", mostColons + 1).length > mostColons) return notAKey;
  const container = openSshContainer(text);
  if (container === "damaged") {
    return {
      problem: "unsupported",
      message: "it is incomplete or damaged: a part of its text is missing or was changed",
    };
  }
  const encrypted = container
    ? container.cipher !== "none"
    : /^(Proc-Type: 4,ENCRYPTED|Encryption: aes)|BEGIN ENCRYPTED/m.test(text);
  const locked = encrypted && (passphrase === undefined || passphrase === "");
  if (container && container.rounds > mostRounds && !locked) {
    return {
      problem: "rewrite",
      message: `it takes ${container.rounds} rounds to open it, and at most ${mostRounds} are done here`,
    };
  }
  // A secret pasted through a shell often loses its last line break, which the parser insists on; Windows adds its own.
  const key = parse(`${text.replace(/\r\n?/g, "\n").trim()}\n`, locked ? undefined : passphrase);
  if (key && !(key instanceof Error)) {
    if (!key.isPrivateKey()) return { problem: "unsupported", message: "it is a public key" };
    return isSound(key)
      ? { key }
      : { problem: "unsupported", message: "it is damaged: its private and its public half do not belong together" };
  }
  if (locked) return { problem: "encrypted", message: "it is encrypted and no passphrase is set" };
  if (encrypted && /passphrase|integrity|decrypt|malformed/i.test(key?.message ?? "")) {
    return { problem: "wrongPassphrase", message: "its passphrase does not open it" };
  }
  return /BEGIN (ENCRYPTED )?PRIVATE KEY/.test(text)
    ? { problem: "rewrite", message: "it is in PKCS#8 form, which is not supported" }
    : notAKey;
}

export function readPrivateKeyFile(path: string, passphrase: string | undefined): ReadKey {
  const read = readKeyText(path);
  return "text" in read ? (exposure(path) ?? readPrivateKey(read.text, passphrase)) : read;
}

/** As ssh: a key of this account that others may read is nobody's secret; another's file is its owner's affair. */
function exposure(path: string): UnusableKey | undefined {
  const { uid, mode } = statSync(path);
  if (uid !== process.getuid?.() || (mode & 0o077) === 0) return undefined;
  return {
    problem: "exposed",
    message: `others may read it (mode 0${(mode & 0o777).toString(8)}), and ssh refuses it too`,
  };
}

/** The text of a key's file. */
export function readKeyText(path: string): { text: string } | UnusableKey {
  try {
    const facts = statSync(path);
    // Reading a pipe or a terminal may wait for ever.
    if (!facts.isFile() && !facts.isDirectory()) return { problem: "unreadable", message: "it is not a file" };
    if (facts.size > mostBytes && facts.isFile()) {
      return { problem: "unsupported", message: `it is longer than any private key (${facts.size} bytes)` };
    }
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "error";
    return code === "ENOENT"
      ? { problem: "missing", message: "it does not exist" }
      : { problem: "unreadable", message: `it cannot be read (${code})` };
  }
}

/** The public half, where it can be had without a passphrase: the clear head of an OpenSSH key, or FILE.pub beside it. */
export function publicHalf(text: string | undefined, path: string | undefined): Buffer | undefined {
  const container = text === undefined ? undefined : openSshContainer(text);
  if (container && container !== "damaged") return container.publicKey;
  if (path === undefined) return undefined;
  const beside = readKeyText(`${path.replace(/\.pub$/, "")}.pub`);
  if (!("text" in beside)) return undefined;
  const key = parse(beside.text, undefined);
  // ssh2 reads no key that is in a security key.
  return key && !(key instanceof Error) ? key.getPublicSSH() : publicKeyIn(beside.text);
}

interface Container {
  cipher: string;
  /** Of the key derivation; 0 where there is none. */
  rounds: number;
  publicKey: Buffer;
}

/** What an OpenSSH private key says in clear (PROTOCOL.key). Undefined: the text is of another kind. */
function openSshContainer(text: string): Container | "damaged" | undefined {
  if (text.length > mostBytes || !/-----BEGIN OPENSSH PRIVATE KEY-----/.test(text)) return undefined;
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END OPENSSH PRIVATE KEY-----/.exec(
    text,
  )?.[1];
  const container =
    base64 === undefined
      ? undefined
      : readWire(Buffer.from(base64, "base64"), (reader): Container => {
          reader.demand(reader.bytesOf(15).equals(Buffer.from("openssh-key-v1\0")));
          const cipher = reader.text();
          const derivation = reader.text();
          const options = new WireReader(reader.string());
          if (derivation === "bcrypt") options.string();
          const rounds = derivation === "bcrypt" ? options.uint32() : 0;
          reader.demand(reader.uint32() > 0);
          const publicKey = reader.string();
          reader.string();
          return { cipher, rounds, publicKey };
        });
  return container ?? "damaged";
}

/** A key whose text was changed by a bit may still be read: it would sign, and every host would reject it. */
function isSound(key: ParsedKey): boolean {
  const text = Buffer.from("does it verify what it signs?");
  const hash = key.type === "ssh-rsa" ? "sha512" : undefined;
  try {
    const signature = key.sign(text, hash) as Buffer | Error;
    return !(signature instanceof Error) && key.verify(text, signature, hash) === true;
  } catch {
    return false;
  }
}

/**
 * Some kinds of file hold several keys, and ssh2 then answers with a list, which its types do not say. Some texts make it throw, with a stack
 * of its own.
 */
function parse(data: string, passphrase: string | undefined): ParsedKey | Error | undefined {
  try {
    return [utils.parseKey(data, passphrase)].flat()[0];
  } catch (error) {
    return error instanceof Error ? error : new Error("not a key");
  }
}
