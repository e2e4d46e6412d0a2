import type { ErrorCode } from "../errors";
import type { MoveFacts } from "./facts";

export interface Finding {
  /** The rule that found it, in kebab-case: "same-machine-type". */
  rule: string;
  severity: "blocker" | "warning";
  code: ErrorCode;
  /** The host to look at. */
  where: string;
  message: string;
  next: string;
}

/** From facts to what stands in the way. Pure, and silent about what it is not told. */
export type Rule = (facts: MoveFacts) => Finding[];

/** One line for a row or a table. */
export function showFinding({ message, next, code }: Finding): string {
  return `${message}; ${next} [${code}]`;
}
