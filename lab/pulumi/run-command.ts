import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { createInterface } from "node:readline";

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  timeoutMs?: number;
  /** Each line as it comes, from either stream. */
  onLine?: (line: string, stream: "stdout" | "stderr") => void;
  signal?: AbortSignal;
}

export interface CommandResult {
  /** 128 + n where signal n ended it, as a shell has it; 124 after the timeout; 127 where it could not be started. */
  code: number;
  stdout: string;
  stderr: string;
}

const KILL_AFTER_MS = 10_000;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs to the end and never throws for what the command does: that is in the result. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const spawned: SpawnOptions = { stdio: ["ignore", "pipe", "pipe"] };
  if (options.cwd !== undefined) spawned.cwd = options.cwd;
  if (options.env !== undefined) spawned.env = options.env;
  const child = spawn(command, args, spawned);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) collect(child, name, output, options.onLine);

  let timedOut = false;
  const timers: NodeJS.Timeout[] = [];
  const stop = () => {
    child.kill("SIGINT");
    // pulumi takes the second one as "at once".
    timers.push(setTimeout(() => child.kill("SIGINT"), KILL_AFTER_MS / 2));
    timers.push(setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS));
  };
  if (options.timeoutMs !== undefined) {
    timers.push(
      setTimeout(() => {
        timedOut = true;
        stop();
      }, options.timeoutMs),
    );
  }
  if (options.signal?.aborted === true) stop();
  options.signal?.addEventListener("abort", stop, { once: true });
  const release = endWithUs(child);

  return new Promise((resolve) => {
    const finish = (code: number) => {
      timers.forEach(clearTimeout);
      options.signal?.removeEventListener("abort", stop);
      release();
      resolve({ code, ...output });
    };
    child.once("error", (error) => {
      output.stderr += `${error.message}\n`;
      finish(127);
    });
    child.once("close", (code, signal) =>
      finish(timedOut ? 124 : (code ?? 128 + ((signal !== null && signalNumbers[signal]) || 0))),
    );
  });
}

function collect(
  child: ChildProcess,
  name: "stdout" | "stderr",
  output: Record<"stdout" | "stderr", string>,
  onLine: CommandOptions["onLine"],
): void {
  const stream = child[name];
  if (!stream) return;
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => (output[name] += text));
  if (onLine) createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => onLine(line, name));
}

/** A build must not go on when the one who asked for it is told to end. */
function endWithUs(child: ChildProcess): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const handlers = signals.map((signal) => {
    const handler = () => {
      child.kill(signal);
      release();
      // With a listener of someone else's, what happens next is theirs to decide.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  const release = () => handlers.forEach(([signal, handler]) => process.off(signal, handler));
  return release;
}
