/** Why a host is not reached, or lets nobody in. */
import type { PlacementError } from "../core/errors";
import type { Remedy } from "../core/problem";
import { commandLine } from "../core/shownCommand";
import type { Offer } from "./credentials";
import { hostAndPort } from "../core/destination";
import { type Fault, failure, nameOf, words } from "./failure";
import { letOpenSshConnect } from "./ssh2-limits";
import type { Target } from "./target";

/** Without remedies of its own: see whether ssh reaches it. */
export function unreachable(
  target: Target,
  { message, remedies }: Partial<Fault> & Pick<Fault, "message">,
  cause?: unknown,
): PlacementError {
  const { address, port } = target;
  return failure(target, "hostUnreachable", {
    message: `${hostAndPort(address, port)}: ${message}`,
    remedies: remedies ?? [tryIt(target)],
    cause,
  });
}

export function tryIt({ address, port, user }: Target): Remedy {
  return {
    do: "see that the host is up and that this computer may reach it",
    commands: [{ command: commandLine`ssh -p ${port} ${`${user}@${address}`}` }],
  };
}

export function handshakeFault(error: Error): Partial<Fault> & Pick<Fault, "message"> {
  return /no matching/.test(error.message)
    ? {
        message: `no common way to talk ssh (${words(error)})`,
        remedies: [{ do: "update sshd there" }, { do: "allow one of ssh's current algorithms in its sshd_config" }],
      }
    : { message: `the ssh handshake failed: ${words(error)}` };
}

/** What was tried, and what the host said to it. */
interface Refused {
  tried: readonly Pick<Offer, "label">[];
  skipped: readonly string[];
  /** What the host takes. */
  methods: readonly string[];
  /** The host took a key and wants something else besides. */
  partial: boolean;
  said: string | undefined;
  /** A user certificate belongs to its key, and ssh2 offers none. */
  certificateLeft?: boolean;
}

export function authRefused(target: Target, refused: Refused): PlacementError {
  const { tried, skipped, methods, said } = refused;
  const who = `${target.user}@${hostAndPort(target.address, target.port)}`;
  const labels = tried.map(({ label }) => label);
  const outcome =
    (labels.length > 0 ? "rejected every key offered" : "wants a key, and none was offered") +
    (said === undefined ? "" : ` (${said})`) +
    (labels.length > 0 ? `: ${labels.join(", ")}` : "");
  const left = skipped.length > 0 ? `; not offered: ${skipped.join(", ")}` : "";
  const wants = takesKeys(methods) ? "" : `; the host takes ${methods.join(", ")} only`;
  return failure(target, "authRefused", {
    message: `${who} ${outcome}${left}${wants}${refused.certificateLeft ? "; user certificates need openssh" : ""}`,
    remedies: remediesFor(target, refused),
  });
}

function remediesFor(target: Target, refused: Refused): Remedy[] {
  return [...(refused.certificateLeft ? [letOpenSshConnect] : []), ...remediesForKeys(target, refused)];
}

function remediesForKeys(target: Target, { tried, methods, partial, said }: Refused): Remedy[] {
  const name = nameOf(target);
  const { user } = target;
  if (partial) return [{ do: "the host wants a second factor besides the key; let this account in with a key alone" }];
  if (said !== undefined && tried.length > 1) {
    return [
      { do: `offer fewer keys (MaxAuthTries of the host): set agent: false and identityFile of ${name}` },
      { do: "set IdentitiesOnly yes in ssh_config" },
    ];
  }
  if (!takesKeys(methods)) {
    return [{ do: "set PubkeyAuthentication yes in its sshd_config: passwords are not used here" }];
  }
  if (tried.length === 0) {
    return [
      { do: `set identityFile or privateKey of ${name} in the inventory` },
      { do: "set IdentityFile in ssh_config" },
      { do: "load a key into the ssh agent", commands: [{ command: "ssh-add FILE" }] },
    ];
  }
  return [
    { do: `add the public key of one of them to ~/.ssh/authorized_keys of ${user} on ${name}` },
    { do: `set user and identityFile of ${name} in the inventory` },
  ];
}

/** Not known before the host was asked. */
const takesKeys = (methods: readonly string[]) => methods.length === 0 || methods.includes("publickey");
