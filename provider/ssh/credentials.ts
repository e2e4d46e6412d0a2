import type { ParsedKey } from "ssh2";
import type { Remedy } from "../core/problem";
import { agentKeys, onlyForSsh } from "./agent";
import { shellPath, shortPath } from "./expand";
import { failure, setField, setSecret, words } from "./failure";
import { keyTypeOf } from "./host-key-algorithms";
import type { KeySources } from "./key-sources";
import {
  publicHalf,
  readKeyText,
  type ReadKey,
  readPrivateKey,
  readPrivateKeyFile,
  type UnusableKey,
} from "./private-key";
import { fingerprint, readPublicKey, typeOfKey } from "./public-key";
import type { Target } from "./target";

/** One key to offer. `label` says where it comes from and its fingerprint, never more. */
export interface Offer {
  key: ParsedKey;
  label: string;
  /** The agent that signs; undefined where `key` is the private key itself. */
  agentSocket?: string;
}

export interface Credentials {
  offers: Offer[];
  /** What could not be offered and why, for the error that says that nothing was accepted. */
  skipped: string[];
  /** ssh would offer a user certificate of the agent. */
  certificateInAgent: boolean;
  /** ssh would offer a key of the agent that is in a security key. */
  securityKeyInAgent: boolean;
}

/** A place where a private key may be: the inventory's text, or a file. */
interface Source {
  text: string | undefined;
  path: string | undefined;
  name: string;
  field: "privateKey" | "identityFile" | undefined;
}

/**
 * The keys to offer, in order. ssh's order: the agent's copies of the identity files, the agent's other keys, then the files.
 * A key that the inventory names comes before the agent's other keys: hosts close the connection after a few wrong ones.
 */
export async function credentialsFor(target: Target): Promise<Credentials> {
  const { keys } = target;
  const skipped: string[] = keys.agentMissing === undefined ? [] : [keys.agentMissing];
  const [inAgent, { certificate, securityKeys }] = await Promise.all([keysOfAgent(keys, skipped), onlyForSsh(keys)]);
  const fromAgent = (key: ParsedKey): Offer => ({
    key,
    label: `agent key ${describe(key)}`,
    agentSocket: keys.agentSocket!,
  });

  const agentCopies: Offer[] = [];
  const files: Offer[] = [];
  const unusable: { source: Source; read: UnusableKey }[] = [];
  for (const source of sourcesOf(target)) {
    const read = readSource(source, keys.passphrase);
    const half = "key" in read ? read.key.getPublicSSH() : publicHalf(source.text, source.path);
    const copy = half && inAgent.find((key) => key.getPublicSSH().equals(half));
    if (copy) agentCopies.push(fromAgent(copy));
    else if ("key" in read) files.push({ key: read.key, label: `${source.name} (${describe(read.key)})` });
    else unusable.push({ source, read });
  }
  const first = unusable[0];
  if (first && keys.namedBy === "inventory") throw keyUnusable(target, first.source, first.read);

  const copied = new Set(agentCopies.map(({ key }) => key));
  const others = keys.identitiesOnly ? [] : inAgent.filter((key) => !copied.has(key)).map(fromAgent);
  const offers = [...agentCopies, ...(keys.namedBy === "inventory" ? [...files, ...others] : [...others, ...files])];
  // ssh's default key files need not be there.
  const notable = unusable.filter(({ read }) => keys.namedBy !== "default" || read.problem !== "missing");
  if (offers.length === 0 && notable[0]) throw keyUnusable(target, notable[0].source, notable[0].read);
  skipped.push(...notable.map(({ source, read }) => `${source.name} (${read.message})`));
  skipped.push(...securityKeys.map((key) => `agent key ${key} (in a security key, which ssh2 does not use)`));
  return {
    ...acceptable(target, offers, skipped),
    certificateInAgent: certificate,
    securityKeyInAgent: securityKeys.length > 0,
  };
}

