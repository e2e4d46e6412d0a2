/**
 * The command of a maintenance on its host. It runs without the connection that began it, and what it printed and how it ended are in a
 * directory that survives a reboot: its end can be seen afterwards.
 */
import { cleanLine } from "../core/clean";
import type { Shell } from "../core/ports";
import { runScript } from "../virsh/runScript";
import { sh, type ShellScript } from "../virsh/shellScript";
import { commandDirectory, type CommandState } from "./model";

const bootIdFile = "/proc/sys/kernel/random/boot_id";
/** Of one answer. */
const most = { lines: 200, bytesOfLine: 4000 };

/** Making the directory is what only one run can do. */
const startScript = (directory: string, command: string): ShellScript => {
  const inner = sh`cd ${directory} && { /bin/sh ./command >output 2>&1 </dev/null; printf '%s\\n' "$?" >code.new; sync code.new 2>/dev/null; mv code.new code; }`;
  return sh`umask 077
if ! mkdir ${directory}; then test -d ${directory} && test -O ${directory} && exit 0; exit 1; fi
if ! { cd ${directory} && printf '%s\\n' ${command} >command && cat ${bootIdFile} >boot && : >output; }; then rm -rf ${directory}; exit 1; fi
$(command -v setsid) nohup /bin/sh -c ${inner.text} ${directory} </dev/null >/dev/null 2>&1 &
printf '%s\\n' "$!" >pid`;
};

/** One that was begun a moment ago may not run yet, and one that ended may not have said so: asked twice. */
const stateFunction = (directory: string): ShellScript => sh`state() {
if ! cd ${directory} 2>/dev/null; then echo absent; return; fi
for again in yes no; do
if test -s code; then printf 'ended '; head -c 8 code; return; fi
if test "$(cat boot)" != "$(cat ${bootIdFile})"; then echo rebooted; return; fi
if test -s pid && grep -q -F ${directory} "/proc/$(cat pid)/cmdline" 2>/dev/null; then echo running; return; fi
test $again = no || sleep 1
done
echo cut
}`;

export async function startCommand(shell: Shell, id: string, command: string): Promise<string | undefined> {
  const { code, stderr } = await runScript(shell, startScript(commandDirectory(id), command));
  return code === 0 ? undefined : cleanLine(stderr.trim()) || `exit code ${code}`;
}

export async function commandState(shell: Shell, id: string): Promise<CommandState> {
  const { stdout } = await runScript(shell, sh`${stateFunction(commandDirectory(id))}\nstate`);
  return readState(stdout);
}

/** The state is asked before the output: of a command that has ended, it is the whole output. */
export async function outputOf(
  shell: Shell,
  id: string,
  from: number,
): Promise<{ lines: string[]; state: CommandState }> {
  const script = sh`${stateFunction(commandDirectory(id))}
s=$(state); printf '%s\\n' "$s"
cd ${commandDirectory(id)} 2>/dev/null || exit 0
end=${from + most.lines - 1}
if test "$s" = running; then last=$(wc -l <output); if test "$last" -lt "$end"; then end=$last; fi; fi
if test "$end" -lt ${from}; then exit 0; fi
sed -n "${from},$end"p output | cut -b 1-${most.bytesOfLine}`;
  const { stdout } = await runScript(shell, script);
  const [first = "", ...rest] = stdout.replace(/\n$/, "").split("\n");
  return { lines: rest.map((line) => cleanLine(line.replaceAll("\r", " "))), state: readState(first) };
}

export async function removeCommand(shell: Shell, id: string): Promise<void> {
  await runScript(shell, sh`rm -rf ${commandDirectory(id)}`);
}

function readState(text: string): CommandState {
  const [word, code = ""] = text.trim().split(/\s+/);
  if (word === "ended" && /^\d{1,3}$/.test(code)) return { is: "ended", code: Number(code) };
  if (word === "absent") return { is: "absent" };
  if (word === "running") return { is: "running" };
  if (word === "rebooted") return { is: "cut", why: "the host was restarted meanwhile" };
  return { is: "cut", why: word === "cut" ? "it was killed" : "its exit code cannot be read" };
}
