import { cleanLine } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import { type Phase, PlacementError } from "../core/errors";

/** Whose connection failed: a host, or a jump host on the way to it. */
export interface Subject {
  /** The host that was asked for, by its inventory name. */
  host: string;
  /** The name of the jump host, where it is one that failed. */
  hop?: string | undefined;
}

/** The jump host is named in the reason, which stays when a caller says more of what was being done. */
export function failure(
  subject: Subject,
  code: ErrorCode,
  why: string,
  next: string,
  { cause, phase = "connect", what }: { cause?: unknown; phase?: Phase; what?: string } = {},
): PlacementError {
  return new PlacementError({
    code,
    phase,
    action: what ?? `cannot connect to ${subject.host}`,
    message: subject.hop === undefined ? why : `jump host ${subject.hop}: ${why}`,
    remedies: [{ do: next }],
    host: subject.host,
    ...(cause !== undefined && { cause }),
  });
}

/** How to set a field of a host in the stack's configuration: `vm-placement:hosts.kvm-a.hostKey`, quoted for a shell. */
export function configPath(subject: Subject, field: string): string {
  const name = subject.hop ?? subject.host;
  return `'vm-placement:hosts${/^[\w-]+$/.test(name) ? `.${name}` : `["${name}"]`}.${field}'`;
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
