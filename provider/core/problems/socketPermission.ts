/** An account needs libvirt's leave to use its system socket. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { anyOf, oneBehindTheOther, onOneLine } from "../textMatch";
import { type FailureContext, peerOf, type StderrCause } from "./stderr";

export const peerSocketPermission: StderrCause = {
  stderr: oneBehindTheOther(/virt-ssh-helper: /i, /Permission denied|authentication|polkit/i),
  code: "socketPermission",
  remedies: (context) => allow(onPeer(context)),
};

export const socketPermission: StderrCause = {
  stderr: anyOf(
    /authentication (unavailable|failed|cancelled)/i,
    oneBehindTheOther(/failed to connect to the hypervisor/i, /authentication|polkit|Permission denied/i),
    onOneLine(/sock/i, /Permission denied/i),
    onOneLine(/\b(nc|netcat|ncat): /i, /Permission denied/),
  ),
  code: "socketPermission",
  remedies: (context, stderr) => allow(hostOfSocket(context, stderr)),
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
  ];
}
