import { commandLine } from "../core/shownCommand";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The values behind ssh_config's percent tokens, by letter. */
export type Tokens = Record<string, string>;

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

/** Tokens and `${VARIABLES}`, in one pass. Undefined where one of them has no value: ssh does not start then. */
export function expandStrictly(text: string, tokens: Tokens, env: NodeJS.ProcessEnv): string | undefined {
  let complete = true;
  const expanded = text.replace(
    /%(.?)|\$\{([^}]*)(\}?)/gs,
    (_whole, letter: string | undefined, variable: string | undefined, end: string | undefined) => {
      const value = letter === undefined ? env[variable!] : letter === "%" ? "%" : tokens[letter];
      complete &&= value !== undefined && end !== "";
      return value ?? "";
    },
  );
  return complete ? expanded : undefined;
}

/** A path of ssh_config: `~`, tokens and `${VARIABLES}`. Undefined where ssh does not start. */
export function expandPath(path: string, home: string, tokens: Tokens, env: NodeJS.ProcessEnv): string | undefined {
  const atHome = expandHome(path, home);
  return /^~[^/]/.test(atHome) ? undefined : expandStrictly(atHome, tokens, env);
}

/** A path as the reader knows it: the home directory is `~`. */
export function shortPath(path: string, home: string): string {
  return home.length > 1 && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}

/** A path as `shortPath` gives it, as a word of a shell: a leading `~/` stays outside the quotes. */
export function shellPath(path: string): string {
  return path.startsWith("~/") ? commandLine`~/${path.slice(2)}` : commandLine`${path}`;
}
