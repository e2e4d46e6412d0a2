import { readFileSync } from "node:fs";
import { join } from "node:path";
import { quote } from "../core/quote";

/** The values behind ssh_config's percent tokens, by letter. */
export type Tokens = Record<string, string>;

/** `%h` and the like; `%%` is a percent sign. A token that is not known is left as it stands. */
export function expandTokens(text: string, tokens: Tokens): string {
  return text.replace(/%(.)/g, (whole, letter: string) => (letter === "%" ? "%" : (tokens[letter] ?? whole)));
}

/** `~`, `~/…`, and `~name/…` of another account; one that is not known is left as it stands. */
export function expandHome(path: string, home: string): string {
  const [, name, rest] = /^~([^/]*)(.*)$/s.exec(path) ?? [];
  if (name === undefined) return path;
  const base = name === "" ? home : homeOf(name);
  return base === undefined ? path : rest === "" ? base : join(base, rest!);
}

function homeOf(account: string): string | undefined {
  try {
    const lines = readFileSync("/etc/passwd", "utf8").split("\n");
    return lines.map((line) => line.split(":")).find(([name]) => name === account)?.[5];
  } catch {
    return undefined;
  }
}

/** A path of ssh_config: `~`, `${VARIABLE}` and percent tokens. */
export function expandPath(path: string, home: string, env: NodeJS.ProcessEnv, tokens: Tokens): string {
  const withVariables = path.replace(/\$\{(\w+)\}/g, (whole, name: string) => env[name] ?? whole);
  return expandTokens(expandHome(withVariables, home), tokens);
}

/** A path as the reader knows it: the home directory is `~`. */
export function shortPath(path: string, home: string): string {
  return home.length > 1 && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** A path as `shortPath` gives it, as a word of a shell: a leading `~/` stays outside the quotes. */
export function shellPath(path: string): string {
  return path.startsWith("~/") ? `~/${quote(path.slice(2))}` : quote(path);
}
