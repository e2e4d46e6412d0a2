import type { LastMigration } from "./args";

/** A shorter one says more of its beginning and end than of the way. */
const leastMs = 1000;

/**
 * The bytes per second that the machine's last move sent, where that tells how fast the next one will be: the same two hosts, in whichever
 * direction, as many connections, as much encrypted and compressed, and no cap of its own. Undefined where it does not.
 *
 * @param overheadMs what of its time was not spent sending.
 */
export function lastSpeed(
  last: LastMigration | undefined,
  next: { from: string; to: string; command: string },
  overheadMs: number,
): number | undefined {
  if (last === undefined || last.mode !== "live" || last.totalBytes === undefined) return undefined;
  const sameWay = [last.from, last.to].sort().join() === [next.from, next.to].sort().join();
  if (!sameWay || /--bandwidth/.test(last.command) || shape(last.command) !== shape(next.command)) return undefined;
  const sentMs = last.durationMs - overheadMs;
  return sentMs < leastMs ? undefined : (last.totalBytes * 1000) / sentMs;
}

/** What of a command decides how fast it sends. One that was taken over has none, and is like no other. */
function shape(command: string): string {
  const flags = /^--(parallel|tls|tunnelled|comp|copy-storage)/;
  const words = command.split(" ");
  const chosen = words.flatMap((word, index) =>
    flags.test(word) ? [/^\d+$/.test(words[index + 1] ?? "") ? `${word} ${words[index + 1]}` : word] : [],
  );
  return `${command === ""} ${chosen.sort().join(" ")}`;
}
