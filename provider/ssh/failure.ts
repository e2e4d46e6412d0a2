import { cleanLine } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import { type Phase, PlacementError } from "../core/errors";
import type { Remedy } from "../core/problem";
import { commandLine } from "../core/shownCommand";

/** Whose connection failed: a host, or a jump host on the way to it. */
export interface Subject {
  /** The host that was asked for, by its inventory name. */
  host: string;
  /** The name of the jump host, where it is one that failed. */
  hop?: string | undefined;
}

/** What failed, and what to do about it. */
export interface Fault {
  message: string;
  /** Any one of them helps. */
  remedies: Remedy[];
}

interface Circumstances {
  /** Default: "connect". */
  phase?: Phase;
  /** What could not be done. Default: the connection. */
  action?: string;
  cause?: unknown;
}

/** The jump host is named in the message, which stays when a caller says more of what was being done. */
export function failure(
  subject: Subject,
  code: ErrorCode,
  { message, remedies, phase = "connect", action, cause }: Fault & Circumstances,
): PlacementError {
  return new PlacementError({
    code,
    phase,
    action: action ?? `cannot connect to ${subject.host}`,
    message: subject.hop === undefined ? message : `jump host ${subject.hop}: ${message}`,
    remedies,
    host: subject.host,
    ...(cause !== undefined && { cause }),
  });
}

/** The name of the host itself: where its commands are run. */
export function nameOf({ host, hop }: Subject): string {
  return hop ?? host;
}

/** How to set a field of a host in the stack's configuration: `vm-placement:hosts.kvm-a.hostKey`, quoted for a shell. */
function configPath(subject: Subject, field: string): string {
  const name = nameOf(subject);
  if (/^[\w-]+$/.test(name)) return `'vm-placement:hosts.${name}.${field}'`;
  return commandLine`${`vm-placement:hosts[${JSON.stringify(name)}].${field}`}`;
}

/** The command that sets a field of the host in the inventory. */
export function setField(subject: Subject, field: string, value: string): { command: string } {
  return { command: `pulumi config set --path ${configPath(subject, field)} ${value}` };
}

/** Pulumi reads the secret's text from its standard input, or asks for it. */
export function setSecret(subject: Subject, field: string, from = ""): { command: string } {
  return { command: `pulumi config set --secret --path ${configPath(subject, field)}${from}` };
}

/** An update asks the hosts before it acts. */
export function runAgain(because: string): Remedy {
  return { do: `${because}: run it again, it looks before it acts`, commands: [{ command: "pulumi up" }] };
}

/** What ssh2 and node say has some words; anybody on the way can have ssh2 say 32 KB before a host key was looked at. */
const maxWords = 300;

/** The words of an error, one line, without the stack, as they may be shown: an ssh server chooses some of them itself. */
export function words(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return cleanLine([...new Set(error.errors.map(words))].join(", "));
  }
  const text = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  return cleanLine(text.split("\n", 1)[0]!, maxWords);
}
