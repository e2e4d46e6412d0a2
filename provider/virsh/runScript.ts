/**
 * Scripts on a host, whatever the login shell of the account is: that shell reads two fixed commands only, which all shells read
 * alike; the script goes to `sh` on standard input. Single quotes do not help: fish knows a backslash in them, csh an exclamation mark.
 */
import { randomBytes } from "node:crypto";
import type { ExecOptions, ExecResult, Shell } from "../core/ports";
import { sh, type ShellScript } from "./shellScript";

/** For a script on standard input. By its path: an account may have no PATH to speak of. */
export const scriptCommand = "/bin/sh";

/**
 * For a script of one line on standard input that leaves the lines behind it to the program it becomes: `read` takes no byte more than
 * its line, where a shell that reads its script from a pipe reads ahead.
 */
export const oneLineCommand = `/bin/sh -c 'read -r line; eval "$line"'`;

/** Not to be guessed, so that no text of a host can pass for it. */
export function newMark(word: string): string {
  return `${word}-${randomBytes(9).toString("hex")}`;
}

/** Shell commands that show on both streams where a script's own output begins. */
function markStreams(mark: string): ShellScript {
  return sh`printf '\\n%s\\n' ${mark}; printf '\\n%s\\n' ${mark} >&2`;
}

/**
 * A command that shows on both streams where the output of the script ends, however it ends, and its code: a login shell may print behind
 * it, and end with a code of its own.
 */
function markEnd(mark: string): ShellScript {
  return sh`trap ${sh`set -- $?; printf '%s %s;' ${mark} $1; printf %s ${mark} >&2`.text} EXIT`;
}

/**
 * The environment of virsh: English, the libvirt of the stack (VIRSH_DEFAULT_CONNECT_URI would come first), none of the switches that make
 * it print more, and no key bindings of the account's ~/.inputrc (a session is read through readline).
 */
export function virshEnvironment(uri: string): ShellScript {
  return sh`unset VIRSH_DEFAULT_CONNECT_URI VIRSH_DEBUG VIRSH_LOG_FILE LIBVIRT_DEBUG LIBVIRT_LOG_FILTERS LIBVIRT_LOG_OUTPUTS; export LC_ALL=C INPUTRC=/dev/null LIBVIRT_DEFAULT_URI=${uri}`;
}

/** Text that came before the output of a script, of the account's start-up files as a rule. */
export type OnNoise = (stream: "stdout" | "stderr", text: string) => void;

/**
 * Runs a script; its standard input is empty. What the account's start-up files print before and behind it is not in the result, but
 * where the script never began: then it may hold the reason.
 */
export async function runScript(
  shell: Shell,
  script: ShellScript,
  { deadlineMs, onNoise }: Pick<ExecOptions, "deadlineMs"> & { onNoise?: OnNoise } = {},
): Promise<ExecResult> {
  const mark = newMark("output");
  const end = newMark("end-of-output");
  // A shell reads a whole group before it runs any of it: no command in it can take the rest for its input, and of a script that was cut
  // nothing runs.
  const input = `{ ${markStreams(mark).text}; ${markEnd(end).text}\n${script.text}\n} </dev/null\n`;
  const result = await shell.exec(scriptCommand, { input, ...(deadlineMs !== undefined && { deadlineMs }) });
  const own = (stream: "stdout" | "stderr") => {
    const text = result[stream];
    const at = text.indexOf(`${mark}\n`);
    if (at < 0) return text;
    const noise = text.slice(0, at).trim();
    if (noise !== "") onNoise?.(stream, noise);
    const until = text.lastIndexOf(end);
    return text.slice(at + mark.length + 1, until < at ? undefined : until);
  };
  const code = codeBehind(result.stdout, end) ?? result.code;
  return { ...result, code, stdout: own("stdout"), stderr: withoutLinkerNoise(own("stderr")) };
}

function codeBehind(text: string, end: string): number | undefined {
  const at = text.lastIndexOf(end);
  const code = at < 0 ? undefined : /^ (\d{1,3});/.exec(text.slice(at + end.length, at + end.length + 5))?.[1];
  return code === undefined ? undefined : Number(code);
}

/** Where /etc/ld.so.preload names a library that is gone, every process prints that and runs all the same. */
export function withoutLinkerNoise(text: string): string {
  return text.includes("ERROR: ld.so: object ")
    ? text
        .split("\n")
        .filter((line) => !line.startsWith("ERROR: ld.so: object "))
        .join("\n")
    : text;
}

/** The first line for `oneLineCommand`: becomes a virsh that reads commands. */
export function virshSessionStart(uri: string, mark: string): ShellScript {
  // Without a directory for it virsh writes no history (with VIRSH_HISTSIZE=0 it would empty the one of the account). A daemon of the
  // session's own, which virsh may have to start, would inherit the setting and needs its cache.
  const history = /\/session\b/.test(uri) ? sh`:` : sh`export XDG_CACHE_HOME=/dev/null`;
  return sh`${markStreams(mark)}; ${virshEnvironment(uri)}; ${history}; exec virsh -q -c ${uri}`;
}
