/** What a virsh session prints beside its answers, taken away. */

/**
 * virsh repeats what it reads, behind its prompt ("virsh # list", "virsh > " where it is read-only): two lines before the answer, the
 * mark of the last one and the command, and one behind it. What looks like them in between is the answer's own.
 */
export function withoutPrompts(text: string): string {
  const lines = text.split("\n");
  const isPrompt = (line: string | undefined) => line !== undefined && /^virsh [#>] /.test(line);
  if (isPrompt(lines.at(-2)) && lines.at(-1) === "") lines.splice(-2);
  for (let repeated = 0; repeated < 2 && isPrompt(lines[0]); repeated++) lines.shift();
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  return lines.join("\n");
}

/** A daemon's restart, though the answer is good; and a virsh that ends without a directory for its history (runScript.ts). */
const noise = ["error: Disconnected from ", "error: Reconnected to ", "error: Failed to create '/dev/null/"];

export function withoutNoise(text: string): string {
  return text
    .split("\n")
    .filter((line) => !noise.some((begin) => line.startsWith(begin)))
    .join("\n")
    .trim();
}
