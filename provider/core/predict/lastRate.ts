import type { LastMigration } from "../args";

/**
 * The bytes per second that the VM's last move was measured to send, where that tells how fast the next one will be: the same two hosts,
 * in whichever direction, as many connections, as much encrypted, no compression and no cap of its own. Undefined where it does not.
 */
export function lastRate(
  last: LastMigration | undefined,
  next: { from: string; to: string; command: string },
): number | undefined {
  // A state written before the rate was measured has only bytes and a whole duration, which tell nothing of it.
  const measured = last?.bytesPerSecond;
  if (last === undefined || typeof measured !== "number" || !(measured > 0)) return undefined;
  const sameWay = [last.from, last.to].sort().join() === [next.from, next.to].sort().join();
  const measurable = last.command !== "" && !/--(bandwidth|compressed|comp-)/.test(last.command);
  return sameWay && measurable && shape(last.command) === shape(next.command) ? measured : undefined;
}

/** What of a command decides how fast it sends. */
function shape(command: string): string {
  const flags = /^--(parallel|tls|tunnelled|comp|zerocopy|copy-storage)/;
  const words = command.split(" ");
  const chosen = words.flatMap((word, index) =>
    flags.test(word) ? [/^\d+$/.test(words[index + 1] ?? "") ? `${word} ${words[index + 1]}` : word] : [],
  );
  return chosen.sort().join(" ");
}
