import type { Timing } from "../attempt";
import { expandHome } from "../expand";
import type { Target } from "../target";
import { quoted } from "./quoted";

/**
 * Seconds after which a master ends that nobody is connected to: it must not outlive this process, which the Pulumi engine ends without a
 * warning.
 */
const persistSeconds = 10;

/**
 * What holds whatever the user's configuration says: the first value counts, and these come before it. No key is accepted that is not known
 * or pinned, nothing asks a person, nothing but the connection is made, and no master of the user's is used, whose host key nobody here saw.
 */
const always: readonly string[] = [
  "StrictHostKeyChecking=yes",
  "NoHostAuthenticationForLocalhost=no",
  "VerifyHostKeyDNS=no",
  "UpdateHostKeys=no",
  "BatchMode=yes",
  "ControlMaster=yes",
  `ControlPersist=${persistSeconds}`,
  "AddKeysToAgent=no",
  "ClearAllForwardings=yes",
  "ExitOnForwardFailure=no",
  "ForkAfterAuthentication=no",
  "ForwardAgent=no",
  "ForwardX11=no",
  "PermitLocalCommand=no",
  "RemoteCommand=none",
  "RequestTTY=no",
  "SessionType=none",
  "Tunnel=no",
];

interface MasterSettings {
  /** The socket that the master is to listen on. */
  socketPath: string;
  /** The file that stands for all of ssh_config; undefined: the user's and the system's. */
  configFile: string | undefined;
  timing: Timing;
  /** How the target is reached, where that is by a jump host of ours. */
  proxyCommand: string | undefined;
  /** An agent of ours that holds the inventory's key. */
  agentSocket: string | undefined;
  /** Options for a pinned host key. */
  pin: readonly string[];
}

/** The command line of the master connection to a target. Everybody on this computer can read it: it has no secret. */
export function masterArguments(target: Target, settings: MasterSettings): string[] {
  const { given } = target;
  const { timing } = settings;
  const seconds = (ms: number) => Math.max(1, Math.ceil(ms / 1000));
  const options = [
    ...always,
    `ControlPath=${quoted(settings.socketPath)}`,
    `ConnectTimeout=${seconds(target.connectTimeoutMs ?? timing.connectTimeoutMs)}`,
    `ServerAliveInterval=${seconds(target.keepaliveIntervalMs ?? timing.keepaliveIntervalMs)}`,
    `ServerAliveCountMax=${target.keepaliveCountMax ?? timing.keepaliveCountMax}`,
    ...(given.address === undefined ? [] : [`HostName=${quoted(given.address)}`]),
    ...(given.port === undefined ? [] : [`Port=${given.port}`]),
    ...(given.user === undefined ? [] : [`User=${quoted(given.user).replace(/%%/g, "%")}`]),
    ...way(target, settings.proxyCommand),
    ...keys(target, settings.agentSocket),
    ...knownHosts(target, settings.pin),
  ];
  return [
    // -v: the master's words stay readable after it went to the background.
    ...["-v", "-N", "-T"],
    ...(settings.configFile === undefined ? [] : ["-F", settings.configFile]),
    ...options.flatMap((option) => ["-o", option]),
    "--",
    given.alias,
  ];
}

/** A connection through a master's: without any configuration, and if the master is not there, nowhere. */
export function throughMaster(ssh: string, socketPath: string): string {
  const shellWord = (text: string) => `'${text.replace(/%/g, "%%").replace(/'/g, `'\\''`)}'`;
  const options = ["BatchMode=yes", "ControlMaster=no", "ProxyCommand=false", "LogLevel=ERROR"].map(
    (each) => `-o ${each}`,
  );
  return `${shellWord(ssh)} -F none -S ${shellWord(socketPath)} ${options.join(" ")} -W [%h]:%p -- jump`;
}

function way({ given: { host } }: Target, proxyCommand: string | undefined): string[] {
  if (proxyCommand !== undefined) return [`ProxyCommand=${proxyCommand}`, "ProxyUseFdpass=no"];
  // It leaves out a ProxyJump behind it as well; ProxyJump=none leaves a ProxyCommand in (measured with OpenSSH 9.2).
  return host.proxyJump === undefined ? [] : ["ProxyCommand=none"];
}

function keys({ given: { host }, home }: Target, agentSocket: string | undefined): string[] {
  if (agentSocket !== undefined) {
    return [`IdentityAgent=${quoted(agentSocket)}`, "IdentitiesOnly=no", "IdentityFile=none"];
  }
  const agent =
    host.agent === undefined
      ? undefined
      : host.agent === true
        ? "SSH_AUTH_SOCK"
        : host.agent === false
          ? "none"
          : quoted(expandHome(host.agent, home));
  return [
    ...(agent === undefined ? [] : [`IdentityAgent=${agent}`]),
    // ssh offers the agent's keys before a file's, and hosts close the connection after a few wrong ones.
    ...(host.identityFile === undefined
      ? []
      : [`IdentityFile=${quoted(expandHome(host.identityFile, home))}`, "IdentitiesOnly=yes"]),
  ];
}

/** The inventory's knownHostsFile stands for all that ssh_config says about where known keys are. */
function knownHosts({ given: { host }, home }: Target, pin: readonly string[]): readonly string[] {
  if (host.hostKey !== undefined) return pin;
  if (host.knownHostsFile === undefined) return [];
  return [
    `UserKnownHostsFile=${quoted(expandHome(host.knownHostsFile, home))}`,
    "GlobalKnownHostsFile=none",
    "KnownHostsCommand=none",
  ];
}
