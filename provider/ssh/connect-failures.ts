/** Why a host is not reached, or accepts no login. */
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

/** As ssh itself reads ssh_config: the name it knows there, and what the inventory or the destination says besides. */
export function tryIt(target: Target): Remedy {
  const { address, port, user, given } = target;
  const login = `${user}@${given.address === undefined ? given.alias : address}`;
  // What ssh_config has for the name, ssh does not find by the address.
  const shownPort = given.port ?? (given.address !== undefined && port !== 22 ? port : undefined);
  const jump = jumpOf(target);
  const options = [
    ...(jump === undefined ? [] : [commandLine` -J ${jump}`]),
    ...(shownPort === undefined ? [] : [commandLine` -p ${shownPort}`]),
  ].join("");
  return {
    do: "see that the host is up and that this computer may reach it",
    commands: [{ command: `ssh${options}${commandLine` ${login}`}` }],
  };
}

/** The jump hosts that ssh has to be told of; undefined where it knows of them, or where there are none. */
function jumpOf({ given, via = [] }: Target): string | undefined {
  if (given.address === undefined && given.host.proxyJump === undefined) return undefined;
  if (via.length === 0) return given.host.proxyJump === "none" && given.address === undefined ? "none" : undefined;
  return via.map(asJumpHost).join(",");
}

function asJumpHost({ given, address, port, user }: Target): string {
  if (given.address !== undefined) return `${user}@${hostAndPort(address, port)}`;
  const name = given.alias.includes(":") ? `[${given.alias}]` : given.alias;
  return `${given.user === undefined ? "" : `${given.user}@`}${name}${given.port === undefined ? "" : `:${given.port}`}`;
}

/** A jump host made no connection to the target. `prohibited`: its sshd does not allow it. */
export function notForwarded(
  target: Target,
  hop: Target,
  { prohibited, words }: { prohibited: boolean; words: string },
): PlacementError {
  const { address, port } = target;
  const [at, to] = [hop.hop ?? hop.host, hostAndPort(address, port)];
  const from = `not reached from jump host ${at}: ${words}`;
  if (!prohibited) {
    return unreachable(target, {
      message: from,
      remedies: [
        {
          do: `see that its sshd runs, and that ${at} resolves its name and may reach it`,
          commands: [{ host: at, command: commandLine`nc -vz ${address} ${port}` }],
        },
      ],
    });
  }
  return unreachable(target, {
    message: `${from}; its sshd does not let ${hop.user} connect on to ${to} (AllowTcpForwarding no, DisableForwarding yes or PermitOpen in its sshd_config; restrict, no-port-forwarding or permitopen= of the key)`,
    remedies: [
      {
        do: `on jump host ${at}, allow ${hop.user} to forward to ${to}: AllowTcpForwarding yes (or local), with PermitOpen any or that address, in sshd_config; no restrict and no-port-forwarding at its key`,
        commands: [
          {
            host: at,
            command:
              "grep -rniE 'allowtcpforwarding|disableforwarding|permitopen' /etc/ssh/sshd_config /etc/ssh/sshd_config.d",
          },
          { host: at, command: commandLine`cat ~${hop.user}/.ssh/authorized_keys` },
        ],
      },
      { do: `set proxyJump of ${nameOf(target)} to a jump host that forwards` },
    ],
  });
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
  /** It closed the connection in the middle of the login, and did not say why. */
  closed?: boolean;
  /** A user certificate belongs to its key, and ssh2 offers none. */
  certificateLeft?: boolean;
  /** ssh would offer a key in a security key, too. */
  securityKeyLeft?: boolean;
}

export function authRefused(target: Target, refused: Refused): PlacementError {
  const { tried, skipped, methods, said } = refused;
  const who = `${target.user}@${hostAndPort(target.address, target.port)}`;
  const labels = tried.map(({ label }) => label);
  const shown = labels.join(", ");
  const outcome = refused.closed
    ? `closed the connection in the middle of the login, and did not say why${shown && ` (offered: ${shown})`}`
    : (labels.length > 0 ? "rejected every key offered" : "wants a key, and none was offered") +
      (said === undefined ? "" : ` (${said})`) +
      (shown && `: ${shown}`);
  const left = skipped.length > 0 ? `; not offered: ${skipped.join(", ")}` : "";
  const wants = takesKeys(methods) ? "" : `; the host takes ${methods.join(", ")} only`;
  return failure(target, "authRefused", {
    message: `${who} ${outcome}${left}${wants}${refused.certificateLeft ? "; user certificates need openssh" : ""}`,
    remedies: remediesFor(target, refused),
  });
}

function remediesFor(target: Target, refused: Refused): Remedy[] {
  return [
    ...(refused.certificateLeft || refused.securityKeyLeft ? [letOpenSshConnect] : []),
    ...remediesForKeys(target, refused),
  ];
}

function remediesForKeys(target: Target, { tried, methods, partial, said, closed }: Refused): Remedy[] {
  const name = nameOf(target);
  const { user } = target;
  if (closed) return closedRemedies(target, tried.length);
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

/** sshd says why only in its log: its patience is over, PAM does not let the account in, or it was ended. */
function closedRemedies(target: Target, offered: number): Remedy[] {
  const host = nameOf(target);
  return [
    ...(offered > 1
      ? [{ do: `offer fewer keys (MaxAuthTries of the host): set agent: false and identityFile of ${host}` }]
      : []),
    {
      do: `see in the log of sshd why it did (PAM may keep ${target.user} out: pam_access, an expired account, a host that starts)`,
      commands: [{ host, command: "journalctl -u ssh -u sshd -n 50" }],
    },
    {
      do: `if the login takes longer than LoginGraceTime of its sshd_config (default 120 s), raise it, or let the ssh agent answer sooner`,
    },
  ];
}

/** Not known before the host was asked. */
const takesKeys = (methods: readonly string[]) => methods.length === 0 || methods.includes("publickey");