/** Without the keys that ssh does not offer: PubkeyAcceptedAlgorithms and RequiredRSASize hold for these too. */
function acceptable(
  { keys, hostKeyRules }: Target,
  offers: Offer[],
  skipped: string[],
): Pick<Credentials, "offers" | "skipped"> {
  const left = offers.filter(({ key, label }) => {
    const blob = key.getPublicSSH();
    const bits = readPublicKey(blob)?.rsaBits;
    const why = !keys.accepted.some((algorithm) => keyTypeOf(algorithm) === typeOfKey(blob))
      ? "left out by PubkeyAcceptedAlgorithms of ssh_config"
      : bits !== undefined && bits < hostKeyRules.requiredRsaBits
        ? `${bits} bits, and RequiredRSASize is ${hostKeyRules.requiredRsaBits}`
        : undefined;
    if (why !== undefined) skipped.push(`${label} (${why})`);
    return why === undefined;
  });
  return { offers: left, skipped };
}

async function keysOfAgent(keys: KeySources, skipped: string[]): Promise<ParsedKey[]> {
  if (keys.agentSocket === undefined) return [];
  try {
    return await agentKeys(keys.agentSocket);
  } catch (error) {
    skipped.push(`the ssh agent at ${keys.agentSocket} (${words(error)})`);
    return [];
  }
}

function sourcesOf({ keys, home }: Target): Source[] {
  if (keys.privateKey !== undefined) {
    return [{ text: keys.privateKey, path: undefined, name: "privateKey of the inventory", field: "privateKey" }];
  }
  return keys.identityFiles.map((path) => ({
    text: textOf(path),
    path,
    name: shortPath(path, home),
    field: keys.namedBy === "inventory" ? "identityFile" : undefined,
  }));
}

function textOf(path: string): string | undefined {
  const read = readKeyText(path);
  return "text" in read ? read.text : undefined;
}

function readSource({ text, path }: Source, passphrase: string | undefined): ReadKey {
  return path === undefined ? readPrivateKey(text!, passphrase) : readPrivateKeyFile(path, passphrase);
}

function keyUnusable(target: Target, source: Source, read: UnusableKey) {
  return failure(target, "privateKeyUnusable", {
    message: `the key ${source.name} cannot be used: ${read.message}`,
    remedies: remediesFor(target, source, read),
  });
}

function remediesFor(target: Target, { path, field }: Source, { problem }: UnusableKey): Remedy[] {
  const file = path === undefined ? "FILE" : shellPath(shortPath(path, target.home));
  if (problem === "encrypted" || problem === "wrongPassphrase") {
    return [
      { do: "set the key's passphrase", commands: [setSecret(target, "passphrase")] },
      { do: "load the key into the ssh agent", commands: [{ command: `ssh-add ${file}` }] },
    ];
  }
  if (problem === "exposed") {
    return [{ do: "take the others' permissions away", commands: [{ command: `chmod 600 ${file}` }] }];
  }
  const setText = setSecret(target, "privateKey", " < FILE");
  if (problem === "rewrite") {
    const rewrite = { command: `ssh-keygen -p -a 24 -f ${file}` };
    return [
      { do: "write the key in OpenSSH's form", commands: field === "privateKey" ? [rewrite, setText] : [rewrite] },
    ];
  }
  if (field === "privateKey") {
    return [{ do: "set the whole text of an unencrypted or OpenSSH private key", commands: [setText] }];
  }
  const setFile = setField(target, "identityFile", "FILE");
  return field === "identityFile"
    ? [{ do: "name a private key that this account can read", commands: [setFile] }]
    : [
        { do: "fix IdentityFile in ssh_config" },
        { do: "set identityFile of the host in the inventory", commands: [setFile] },
        { do: "set privateKey of the host in the inventory", commands: [setText] },
      ];
}

function describe(key: ParsedKey): string {
  const blob = key.getPublicSSH();
  return `${typeOfKey(blob)} ${fingerprint(blob)}`;
}
