import { sshDestination, withoutBrackets } from "../core/destination";
import type { Host } from "../core/model";
import { connectionName } from "./address";
import { type Proposal, proposalOf } from "./algorithms";
import type { Block } from "./config";
import { secondsOf } from "./config-values";
import { expandPath, expandStrictly, type Tokens } from "./expand";
import { failure, type Subject } from "./failure";
import { hostKeyRules, type HostKeyRules } from "./host-key-rules";
import { type ExpandPath, keySources, type KeySources } from "./key-sources";
import { knownHostsFiles } from "./known-hosts-files";
import { type ConfigValues, lookUp } from "./lookup";
import { needsOpenSsh } from "./needs-openssh";
import { familyOf, type Ssh2Limits, undecidedSetting, unsupportedSetting } from "./ssh2-limits";
import type { Surroundings } from "./surroundings";

/** One ssh server to connect to, and all that is known for doing so. */
export interface Target extends Subject, Ssh2Limits {
  address: string;
  port: number;
  user: string;
  keys: KeySources;
  /** The inventory's hostKey. */
  pin?: string | undefined;
  knownHostsFiles: readonly string[];
  hostKeyAlias?: string | undefined;
  hostKeyRules: HostKeyRules;
  /** Key exchange, ciphers and MACs to propose. */
  proposal: Proposal;
  /** As written; undefined = a direct connection. */
  proxyJump?: string | undefined;
  /** The jump hosts on the way to it, the first of this computer's connections first. */
  via?: readonly Target[];
  /** AddressFamily; undefined: both. */
  addressFamily?: 4 | 6 | undefined;
  /** The address of this computer to connect from. */
  bindAddress?: string | undefined;
  connectTimeoutMs?: number | undefined;
  keepaliveIntervalMs?: number | undefined;
  keepaliveCountMax?: number | undefined;
  home: string;
  given: Given;
  /** What ssh2 does not do of what ssh_config says; empty: nothing. */
  needsOpenSsh: readonly string[];
}

/** What is said of a target besides ssh_config: by the inventory, or by the destination as written. */
interface Given {
  /** The name by which ssh_config knows it. */
  alias: string;
  address?: string | undefined;
  port?: number | undefined;
  user?: string | undefined;
  host: Host;
}

/** Inventory first, then ssh_config, then what ssh does without either. `override`: user and port of a ProxyJump hop. */
export function resolveTarget(
  host: Host,
  subject: Subject,
  blocks: readonly Block[],
  around: Surroundings,
  override: { user?: string; port?: number } = {},
): Target {
  const { home, env } = around;
  const given = givenOf(host, override);
  const { alias } = given;
  const lookedUp = lookUp(blocks, {
    alias,
    hostName: given.address,
    user: given.user,
    localUser: around.localUser,
  });
  const config = lookedUp.values;
  const first = (keyword: string) => config.get(keyword)?.[0];
  const known = (keyword: string, value: string | undefined) => value ?? unknownToken(subject, keyword, first);

  const hostName = known("HostName", expandStrictly(first("hostname") ?? "%h", { h: alias }, {}));
  const address = connectionName(given.address ?? hostName);
  const port = given.port ?? Number(first("port") ?? 22);
  const user = given.user ?? first("user") ?? around.localUser;
  const hostKeyAlias = first("hostkeyalias")?.toLowerCase();
  const tokens = tokensOf({ alias, address, port, user, hostKeyAlias }, around);
  const expand: ExpandPath = (keyword, path) => known(keyword, expandPath(path, home, tokens, env));

  const { jump, proxyCommand } = wayOf(host, config);
  const { h, k, n, p, r } = tokens;
  const proxyJump = jump && known("ProxyJump", expandStrictly(jump, { h, k, n, p, r } as Tokens, {}));
  const direct = proxyJump === undefined;
  const files = knownHostsFiles(host, config, around, tokens);
  const rules = hostKeyRules({ blocks, host, address, lookedUp, direct, files, expand });
  const keys = keySources(subject, host, config, around, expand);
  const unsupported = unsupportedSetting(config, direct && !proxyCommand, address);

  return {
    ...subject,
    ...{ address, port, user, keys, home, given, hostKeyAlias, proxyJump, proxyCommand, unsupported },
    pin: host.hostKey,
    knownHostsFiles: files.paths,
    hostKeyRules: rules,
    proposal: proposalOf(subject, config),
    ...timesOf(first),
    ...(direct && sourceOf(first)),
    undecided: undecidedSetting(lookedUp, decidedBefore(given, direct)),
    needsOpenSsh: needsOpenSsh({
      ...{ host, lookedUp, proxyCommand, rules, address, port, hostKeyAlias, env, unsupported },
      ...keys,
      knownHostsFiles: files.paths,
    }),
  };
}

