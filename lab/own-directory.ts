/** Directories of which something is executed: nobody but this account and root may have put anything there. */
import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

/** What makes a path one that another account can change; undefined where none can, or where there are no accounts to tell apart. */
export function whoElseWrites(path: string, uid: number | undefined = process.getuid?.()): string | undefined {
  if (uid === undefined) return undefined;
  const given = resolve(path);
  const existing = deepestExisting(given);
  // As it is written, so that no link on the way is somebody else's, and as it is meant.
  for (const whole of new Set([existing, realpathSync(existing)])) {
    for (const part of partsOf(whole)) {
      const why = writableBy(lstatSync(part), uid, part === given);
      if (why !== undefined) return `${part} ${why}`;
    }
  }
  return undefined;
}

/** Makes the directory where it is not there, closed to all others; an error where it, or one above it, is not only ours. */
export function ensureOwnDirectory(path: string): string {
  refuseOthers(path);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  refuseOthers(path);
  // What lies in it was perhaps made with a careless umask.
  if (process.getuid !== undefined && lstatSync(path).isDirectory()) chmodSync(path, 0o700);
  return path;
}

/** @param path of a directory, or of a program that is to be run. */
export function refuseOthers(path: string): void {
  const why = whoElseWrites(path);
  if (why === undefined) return;
  throw new Error(
    `${path} is not used, because another account could have put something there: ${why}. ` +
      `Remove it, or set XDG_CACHE_HOME to a directory that only your account can write, and run this again.`,
  );
}

function writableBy(found: Stats, uid: number, isLast: boolean): string | undefined {
  const owners = isLast ? [uid] : [uid, 0];
  if (!owners.includes(found.uid)) return `belongs to the account ${found.uid}`;
  // Links have no mode of their own. In a directory like /tmp each entry is its owner's alone.
  if (found.isSymbolicLink() || (!isLast && found.isDirectory() && (found.mode & 0o1000) !== 0)) return undefined;
  return (found.mode & 0o022) !== 0
    ? `can be written by others (mode ${(found.mode & 0o7777).toString(8)})`
    : undefined;
}

function deepestExisting(path: string): string {
  for (let part = path; ; part = dirname(part)) {
    if (lstatSync(part, { throwIfNoEntry: false }) !== undefined) return part;
  }
}

/** "/a/b" → "/", "/a", "/a/b". */
function partsOf(path: string): string[] {
  const names = path.split(sep).filter((name) => name !== "");
  return names.reduce<string[]>((parts, name) => [...parts, join(parts.at(-1)!, name)], [sep]);
}
