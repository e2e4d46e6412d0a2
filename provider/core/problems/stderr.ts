/** What libvirt and ssh print when a migration fails: the cause that it tells, and what to do about it. */
import { type DaemonsByHost, logCommand, nameOfDaemon } from "../daemons";
import { sshDestination } from "../destination";
import type { ErrorCode } from "../errorCodes";
import { readPeerUri } from "../peerUri";
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import type { TextMatch } from "../textMatch";

/** Names for the remedies; what is not known reads as a placeholder. */
export interface FailureContext {
  domain: string;
  source: string;
  destination: string;
  /** The account that runs virsh on the source. */
  sourceUser?: string;
  /** Only in a migration, in which libvirt on the source asks libvirt on the destination. */
  peerUri?: string;
  /** The destination's host key, as it stands in a .pub file. */
  peerHostKey?: string;
  /** The public key of root on the source; empty where it has none. */
  rootKey?: string;
  /** Of libvirt, as far as the hosts were asked. */
  daemons?: DaemonsByHost;
}

/** Texts as libvirt 9.0.0 to 11.3.0 print them. */
export interface StderrCause {
  stderr: TextMatch;
  code: ErrorCode;
  /** Its remedies name a daemon of libvirt's: it is worth asking the hosts which they have. */
  namesDaemons?: true;
  remedies(context: FailureContext, stderr: string): Remedy[];
}

/** The destination, as libvirt on the source reaches it. */
export function peerOf({ peerUri, destination }: Pick<FailureContext, "destination" | "peerUri">): {
  user: string | undefined;
  address: string;
  /** undefined: whichever ssh takes there, the one of its configuration or 22. */
  port: string | undefined;
  /** The private key that ssh there uses; undefined: those of its configuration. */
  keyfile: string | undefined;
  /** The directory of its certificates; undefined: libvirt's own. */
  pkipath: string | undefined;
  /** Its name in known_hosts. */
  filedAs: string;
} {
  const peer = readPeerUri(peerUri ?? "");
  const named = sshDestination(destination);
  const address = peer?.address ?? named.host;
  const port = peer === undefined ? named.port?.toString() : peer.port;
  return {
    user: peer === undefined ? named.user : peer.user,
    address,
    port,
    keyfile: peer?.keyfile,
    pkipath: peer?.pkipath,
    filedAs: port === undefined || port === "22" ? address : `[${address}]:${port}`,
  };
}

/** Of a login by hand as libvirt makes it: " -i KEY -p PORT", each only where the URI has it. */
export function sshOptions(context: Pick<FailureContext, "destination" | "peerUri">): string {
  const { port, keyfile } = peerOf(context);
  return (keyfile === undefined ? "" : commandLine` -i ${keyfile}`) + (port === undefined ? "" : ` -p ${port}`);
}

/** What stands behind `open` and before `close` on one line: undefined where it does not stand in the text, or is longer than any path. */
export function between(stderr: string, open: string, close = "'"): string | undefined {
  const at = stderr.indexOf(open);
  if (at < 0) return undefined;
  const from = at + open.length;
  const [line = ""] = stderr.slice(from, from + longest).split("\n", 1);
  const end = line.indexOf(close);
  return end < 1 ? undefined : line.slice(0, end);
}

const longest = 4097;

/** Where no cause is known. */
export function readTheLogs({ domain, source, destination, daemons }: FailureContext): Remedy[] {
  const tail = commandLine`tail -n 50 ${`/var/log/libvirt/qemu/${domain}.log`}`;
  return [
    {
      do: `read the log of ${nameOfDaemon(daemons?.[source])} on the source, and QEMU's on both hosts`,
      commands: [
        logCommand(source, daemons?.[source]),
        { host: source, command: tail },
        { host: destination, command: tail },
      ],
    },
  ];
}
