/** Blockers and warnings of a move, each with its remedies, as data. One function renders them. */
import type { ErrorCode } from "./errorCodes";

export interface Command {
  /** Where it is to be run; absent: on this computer. */
  host?: string;
  /** As it is typed, quoted; without backticks. */
  command: string;
}

/** One thing that solves a problem. */
export interface Remedy {
  /** The whole of it in words where no command does it, else what the commands are for. */
  do: string;
  /** To be run one after the other. */
  commands?: Command[];
  /** What is lost by it; absent: nothing. */
  loses?: string;
}

/** The remedies of a problem, and what holds for all of them. */
export interface Advice {
  /** What to look at before one of them is chosen. */
  first?: string;
  /** Any one of them helps. */
  remedies: Remedy[];
  /** What not to do meanwhile, whichever is chosen; a sentence. */
  caution?: string;
}

export interface Problem extends Advice {
  code: ErrorCode;
  severity: "blocker" | "warning" | "information";
  /** A blocker that the user answers for (`migration.accept`); it is a warning then. */
  accepted?: true;
  /** The rule that found it, in kebab-case: "machine-type". */
  rule: string;
  /** The host to look at. */
  host?: string;
  /** The VM, where the problem is one of the VM and not of the hosts. */
  domain?: string;
  message: string;
  /** It may go away by itself within this time. */
  settlesWithinMs?: number;
}

/**
 * @example
 * "rename it: `virsh domrename db-01 NEW-NAME` on kvm-b; or remove it if it is not needed: `virsh undefine --keep-nvram db-01` on kvm-b (loses its definition)"
 */
export function renderRemedies(remedies: readonly Remedy[]): string {
  return remedies.map(renderRemedy).join("; or ");
}

/** "compare them, then choose: keep …; or keep …. Start neither before" */
export function renderAdvice({ first, remedies, caution }: Advice): string {
  const ways = renderRemedies(remedies);
  return withCaution(first === undefined ? ways : `${first}, then choose: ${ways}`, caution);
}

export function withCaution(text: string, caution: string | undefined): string {
  return caution === undefined ? text : `${text}. ${caution}`;
}

function renderRemedy({ do: what, commands = [], loses }: Remedy): string {
  const steps = commands.map(({ host, command }) => `\`${command}\`${host === undefined ? "" : ` on ${host}`}`);
  return (
    what + (steps.length === 0 ? "" : `: ${steps.join(", then ")}`) + (loses === undefined ? "" : ` (loses ${loses})`)
  );
}

/** One line for a row or a table. */
export function renderProblem({ message, code, ...advice }: Pick<Problem, "message" | "code"> & Advice): string {
  return `${[message, ...(advice.remedies.length === 0 ? [] : [renderAdvice(advice)])].join("; ")} [${code}]`;
}
