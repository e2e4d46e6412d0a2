/** What ssh_config asks for that ssh2 does not do, and without which it would not be the host or the account that is meant. */
import { isIP } from "node:net";
import type { Remedy } from "../core/problem";
import { failure, nameOf, type Subject } from "./failure";
import type { ConfigValues, LookedUp } from "./lookup";

export interface Ssh2Limits {
  /** ssh_config has a ProxyCommand, and no jump host stands before it. */
  proxyCommand: boolean;
  /** What a Match of ssh_config sets by a criterion that is not evaluated here, such as `exec`. */
  undecided: { keyword: Undecidable; criterion: string } | undefined;
  /** A setting and its value that ssh2 has no equal for. */
  unsupported: string | undefined;
}

/** ssh2 runs no command. */
export function refuseForSsh2(target: Subject & Ssh2Limits): void {
  const { undecided, unsupported } = target;
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
    const field = inventoryField[keyword];
    throw failure(target, "invalidInput", {
      phase: "configure",
      message: `a Match ${criterion} of ssh_config sets ${keyword}, and this criterion is not evaluated`,
      remedies: [
        // Of these ssh takes every line, not the first one.
        ...(keyword === "IdentityFile" ? [] : [{ do: `set ${keyword} above it for this host` }]),
        ...(field === undefined ? [] : [{ do: `set ${field} of ${nameOf(target)} in the inventory` }]),
        letOpenSshConnect,
      ],
    });
  }
  if (unsupported !== undefined) {
    throw failure(target, "invalidInput", {
      phase: "configure",
      message: `ssh_config sets ${unsupported} for it, which ssh2 does not do`,
      remedies: [{ do: "take the setting out of ssh_config for this host" }, letOpenSshConnect],
    });
  }
}

export const letOpenSshConnect: Remedy = {
  do: "let this computer's ssh command connect",
  commands: [{ command: "pulumi config set vm-placement:ssh openssh" }],
};

/** `decided`: keywords that something before ssh_config decides. */
export function undecidedSetting({ undecided }: LookedUp, decided: Record<string, boolean>): Ssh2Limits["undecided"] {
  for (const keyword of undecidable) {
    const criterion = undecided.get(keyword.toLowerCase());
    if (criterion !== undefined && decided[keyword.toLowerCase()] !== true) return { keyword, criterion };
  }
  return undefined;
}

/** `direct`: no jump host and no command stands before the host. */
export function unsupportedSetting(config: ConfigValues, direct: boolean, address: string): string | undefined {
  const first = (keyword: string) => config.get(keyword)?.[0];
  const family = first("addressfamily") ?? "any";
  const version = isIP(address);
  // node connects to an address whatever its family.
  if (direct && version !== 0 && familyOf(family) !== undefined && familyOf(family) !== version) {
    return `AddressFamily ${family}`;
  }
  const device = first("bindinterface");
  if (direct && device !== undefined) return `BindInterface ${device}`;
  const publicKey = first("pubkeyauthentication") ?? "yes";
  if (/^(no|false)$/i.test(publicKey)) return `PubkeyAuthentication ${publicKey}`;
  const preferred = first("preferredauthentications");
  if (preferred !== undefined && !preferred.split(",").includes("publickey")) {
    return `PreferredAuthentications ${preferred}`;
  }
  return undefined;
}

/** AddressFamily; undefined: both. */
export function familyOf(family: string | undefined): 4 | 6 | undefined {
  const name = family?.toLowerCase();
  return name === "inet" ? 4 : name === "inet6" ? 6 : undefined;
}

/** What decides the way, the account and the keys, with the field of the inventory that decides it before ssh_config. */
const inventoryField = {
  HostName: "address",
  Port: "port",
  User: "user",
  ProxyJump: "proxyJump",
  ProxyCommand: "proxyJump",
  AddressFamily: undefined,
  BindAddress: undefined,
  BindInterface: undefined,
  IdentityFile: "identityFile",
  IdentityAgent: "agent",
} as const;
type Undecidable = keyof typeof inventoryField;
const undecidable = Object.keys(inventoryField) as Undecidable[];
