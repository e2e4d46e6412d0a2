/** The processes that the provider starts on a host: a virsh that reads commands, and `sh` that reads a script. */
import { oneLineCommand, scriptCommand } from "../../provider/virsh/runScript";
import type { Answer } from "./answers";
import type { SimulatedHost } from "./host";
import type { Network } from "./network";
import { arrivals, hostUse } from "./load";
import { askVirsh } from "./virsh";
import { type GivenXml, migrate } from "./virsh/migrate";

interface Output {
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  exit: (code: number) => void;
}

/** Takes what arrives on standard input; undefined = closed. */
type Input = (text: string | undefined) => void;

/** Starts a remote command as its login shell reads it. */
export function startProcess(network: Network, host: SimulatedHost, command: string, output: Output): Input {
  if (command === oneLineCommand) return session(network, host, output);
  if (command === scriptCommand) return script(network, host, output);
  // By hand.
  answer(network, host, command, output);
  return () => {};
}

function answer(network: Network, host: SimulatedHost, command: string, output: Output): void {
  void run(network, host, command).then(
    ({ out = "", err = "" }) => {
      output.stdout(out);
      output.stderr(err === "" ? "" : `error: ${err}\n`);
      output.exit(err === "" ? 0 : 1);
    },
    () => output.exit(255),
  );
}

async function run(network: Network, host: SimulatedHost, command: string): Promise<Answer> {
  if (/virsh -q define/.test(command)) {
    const defined = host.find(/\b[0-9a-f]{8}(?:-[0-9a-f]+){4}\b/.exec(command)![0]);
    if (defined) defined.persistent = true;
    return {};
  }
  const [, file, rest] = /^f=(\/tmp\/\S+); ([^]*)$/.exec(command) ?? [];
  if (file !== undefined) return noteOf(host, file, rest!);
  if (command.includes("id -un")) return { out: host.account };
  if (command.includes("/var/log/libvirt")) return { out: host.log };
  const given = withXml(command);
  if (given !== undefined) return migrate(network, host, migrateLine(given.command), given.xml);
  if (!command.startsWith("virsh ")) {
    host.scripts.push(command);
    const own = host.onScript(command);
    if (own !== undefined) return own;
    const answer = [...host.answers].find(([part]) => command.includes(part))?.[1];
    if (answer !== undefined) return { out: answer };
    const ofImages = host.images.answer(command);
    if (ofImages !== undefined) return ofImages;
    if (command.includes("/proc/pressure")) return { out: hostUse(network, host) };
    return { out: command.includes("getconf CLK_TCK") ? arrivals(network, host) : "" };
  }
  const line = migrateLine(command);
  return line.startsWith("migrate ") ? await migrate(network, host, line) : askVirsh(network, host, line);
}

function migrateLine(command: string): string {
  return command.replace(/^virsh (?:-c \S+ )?/, "");
}

/** A command that reads XML from two pipes, as the provider writes it. */
function withXml(script: string): { command: string; xml: GivenXml } | undefined {
  const [, live, persistent, command] =
    /^printf '%s\\n' ('[^]*') 2>\/dev\/null \| \{ printf '%s\\n' ('[^]*') 2>\/dev\/null \| (virsh [^\n]*) 4<&0 <\/dev\/null; \} 3<&0$/.exec(
      script,
    ) ?? [];
  if (live === undefined || persistent === undefined || command === undefined) return undefined;
  const unquoted = (word: string) => word.slice(1, -1).replaceAll("'\\''", "'");
  return { command, xml: { live: unquoted(live), persistent: unquoted(persistent) } };
}

/** Who cancelled a migration: written, or read and taken away; as old as the question. */
function noteOf({ notes }: SimulatedHost, file: string, script: string): Answer {
  const [, text] = /printf '%s\\n' (.*) > "\$f"$/.exec(script) ?? [];
  if (text !== undefined) {
    notes.set(file, text.replace(/^'(.*)'$/, "$1"));
    return {};
  }
  const note = notes.get(file);
  notes.delete(file);
  return note === undefined ? {} : { out: `0 ${note}\n` };
}

/** `sh` that reads a script of the provider's on standard input. */
function script(network: Network, host: SimulatedHost, output: Output): Input {
  let read = "";
  return (input) => {
    if (input !== undefined) return void (read += input);
    const [, mark, body] = /^\{ printf '\\n%s\\n' (\S+);.*\n([^]*)\n\} <\/dev\/null\n$/.exec(read) ?? [];
    if (mark === undefined || body === undefined) return output.exit(2);
    printMark(host, mark, output);
    // Behind the environment.
    answer(network, host, body.replace(/^unset VIRSH_[^\n]*\n/, ""), output);
  };
}

/** virsh that reads commands on standard input: echoes each behind its prompt, and knows no exit codes. */
function session(network: Network, host: SimulatedHost, output: Output): Input {
  let buffer = "";
  let over = false;
  let started = false;
  return (input) => {
    if (over) return;
    buffer += input ?? "quit\n";
    const lines = buffer.split("\n");
    buffer = lines.pop()!;
    for (const line of lines) {
      if (!started) {
        started = true;
        printMark(host, /^printf '\\n%s\\n' (\S+);/.exec(line)?.[1] ?? "no mark", output);
        continue;
      }
      if (line === "quit") {
        over = true;
        return output.exit(0);
      }
      output.stdout(`virsh # ${line}\n`);
      obey(network, host, line, output);
    }
  };
}

function obey(network: Network, host: SimulatedHost, line: string, { stdout, stderr }: Output): void {
  const echo = /^echo (--err )?(.*)$/.exec(line);
  if (echo) {
    const text = echo[2]!.replaceAll('"', "");
    if (echo[1]) stderr(`error: ${text}\n`);
    else stdout(text);
    return;
  }
  const { out, err } = askVirsh(network, host, line);
  if (out !== undefined && out !== "") stdout(`${out}\n`);
  if (err !== undefined) stderr(`error: ${err}\n`);
}

function printMark({ noise }: SimulatedHost, mark: string, { stdout, stderr }: Output): void {
  stdout(`${noise.stdout}\n${mark}\n`);
  stderr(`${noise.stderr}\n${mark}\n`);
}
