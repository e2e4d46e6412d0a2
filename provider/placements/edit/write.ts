/** Values as they are written into a placements file. */
import { parse } from "yaml";
import type { Value } from "./changes";

export interface Style {
  /** JSON: every key and text in double quotes. */
  json: boolean;
  eol: string;
  /** Of one level below another. */
  step: number;
}

export type Quotes = "single" | "double" | "none";

/** A text without quotes where YAML 1.2 and 1.1 both read it as that text: other tools read the file too. */
export function scalar(
  value: string | number | boolean,
  { json }: Pick<Style, "json">,
  quotes: Quotes = "none",
): string {
  if (typeof value !== "string") return String(value);
  if (json || quotes === "double") return JSON.stringify(value);
  if (quotes === "single" && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return isPlain(value) ? value : JSON.stringify(value);
}

function isPlain(text: string): boolean {
  if (!/^[\w./@][\w./@-]*$/.test(text)) return false;
  return (["1.1", "1.2"] as const).every((version) => {
    try {
      return parse(text, { version, logLevel: "silent" }) === text;
    } catch {
      return false;
    }
  });
}

/** `{ host: kvm-a, after: [web-01] }` */
export function flow(value: Value, style: Style): string {
  if (typeof value !== "object") return scalar(value, style);
  if (isList(value)) return `[${value.map((item) => scalar(item, style)).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, each]) => `${scalar(key, style)}: ${flow(each, style)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

/**
 * The lines of a pair in a block mapping, without the last line's end.
 *
 * @param depth 1 for a section of the file. Sections, and what an evacuation left, have a line for each entry.
 */
export function blockPair(path: readonly string[], value: Value, indent: string, style: Style): string {
  const head = `${indent}${scalar(path[path.length - 1]!, style)}:`;
  const isBlock =
    typeof value === "object" &&
    !isList(value) &&
    Object.keys(value).length > 0 &&
    (path.length === 1 || path[0] === "evacuated");
  if (!isBlock) return `${head} ${flow(value, style)}`;
  const below = indent + " ".repeat(style.step);
  const lines = Object.entries(value).map(([key, each]) => blockPair([...path, key], each, below, style));
  return [head, ...lines].join(style.eol);
}

function isList(value: Value): value is readonly string[] {
  return Array.isArray(value);
}