type First = (keyword: string) => string | undefined;

function givenOf(host: Host, override: { user?: string; port?: number }): Given {
  const named = sshDestination(host.name);
  return {
    alias: named.host,
    address: host.address === undefined ? undefined : withoutBrackets(host.address),
    port: override.port ?? host.port ?? named.port,
    user: override.user ?? host.user ?? named.user,
    host,
  };
}

interface Named {
  alias: string;
  address: string;
  port: number;
  user: string;
  hostKeyAlias: string | undefined;
}

function tokensOf({ alias, address, port, user, hostKeyAlias }: Named, around: Surroundings): Tokens {
  return {
    h: address,
    n: alias,
    p: String(port),
    r: user,
    u: around.localUser,
    d: around.home,
    l: around.localHost,
    L: around.localHost.split(".", 1)[0]!,
    i: String(process.getuid?.() ?? ""),
    k: hostKeyAlias ?? alias,
    j: "",
  };
}

/** ssh does not start then. */
function unknownToken(subject: Subject, keyword: string, first: First): never {
  throw failure(subject, "invalidInput", {
    phase: "configure",
    message: `ssh_config has ${keyword} ${first(keyword.toLowerCase())?.slice(0, 100)}, with a part that has no value`,
    remedies: [
      { do: `fix ${keyword}: the manual has its tokens and variables`, commands: [{ command: "man ssh_config" }] },
    ],
  });
}

function wayOf(host: Host, config: ConfigValues): { jump: string | undefined; proxyCommand: boolean } {
  const set = host.proxyJump ?? config.get("proxyjump")?.[0];
  const isSet = (value: string | undefined) => value !== undefined && value !== "" && value.toLowerCase() !== "none";
  return {
    jump: isSet(set) ? set : undefined,
    proxyCommand: host.proxyJump === undefined && !isSet(set) && isSet(config.get("proxycommand")?.[0]),
  };
}

function timesOf(first: First): Pick<Target, "connectTimeoutMs" | "keepaliveIntervalMs" | "keepaliveCountMax"> {
  // Zero and "none" say nothing.
  const milliseconds = (text = "") => (secondsOf(text) ?? 0) * 1000 || undefined;
  return {
    connectTimeoutMs: milliseconds(first("connecttimeout")),
    keepaliveIntervalMs: milliseconds(first("serveraliveinterval")),
    keepaliveCountMax: Number(first("serveralivecountmax")) || undefined,
  };
}

/** What the inventory or the destination decides, so that ssh_config has no say in it. */
function decidedBefore({ address, port, user, host }: Given, direct: boolean): Record<string, boolean> {
  const key = host.privateKey !== undefined || host.identityFile !== undefined;
  return {
    hostname: address !== undefined,
    port: port !== undefined,
    user: user !== undefined,
    proxyjump: host.proxyJump !== undefined,
    proxycommand: host.proxyJump !== undefined,
    identityfile: key,
    identityagent: key || host.agent !== undefined,
    addressfamily: !direct,
    bindaddress: !direct,
    bindinterface: !direct,
  };
}

/** A connection through a jump host starts there. */
function sourceOf(first: First): Pick<Target, "addressFamily" | "bindAddress"> {
  return { addressFamily: familyOf(first("addressfamily")), bindAddress: first("bindaddress") };
}
