import { existsSync } from "node:fs";
import type { Host } from "../core/model";
import type { HostKeyRules } from "./host-key-rules";
import type { KeySources } from "./key-sources";
import { knownHostsName, knownKeys } from "./known-hosts";
import type { LookedUp } from "./lookup";
import { publicHalf, readKeyText } from "./private-key";
import { isYes } from "./config-values";
import { typeOfKey } from "./public-key";

/** What decides about the connection itself. A Match that is not evaluated here may set any of it. */
const aboutTheConnection = [
  "hostname",
  "port",
  "user",
  "identityfile",
  "certificatefile",
  "identityagent",
  "identitiesonly",
  "proxyjump",
  "proxycommand",
  "bindaddress",
  "bindinterface",
  "addressfamily",
  "pkcs11provider",
  "pubkeyauthentication",
  "pubkeyacceptedalgorithms",
  "preferredauthentications",
  "gssapiauthentication",
  "connecttimeout",
  "serveraliveinterval",
  "serveralivecountmax",
];

/** The need of a host whose login is by certificate. */
export const userCertificate = "a user certificate belongs to its key";

/** The same, where the agent was asked. */
export const certificateInAgent = "the ssh agent holds a user certificate";

/** The same, where ssh2 has no other key to offer. */
export const securityKeyInAgent = "the only keys for it are in a security key (FIDO), behind the ssh agent";

interface Facts extends KeySources {
  host: Host;
  lookedUp: LookedUp;
  proxyCommand: boolean;
  rules: HostKeyRules;
  knownHostsFiles: readonly string[];
  address: string;
  port: number;
  hostKeyAlias: string | undefined;
  env: NodeJS.ProcessEnv;
  unsupported: string | undefined;
}

/** What this host's configuration asks for that ssh2 does not do and the system's ssh does; each in words. */
export function needsOpenSsh(facts: Facts): string[] {
  const { host, lookedUp, rules } = facts;
  const isSet = (keyword: string) => {
    const value = lookedUp.values.get(keyword)?.[0];
    return value !== undefined && value !== "" && value.toLowerCase() !== "none";
  };
  const undecided = aboutTheConnection.find((keyword) => lookedUp.undecided.has(keyword));
  const obstacle = rules.obstacles.find(({ pinHelps }) => host.hostKey === undefined || !pinHelps);
  const needs = [
    facts.proxyCommand && "ssh_config sets a ProxyCommand for it",
    hasCertificate(facts, isSet("certificatefile")) && userCertificate,
    hasSecurityKey(facts) && "its key is in a security key (FIDO)",
    usesKerberos(facts) && "GSSAPIAuthentication is set, and there is no key but a Kerberos ticket",
    undecided !== undefined && `a Match ${lookedUp.undecided.get(undecided)} of ssh_config sets ${undecided}`,
    facts.unsupported !== undefined && `ssh_config sets ${facts.unsupported} for it`,
    isSet("pkcs11provider") && host.privateKey === undefined && "ssh_config sets a PKCS11Provider for it",
    halfOfRsa(facts) && "PubkeyAcceptedAlgorithms of ssh_config takes RSA keys with one of the two hashes only",
    obstacle?.fault.message,
    onlyKnownByAuthority(facts) && "known_hosts has a @cert-authority for it, and no key",
  ];
  return needs.filter((need) => typeof need === "string");
}

/** ssh2 takes the hash that the host names first. */
const halfOfRsa = ({ accepted }: Facts) => accepted.includes("rsa-sha2-256") !== accepted.includes("rsa-sha2-512");

function hasCertificate({ host, identityFiles }: Facts, fileSet: boolean): boolean {
  if (fileSet) return true;
  return host.privateKey === undefined && identityFiles.some((path) => existsSync(`${path}-cert.pub`));
}

function hasSecurityKey({ host, identityFiles, namedBy }: Facts): boolean {
  if (host.privateKey !== undefined) return false;
  const isSecurityKey = (path: string) => {
    const read = readKeyText(path);
    const half = publicHalf("text" in read ? read.text : undefined, path);
    return half !== undefined && typeOfKey(half).startsWith("sk-");
  };
  if (namedBy !== "default") return identityFiles.some(isSecurityKey);
  const present = identityFiles.filter((path) => existsSync(path));
  return present.length > 0 && present.every((path) => path.endsWith("_sk"));
}

/** Distributions set GSSAPIAuthentication for everybody (RHEL does): it counts only where nothing else can let the account in. */
function usesKerberos({ host, lookedUp, identityFiles, agentSocket, env }: Facts): boolean {
  if (!isYes(lookedUp.values.get("gssapiauthentication")?.[0])) return false;
  if (host.privateKey !== undefined || agentSocket !== undefined) return false;
  if (identityFiles.some((path) => existsSync(path))) return false;
  return env["KRB5CCNAME"] !== undefined || existsSync(`/tmp/krb5cc_${process.getuid?.() ?? ""}`);
}

function onlyKnownByAuthority({ host, knownHostsFiles, address, port, hostKeyAlias }: Facts): boolean {
  if (host.hostKey !== undefined) return false;
  const lines = knownKeys(knownHostsFiles, knownHostsName(address, port, hostKeyAlias));
  return lines.some(({ marker }) => marker === "cert-authority") && !lines.some(({ marker }) => marker === undefined);
}
