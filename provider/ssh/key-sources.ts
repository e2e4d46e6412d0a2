import { join } from "node:path";
import type { Host } from "../core/model";
import { expandHome } from "./expand";
import { failure, type Subject } from "./failure";
import { assembleAlgorithms } from "./host-key-algorithms";
import { isYes } from "./config-values";
import type { ConfigValues } from "./lookup";

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
  /** PubkeyAcceptedAlgorithms: signature algorithms with which keys may be offered. */
  accepted: readonly string[];
}

/** Expands the path of a keyword, or throws. */
export type ExpandPath = (keyword: string, path: string) => string;

/**
 * In ssh's order, as MaxAuthTries of a host counts. What is in a security key is tried by the system's ssh only; this layer never uses id_xmss
 * and id_dsa.
 */
const defaultKeys = ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"];

export function keySources(
  subject: Subject,
  host: Host,
  config: ConfigValues,
  { home, env }: { home: string; env: NodeJS.ProcessEnv },
  expand: ExpandPath,
): KeySources {
  const configured = config.get("identityfile")?.filter((path) => path.toLowerCase() !== "none");
  const inInventory = host.privateKey !== undefined || host.identityFile !== undefined;
  const identityFiles =
    host.privateKey !== undefined
      ? []
      : host.identityFile !== undefined
        ? [expandHome(host.identityFile, home)]
        : (configured?.map((path) => expand("IdentityFile", path)) ??
          defaultKeys.map((name) => join(home, ".ssh", name)));
  const agent = agentOf(host, config, { home, env }, expand);
  return {
    privateKey: host.privateKey,
    passphrase: host.passphrase,
    identityFiles,
    namedBy: inInventory ? "inventory" : configured !== undefined ? "sshConfig" : "default",
    identitiesOnly: isYes(config.get("identitiesonly")?.[0]),
    agentSocket: agent === "" ? undefined : agent,
    agentMissing: host.agent === true && !agent ? "the ssh agent (SSH_AUTH_SOCK is not set)" : undefined,
    accepted: acceptedAlgorithms(subject, config.get("pubkeyacceptedalgorithms")?.[0]),
  };
}

function agentOf(
  host: Host,
  config: ConfigValues,
  { home, env }: { home: string; env: NodeJS.ProcessEnv },
  expand: ExpandPath,
): string | undefined {
  if (typeof host.agent === "string") return expandHome(host.agent, home);
  if (host.agent === false) return undefined;
  const set = host.agent === true ? "SSH_AUTH_SOCK" : (config.get("identityagent")?.[0] ?? "SSH_AUTH_SOCK");
  if (set === "none") return undefined;
  if (set === "SSH_AUTH_SOCK") return env[set];
  return /^\$\w+$/.test(set) ? env[set.slice(1)] : expand("IdentityAgent", set);
}

function acceptedAlgorithms(subject: Subject, value: string | undefined): string[] {
  const assembled = assembleAlgorithms(value);
  if (assembled !== undefined) return assembled;
  throw failure(subject, "invalidInput", {
    phase: "configure",
    message: `ssh_config has PubkeyAcceptedAlgorithms ${value?.slice(0, 100)}, which is not understood`,
    remedies: [
      { do: "fix PubkeyAcceptedAlgorithms: the manual has its values", commands: [{ command: "man ssh_config" }] },
    ],
  });
}
