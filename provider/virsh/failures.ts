/** What virsh printed when a migration failed → the cause in it. */
import { clean } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import type { Remedy } from "../core/problem";
import { type FailureContext, stderrCauses } from "../core/problems";

interface KnownFailure {
  code: ErrorCode;
  /** What `essence` makes of it. */
  message: string;
  remedies: Remedy[];
  namesDaemons?: true;
}

/** libvirt's and ssh's errors have some lines; a shell keeps no more of any. */
const maxStderr = 64 * 1024;

/** undefined: no cause is known that prints this. */
export function readFailure(text: string, context: FailureContext): KnownFailure | undefined {
  const stderr = clean(text, maxStderr);
  const cause = stderrCauses.find((each) => each.stderr.test(stderr));
  if (cause === undefined) return undefined;
  const { code, namesDaemons } = cause;
  return {
    code,
    message: essence(stderr),
    remedies: cause.remedies(context, stderr),
    ...(namesDaemons && { namesDaemons }),
  };
}

/** True for texts that say only that something broke; the cause stands in a log on one of the hosts. */
export function hidesCause(stderr: string): boolean {
  return /End of file while reading data|client socket is closed|unexpectedly closed the monitor|Unable to write to socket|load of migration failed: Input|job '[^']{1,64}' unexpectedly failed|closed due to keepalive timeout|hangup event on socket|Unable to (read from|write to) monitor|domain is not running on destination/.test(
    stderr,
  );
}

/** The lines that matter, without virsh's "error:", the wrapping of a lost connection and ssh's own noise, at most three. */
export function essence(text: string): string {
  const stderr = clean(text, maxStderr);
  const lines = unwrapped(
    stderr.split("\n").map((line) =>
      line
        .replace(/^Migration: \[ *[\d.]+ %\]/, "")
        .replace(/^error: /, "")
        .trim(),
    ),
  ).filter(
    (line) =>
      line !== "" &&
      !/^Warning: Permanently added|^\S+ line \d+: (?:Unsupported|Deprecated) option |^@+$|^setlocale|^(Dis|Re)connected (from|to) /.test(
        line,
      ),
  );
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(stderr)) {
    return "ssh: remote host identification has changed; Host key verification failed";
  }
  const explaining = lines.filter(
    (line) => !/^(End of file while reading data|migration successfully aborted)/.test(line),
  );
  const words = [...new Set(explaining.length > 0 ? explaining : lines)].slice(0, 3).join("; ");
  return words === "" ? "virsh failed and printed nothing" : clean(words, maxWords);
}

/** An error of libvirt's with all that it wraps has some 300 characters. */
const maxWords = 500;

/** "Cannot recv data: WORDS: Connection reset by peer" → "WORDS", which may be several lines: what ssh printed when libvirt's connection ended. */
function unwrapped(lines: string[]): string[] {
  let begun: number | undefined;
  for (const [index, line] of lines.entries()) {
    const prefix = /^(?:Cannot recv data|End of file while reading data): (?=[^:\s])/.exec(line)?.[0] ?? "";
    if (prefix !== "") begun = index;
    const inner = line.slice(prefix.length);
    const end = inner.search(/\.?: (?:Connection reset by peer|Input\/output error)$/);
    if (begun === undefined || end < 0) continue;
    lines[index] = inner.slice(0, end);
    lines[begun] = lines[begun]!.replace(/^(?:Cannot recv data|End of file while reading data): /, "");
    begun = undefined;
  }
  return lines;
}
