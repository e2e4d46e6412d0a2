import { join } from "node:path";
import type { Host } from "../core/model";
import type { Remedy } from "../core/problem";
import { type Proposal, proposalOf } from "./algorithms";
import type { Block } from "./config";
import { parseDestination } from "./destination";
import { expandHome, expandPath, expandTokens, type Tokens } from "./expand";
import { failure, nameOf, type Subject } from "./failure";
import { hostKeyRules, type HostKeyRules, knownHostsFiles } from "./host-key-rules";
import { type ConfigValues, type LookedUp, lookUp } from "./lookup";
import { needsOpenSsh } from "./needs-openssh";
import type { Surroundings } from "./surroundings";

/** One ssh server to connect to, and all that is known for doing so. */
export interface Target extends Subject {
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
  connectTimeoutMs?: number | undefined;
  keepaliveIntervalMs?: number | undefined;
  keepaliveCountMax?: number | undefined;
  home: string;
  given: Given;
  /** ssh_config has a ProxyCommand, and no jump host stands before it. */
  proxyCommand: boolean;
  /** What a Match of ssh_config sets by a criterion that is not evaluated here, such as `exec`. */
  undecided: { keyword: Undecidable; criterion: string } | undefined;
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

export interface KeySources {
  /** The inventory's privateKey, a secret. */
  privateKey?: string | undefined;
  /** The inventory's passphrase, a secret. */
  passphrase?: string | undefined;
  identityFiles: readonly string[];
  /** Who named the identity files: what the inventory names must be usable, the rest is skipped where it is not. */
  namedBy: "inventory" | "sshConfig" | "default";
  /** Only the keys above are offered, from the agent too. */
  identitiesOnly: boolean;
  /** Undefined: no agent. */
  agentSocket?: string | undefined;
  /** Why an agent that was asked for cannot be used. */
  agentMissing?: string | undefined;
}

const defaultKeys = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** Inventory first, then ssh_config, then what ssh does without either. `override`: user and port of a ProxyJump hop. */
export function resolveTarget(
  host: Host,
  subject: Subject,
  blocks: readonly Block[],
  around: Surroundings,
  override: { user?: string; port?: number } = {},
): Target {
  const { home, env } = around;
  const written = /@|^ssh:/.test(host.name) ? parseDestination(host.name) : undefined;
  const alias = written?.host ?? host.name;
  const userSet = override.user ?? host.user ?? written?.user;
  const lookedUp = lookUp(blocks, { alias, hostName: host.address, user: userSet, localUser: around.localUser });
  const config = lookedUp.values;
  const first = (keyword: string) => config.get(keyword)?.[0];
  const portSet = override.port ?? host.port ?? written?.port;

  const hostName = first("hostname");
  const address =
    host.address?.replace(/^\[(.*)\]$/, "$1") ??
    (hostName === undefined ? alias : expandTokens(hostName, { h: alias, n: alias }));
  const port = portSet ?? (Number(first("port") ?? 22) || 22);
  const user = userSet ?? first("user") ?? around.localUser;
  const tokens: Tokens = {
    h: address,
    n: alias,
    p: String(port),
    r: user,
    u: around.localUser,
    d: home,
    l: around.localHost,
    L: around.localHost.split(".", 1)[0]!,
    i: String(process.getuid?.() ?? ""),
    k: first("hostkeyalias") ?? alias,
    j: "",
  };
  const paths = (values: readonly string[]) => values.map((path) => expandPath(path, home, env, tokens));

  const { proxyJump, proxyCommand } = wayOf(host, config, tokens);
  const files = knownHostsFiles(host, config, around, tokens);
  const rules = hostKeyRules({ blocks, host, address, lookedUp, direct: proxyJump === undefined, files, paths });
  const keys = keySources(host, config, around, paths);
  const hostKeyAlias = first("hostkeyalias");

  return {
    ...subject,
    address,
    port,
    user,
    keys,
    pin: host.hostKey,
    knownHostsFiles: files.paths,
    hostKeyAlias,
    hostKeyRules: rules,
    proposal: proposalOf(subject, config),
    proxyJump,
    connectTimeoutMs: milliseconds(first("connecttimeout")),
    keepaliveIntervalMs: milliseconds(first("serveraliveinterval")),
    keepaliveCountMax: Number(first("serveralivecountmax")) || undefined,
    home,
    given: {
      alias,
      address: host.address?.replace(/^\[(.*)\]$/, "$1"),
      port: portSet,
      user: userSet,
      host,
    },
    proxyCommand,
    undecided: undecidedSetting(lookedUp, {
      hostname: host.address !== undefined,
      port: portSet !== undefined,
      user: userSet !== undefined,
      proxyjump: host.proxyJump !== undefined,
      proxycommand: host.proxyJump !== undefined,
    }),
    needsOpenSsh: needsOpenSsh({
      ...{ host, lookedUp, proxyCommand, rules, address, port, hostKeyAlias, home, env },
      ...keys,
      knownHostsFiles: files.paths,
    }),
  };
}

type Paths = (values: readonly string[]) => string[];

function keySources(host: Host, config: ConfigValues, { home, env }: Surroundings, paths: Paths): KeySources {
  const configured = config.get("identityfile");
  const inInventory = host.privateKey !== undefined || host.identityFile !== undefined;
  const identityFiles =
    host.privateKey !== undefined
      ? []
      : host.identityFile !== undefined
        ? [expandHome(host.identityFile, home)]
        : configured !== undefined
          ? paths(configured.filter((path) => path.toLowerCase() !== "none"))
          : defaultKeys.map((name) => join(home, ".ssh", name));
  const agentSet = host.agent ?? config.get("identityagent")?.[0] ?? true;
  const agent =
    agentSet === false || agentSet === "none"
      ? undefined
      : agentSet === true || agentSet === "SSH_AUTH_SOCK"
        ? env["SSH_AUTH_SOCK"]
        : /^\$\w+$/.test(agentSet)
          ? env[agentSet.slice(1)]
          : typeof host.agent === "string"
            ? expandHome(host.agent, home)
            : paths([agentSet])[0];
  return {
    privateKey: host.privateKey,
    passphrase: host.passphrase,
    identityFiles,
    namedBy: inInventory ? "inventory" : configured !== undefined ? "sshConfig" : "default",
    identitiesOnly: /^(yes|true)$/i.test(config.get("identitiesonly")?.[0] ?? ""),
    agentSocket: agent === "" ? undefined : agent,
    agentMissing: host.agent === true && !agent ? "the ssh agent (SSH_AUTH_SOCK is not set)" : undefined,
  };
}

function wayOf(
  host: Host,
  config: ConfigValues,
  tokens: Tokens,
): { proxyJump: string | undefined; proxyCommand: boolean } {
  const set = host.proxyJump ?? config.get("proxyjump")?.[0];
  const isSet = (value: string | undefined) => value !== undefined && value !== "" && value.toLowerCase() !== "none";
  return {
    proxyJump: isSet(set) ? expandTokens(set!, tokens) : undefined,
    proxyCommand: set === undefined && isSet(config.get("proxycommand")?.[0]),
  };
}

/** ssh2 runs no command. */
export function refuseForSsh2(target: Target): void {
  const { undecided } = target;
  if (target.proxyCommand) {
    throw failure(target, "invalidInput", {
      phase: "configure",
      message: "ssh_config sets a ProxyCommand for it, and commands are not run",
      remedies: [
        { do: "set proxyJump of the host in the inventory to the jump host" },
        { do: "set ProxyJump in ssh_config instead of the command" },
        letOpenSshConnect,
      ],
    });
  }
  // Another host or account may be the one that is meant.
  if (undecided !== undefined) {
    const { keyword, criterion } = undecided;
    throw failure(target, "invalidInput", {
      phase: "configure",
      message: `a Match ${criterion} of ssh_config sets ${keyword}, and this criterion is not evaluated`,
      remedies: [
        { do: `set ${keyword} above it for this host` },
        { do: `set ${inventoryField[keyword]} of ${nameOf(target)} in the inventory` },
        letOpenSshConnect,
      ],
    });
  }
}

const letOpenSshConnect: Remedy = {
  do: "let this computer's ssh command connect",
  commands: [{ command: "pulumi config set vm-placement:ssh openssh" }],
};

const secondsOf: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** ssh_config's times: seconds, or numbers with their units one after the other ("1m30s"). Zero and "none" say nothing. */
function milliseconds(text = ""): number | undefined {
  if (!/^(\d{1,9}[smhdw]?)+$/i.test(text) || text.length > 40) return undefined;
  const parts = [...text.matchAll(/(\d{1,9})([smhdw]?)/gi)];
  const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * secondsOf[unit!.toLowerCase()]!, 0);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function undecidedSetting({ undecided }: LookedUp, decided: Record<string, boolean>): Target["undecided"] {
  for (const keyword of undecidable) {
    const criterion = undecided.get(keyword.toLowerCase());
    if (criterion !== undefined && decided[keyword.toLowerCase()] !== true) return { keyword, criterion };
  }
  return undefined;
}

const undecidable = ["HostName", "Port", "User", "ProxyJump", "ProxyCommand"] as const;
type Undecidable = (typeof undecidable)[number];

const inventoryField: Record<Undecidable, string> = {
  HostName: "address",
  Port: "port",
  User: "user",
  ProxyJump: "proxyJump",
  ProxyCommand: "proxyJump",
};
