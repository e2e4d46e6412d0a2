/** An account needs libvirt's leave to use its system socket. */
import { readPeerUri } from "../peerUri";
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, oneBehindTheOther, onOneLine } from "../textMatch";
import { type FailureContext, peerOf, type StderrCause } from "./stderr";

export const peerSocketPermission: StderrCause = {
  stderr: oneBehindTheOther(/virt-ssh-helper: /i, /Permission denied|authentication|polkit/i),
  code: "socketPermission",
  remedies: (context) => allow(onPeer(context)),
};

/** By TLS and TCP libvirt's daemon may ask for a name and a password, or a Kerberos ticket, which a daemon on the source cannot give. */
export const peerSaslRefused: StderrCause = {
  stderr: /SASL\(-?\d{1,4}\)|(?:start|step) SASL negotiation|SASL client context/,
  code: "socketPermission",
  remedies: withoutSasl,
};

function withoutSasl({ source, destination, peerUri }: FailureContext): Remedy[] {
  return [
    {
      do: `${destination} asks for SASL: give root on ${source} the credentials of its account there, in /etc/libvirt/auth.conf`,
    },
    readPeerUri(peerUri ?? "")?.transport === "tls"
      ? {
          do: `set auth_tls = "none" in libvirtd.conf (or virtproxyd.conf) on ${destination}, where the certificates are enough`,
        }
      : { do: `set peerTransport of ${destination} in vm-placement:hosts to "tls" or "ssh"` },
  ];
}

export const socketPermission: StderrCause = {
  stderr: anyOf(
    /authentication (unavailable|failed|cancelled)/i,
    oneBehindTheOther(/failed to connect to the hypervisor/i, /authentication|polkit|Permission denied/i),
    onOneLine(/sock/i, /Permission denied/i),
    onOneLine(/\b(nc|netcat|ncat): /i, /Permission denied/),
  ),
  code: "socketPermission",
  remedies: (context, stderr) => {
    const account = hostOfSocket(context, stderr);
    const bySocket = (readPeerUri(context.peerUri ?? "")?.transport ?? "ssh") === "ssh";
    return bySocket || account.field === "user" ? allow(account) : withoutSasl(context);
  },
};

interface Account {
  host: string;
  user: string | undefined;
  /** Where the inventory names the account. */
  field: "user" | "peerUser";
}

/** virsh says first that it cannot connect to its own libvirt; without that it is the peer that answered. */
export function hostOfSocket(context: FailureContext, stderr: string): Account {
  return context.peerUri === undefined || /failed to connect to the hypervisor/i.test(stderr)
    ? { host: context.source, user: context.sourceUser, field: "user" }
    : onPeer(context);
}

function onPeer(context: FailureContext): Account {
  return { host: context.destination, user: peerOf(context).user, field: "peerUser" };
}

function allow({ host, user, field }: Account): Remedy[] {
  return [
    {
      do: `${user ?? "the account"} on ${host} may not use libvirt's system socket: add it to the group libvirt, as root there (takes effect at the next login)`,
      commands: [{ host, command: commandLine`usermod -aG libvirt ${user ?? "ACCOUNT"}` }],
    },
    { do: `set ${field} of ${host} to root` },
    ...(field === "user"
      ? [{ do: `set sudo: true of ${host}, where the account may use sudo without a password` }]
      : []),
  ];
}
