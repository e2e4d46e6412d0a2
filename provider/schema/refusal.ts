/** What is said of inputs that are refused: what was given, what is allowed, an example. */
import type { z } from "zod";
import type { ErrorCode } from "../core/errors";
import { listed, nearMatches } from "../core/near";
import { UNKNOWN } from "./wire";

/** One thing wrong with the inputs. */
export interface InputFailure {
  property: string;
  reason: string;
  code: Extract<ErrorCode, "invalidInput" | "conflictingOptions" | "unsafeCombination" | "unknownHost">;
}

export function invalid(property: string, reason: string): InputFailure {
  return { property, reason, code: "invalidInput" };
}

export function failuresOf(error: z.ZodError, property: string, unknown: readonly string[] = []): InputFailure[] {
  return error.issues
    .map((issue) => invalid([property, ...issue.path].join("."), issue.message))
    .filter(({ property }) => !unknown.includes(property));
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
    return `unknown field "${name}"${near.length > 0 ? ` (did you mean ${listed(near)}?)` : ""}`;
  });
  return `${texts.join("; ")}; the fields are ${listed(known, "and")}`;
}

export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value).replaceAll(UNKNOWN, "(not known yet)");
  if (isKeyText(text)) return "the text of a private key";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** For values of which a part may be secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "a text", object: "an object", boolean: "true or false" }[typeof value as string] ?? "a number";
}

export function isKeyText(value: unknown): boolean {
  return typeof value === "string" && value.includes("PRIVATE KEY");
}
