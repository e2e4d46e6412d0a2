/** Several answers of a host's shell in one go. What a host does not have or may not be read leaves its section empty. */
import { sh } from "./shellScript";

/** Sections of an answer: each begins with a line "@@ NAME". */
export const head = sh`s() { printf '\\n@@ %s\\n' "$1"; }`;

export function sections(text: string): Map<string, string> {
  const [, ...parts] = `\n${text}`.split("\n@@ ");
  return new Map(
    parts.map((part) => {
      const end = part.indexOf("\n");
      return end < 0 ? [part, ""] : [part.slice(0, end), part.slice(end + 1).trim()];
    }),
  );
}
