import { spawn } from "node:child_process";

export interface CommandResult {
  /** 128 + signal number when a signal ended it, as a shell says it. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  input?: string;
  timeoutMs?: number;
  /** Replaces the environment. */
  env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end. A non-zero exit is a result; only a program that cannot be started is an error. */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    // A process group of its own: a command that outlives its deadline is ended with all it started.
    const child = spawn(program, args, { detached: true, env: options.env ?? process.env, stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    let late = false;
    const deadline =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            signalGroup(child.pid);
          }, options.timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => {}); // a program that does not read its input closes the pipe: no failure
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(deadline);
      if (late) stderr += `\nended after ${options.timeoutMs} ms`;
      resolve({ code: late ? 124 : (code ?? 137), stdout, stderr });
    });
  });
}

/** As `run`, for programs that must succeed; gives what they printed. */
export async function must(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    const output = (result.stderr || result.stdout).trim();
    throw new Error(`${program} ${args.join(" ")} failed (exit code ${result.code}): ${output}`);
  }
  return result.stdout;
}

export const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Asks again until the answer is one; undefined when the time is over. */
export async function eventually<T>(
  ask: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number,
  everyMs = 20,
): Promise<T | undefined> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > end) return undefined;
    await sleep(everyMs);
  }
}

function signalGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it has just ended by itself
  }
}
