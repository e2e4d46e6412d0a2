import { clean, cleanLine } from "./clean";
import type { DomainView } from "./domain";
import type { ErrorCode } from "./errorCodes";
import type { Problem } from "./problem";

/** Where in the flow something failed. */
export type Phase =
  "check" | "configure" | "connect" | "observe" | "decide" | "preflight" | "migrate" | "watch" | "verify";

export interface ErrorFacts {
  code: ErrorCode;
  phase: Phase;
  /** What could not be done: "cannot move db-01 from kvm-a to kvm-b". */
  what: string;
  /** Why, in words; libvirt's own words trimmed to what matters. */
  why: string;
  /** What to do next. */
  next: string;
  host?: string;
  domain?: string;
  /** What `why` and `next` were made of, where that is known as data. */
  problems?: readonly Problem[];
  /** Where the VM was seen after the failure; absent where nothing was seen. */
  seen?: DomainView;
  cause?: unknown;
}

/** Room for the reasons of many hosts at once. */
const maxText = 8192;

/**
 * The one error class. Its message stands alone: Pulumi shows it without any context.
 *
 * What hosts say is cleaned where it comes in. Names and paths are not, since commands are made of them, nor is what is not known to
 * come from outside (a file's path, node's words): here all of it becomes text, so it is cleaned here too.
 *
 * @example
 * cannot move db-01 from kvm-a to kvm-b (migrate, on kvm-a): Unsafe migration: Migration without shared storage is unsafe
 *   What to do: put the disk vda on storage that both hosts see, or set migration.copyStorage: "all". [unsafeStorage]
 */
export class PlacementError extends Error {
  readonly code: ErrorCode;
  readonly phase: Phase;
  readonly why: string;
  readonly next: string;
  readonly host: string | undefined;
  readonly domain: string | undefined;

  readonly facts: ErrorFacts;

  constructor(raw: ErrorFacts) {
    const facts = cleaned(raw);
    super(errorText(facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.facts = facts;
    this.name = "PlacementError";
    this.code = facts.code;
    this.phase = facts.phase;
    this.why = facts.why;
    this.next = facts.next;
    this.host = facts.host;
    this.domain = facts.domain;
  }

  /** The same failure, told by a caller who knows more of what was being done. */
  with(facts: Partial<ErrorFacts>): PlacementError {
    return new PlacementError({ ...this.facts, ...facts });
  }
}

function cleaned(facts: ErrorFacts): ErrorFacts {
  const { what, why, next } = facts;
  return { ...facts, what: cleanLine(what), why: clean(why, maxText), next: clean(next, maxText) };
}

function errorText(facts: ErrorFacts): string {
  const where = facts.host === undefined ? facts.phase : `${facts.phase}, on ${cleanLine(facts.host)}`;
  return `${facts.what} (${where}): ${facts.why}\n  What to do: ${facts.next} [${facts.code}]`;
}
