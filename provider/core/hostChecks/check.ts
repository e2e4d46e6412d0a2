import type { Problem, Remedy } from "../problem";
import type { HostState } from "./state";

/** One that has nothing to say of a fact that is undefined says so. */
export type Check = (state: HostState) => Problem[] | undefined;

export const problem = (
  { host }: HostState,
  rule: string,
  severity: Problem["severity"],
  message: string,
  remedies: Remedy[],
  code: Problem["code"] = "migrationRefused",
): Problem => ({ rule, severity, code, host, message, remedies });

/** "a, b and 3 more". */
export function named(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
