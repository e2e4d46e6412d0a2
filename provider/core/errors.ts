import { clean, cleanLine, cleanValues } from "./clean";
import type { DomainView } from "./domain";
import type { ErrorCode } from "./errorCodes";
import { type Problem, renderAdvice, withCaution } from "./problem";

/** Where in the flow something failed. */
export type Phase =
  "check" | "configure" | "connect" | "observe" | "decide" | "preflight" | "migrate" | "watch" | "cancel" | "verify";

/** A problem that ended what was being done. */
export interface Failure extends Omit<Problem, "severity" | "rule"> {
  phase: Phase;
  /** What could not be done: "cannot move db-01 from kvm-a to kvm-b". */
  action: string;
  /** What it was made of, where that is more than one: each needs one of its own remedies. */
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
  /** Cleaned: as it may be shown and kept. */
  readonly problem: Failure;

  constructor(failure: Failure) {
    const problem = cleaned(failure);
    super(renderFailure(problem), problem.cause === undefined ? undefined : { cause: problem.cause });
    this.problem = problem;
    this.name = "PlacementError";
  }

  get code(): ErrorCode {
    return this.problem.code;
  }

  get phase(): Phase {
    return this.problem.phase;
  }

  get host(): string | undefined {
    return this.problem.host;
  }

  get domain(): string | undefined {
    return this.problem.domain;
  }

  /** The problem as data, for `pulumi up --debug` and for tools. */
  toJSON(): Omit<Failure, "cause"> {
    const { cause: _, ...problem } = this.problem;
    return problem;
  }

  /** The same failure, told by a caller who knows more of what was being done. */
  with(failure: Partial<Failure>): PlacementError {
    return new PlacementError({ ...this.problem, ...failure });
  }
}

function cleaned(failure: Failure): Failure {
  const { action, message, first, remedies, caution } = failure;
  return {
    ...failure,
    action: cleanLine(action),
    message: clean(message, maxText),
    remedies: cleanValues(remedies, maxText),
    ...(first !== undefined && { first: clean(first, maxText) }),
    ...(caution !== undefined && { caution: clean(caution, maxText) }),
  };
}

function renderFailure({ action, phase, host, message, first, remedies, problems, caution, code }: Failure): string {
  const where = host === undefined ? phase : `${phase}, on ${cleanLine(host)}`;
  const own = { remedies, ...(first !== undefined && { first }) };
  const each = new Set((problems ?? [own]).map((problem) => renderAdvice(problem)));
  const toDo = withCaution([...each].join("; "), caution);
  return `${action} (${where}): ${message}\n  What to do: ${clean(toDo, maxText)} [${code}]`;
}
