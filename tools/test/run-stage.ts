/** Runs one stage in a process of its own, and counts. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "./stages";

export interface Counts {
  passed: number;
  failed: number;
  /** Title and first line of the error, which would otherwise stand far above the end of the output. */
  failures: string[];
  notRun: string[];
}

/** A stage that hangs is ended, and failed: three times as long as the longest takes. */
const stageLimitMs = 100 * 60_000;
export const killAfterMs = 30_000;
/** So long a suite may take to end after its last test. A test that failed may have left something that keeps its process alive. */
export const endsWithinMs = 60_000;

const running = new Set<ChildProcess>();

/** Starts a process that signals are passed on to. @param output a file for what it prints; undefined: where this process prints. */
export function start(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  output?: string,
  ipc?: "ipc",
): ChildProcess {
  const to = output === undefined ? "inherit" : openSync(output, "a");
  const child = spawn(program, args, {
    stdio: ["ignore", to, to, ...(ipc ? [ipc] : [])],
    env: { ...process.env, ...env },
  });
  if (typeof to === "number") closeSync(to);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** A terminal sends Ctrl-C to every process of a command, others send a signal to this process only. */
export function passOn(signal: NodeJS.Signals): void {
  for (const child of running) child.kill(signal);
}

/** @param directory for what it leaves; of all stages of this run. */
export async function runStage(name: string, { command, suite, timeoutMs }: Stage, directory: string): Promise<Counts> {
  // What a stage that is cut off leaves there goes with this directory.
  const env: NodeJS.ProcessEnv = { TMPDIR: join(directory, "tmp") };
  mkdirSync(join(directory, "tmp"), { recursive: true });
  if (command) {
    const code = await execute(command, { env });
    return code === 0
      ? { passed: 1, failed: 0, failures: [], notRun: [] }
      : { passed: 0, failed: 1, failures: [`${command.join(" ")} ended by ${code}`], notRun: [] };
  }
  const file = join(directory, name);
  const timeout = timeoutMs === undefined ? [] : ["--timeout", String(timeoutMs)];
  const mocha = ["node_modules/.bin/mocha", "--reporter", "./tools/test/reporter.js", ...timeout];
  const code = await execute([...mocha, `${suite}/**/*.test.ts`], {
    env: { ...env, TEST_COUNTS: file },
    isOver: () => existsSync(file),
  });
  if (!existsSync(file))
    return { passed: 0, failed: 1, failures: [`ended by ${code} before it could count`], notRun: [] };
  const counts = JSON.parse(readFileSync(file, "utf8")) as Counts;
  // A suite may also fail as a whole, without a test of its own to blame.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1, failures: [`ended by ${code}`] } : counts;
}

interface Execution {
  env: NodeJS.ProcessEnv;
  /** Whether it has done its work, and only has to end. */
  isOver?: () => boolean;
}

/** @returns 0, or what ended it: "exit code 1", "SIGKILL". */
async function execute([program, ...args]: string[], { env, isOver = () => false }: Execution): Promise<0 | string> {
  const child = start(program!, args, env);
  const timers = [
    setTimeout(() => {
      console.error(`${program} took more than ${stageLimitMs / 60_000} minutes and is ended`);
      child.kill("SIGTERM");
    }, stageLimitMs),
    setTimeout(() => child.kill("SIGKILL"), stageLimitMs + killAfterMs),
  ];
  let overSince: number | undefined;
  const watch = setInterval(() => {
    if (!isOver()) return;
    overSince ??= Date.now();
    if (Date.now() - overSince < endsWithinMs) return;
    clearInterval(watch);
    console.error(`${program} ${args.at(-1)} has run all of its tests, and does not end: it is ended`);
    child.kill("SIGKILL");
  }, 1000);
  return new Promise<0 | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code === 0 ? 0 : (signal ?? `exit code ${code}`)));
  }).finally(() => {
    timers.forEach(clearTimeout);
    clearInterval(watch);
  });
}
