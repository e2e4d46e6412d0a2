/** What is said of inputs that are refused: what was given, what is allowed, an example. */
import type * as z from "./zod";
import { clean, cleanValues } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import { listed, nearMatches } from "../core/near";
import { type Problem, type Remedy, renderProblem } from "../core/problem";
import { shown, shownName } from "./shown";

/** One thing wrong with the inputs. */
export interface InputFailure extends Pick<Problem, "message" | "remedies"> {
  /** "migration.timeout", or the key of the stack's configuration. */
  property: string;
  code: Extract<ErrorCode, "invalidInput" | "conflictingOptions" | "unsafeCombination" | "unknownHost">;
}

export function invalid(property: string, message: string, remedies: Remedy[] = []): InputFailure {
  return { property, message, remedies, code: "invalidInput" };
}

/** As Pulumi shows it behind the name of the property. */
export function renderInputFailure({ message, remedies, code }: InputFailure): string {
  return renderProblem({ message: clean(message), remedies: cleanValues(remedies), code });
}

/** The command that sets a key of the stack's configuration. */
export function setConfig(key: string, value: string): Remedy {
  return { do: "set it", commands: [{ command: `pulumi config set ${key} ${value}` }] };
}

export function failuresOf(error: z.core.$ZodError, property: string, unknown: readonly string[] = []): InputFailure[] {
  return error.issues
    .map(({ path, message }) => ({ path: [property, ...path].map(String), message }))
    .filter(({ path }) => !unknown.includes(path.join(".")))
    .map(({ path, message }) => invalid(path.map(shownName).join("."), message));
}

/** "got 30 (a number); expected a duration …, e.g. "5m"". Built at parse time, because it names what was given. */
export function expected(what: string, example: string): (issue: { input?: unknown }) => string {
  return ({ input }) => `got ${shown(input)}; expected ${what}, for example ${example}`;
}

export function unknownKeys(known: string[], example: string, show: (value: unknown) => string = shown) {
  return (issue: z.core.$ZodRawIssue): string =>
    issue.code === "unrecognized_keys"
      ? unknownFields(issue.keys, known)
      : `got ${show(issue.input)}; expected an object with ${listed(known)}, for example ${example}`;
}

export function unknownFields(names: readonly string[], known: readonly string[]): string {
  const texts = names.map((name) => {
    const near = nearMatches(name, known);
    return `unknown field "${shownName(name)}"${near.length > 0 ? ` (did you mean ${listed(near)}?)` : ""}`;
  });
  return `${texts.join("; ")}; the fields are ${listed(known, "and")}`;
}
