/**
 * Who cancelled a migration: libvirt reports only that a client did. The run that waits for the migration reads this note on the source: a
 * file of the VM, which everybody there may read. Its text is shown; no decision depends on it.
 */
import { clean } from "../core/clean";
import { sh, type ShellScript } from "./shellScript";

const longest = 300;

/** Replaces an older note of the same account; another account's is left, as /tmp is sticky. Follows no link. */
export function writeNote(uuid: string, who: string): ShellScript {
  return sh`f=${path(uuid)}; rm -f "$f"; set -C; umask 022; printf '%s\\n' ${oneLine(who)} > "$f"`;
}

/** Prints the seconds since it was written and what it says, and takes it away. */
export function takeNote(uuid: string): ShellScript {
  return sh`f=${path(uuid)}; { [ -f "$f" ] && [ ! -L "$f" ]; } || exit 0
printf '%s ' "$(($(date +%s) - $(stat -c %Y "$f")))"; head -c ${longest} "$f"; rm -f "$f" 2>/dev/null`;
}

/** @returns undefined where there is none that was written during the migration. */
export function readNote(stdout: string, durationMs: number): string | undefined {
  const [, seconds, who] = /^(\d{1,9}) (.*)/.exec(stdout) ?? [];
  if (seconds === undefined || Number(seconds) * 1000 > durationMs + 1000) return undefined;
  return oneLine(who!).trim() || undefined;
}

function path(uuid: string): string {
  return `/tmp/vm-placement-cancelled-${uuid}`;
}

function oneLine(text: string): string {
  return clean(text).replace(/\s+/g, " ").slice(0, longest);
}
