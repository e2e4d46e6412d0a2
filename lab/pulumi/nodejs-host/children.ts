import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { fstatSync } from "node:fs";

/** Under the 5 s that the engine gives a plugin before it kills it. */
const GRACE_MS = 4_000;

const running = new Set<ChildProcess>();

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export function start(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, args, options);
  running.add(child);
  const forget = () => running.delete(child);
  child.once("exit", forget);
  child.once("error", forget);
  return child;
}

/** Resolves when the process is gone and its output is read to the end. */
export function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

/** Asks a child to end, and makes it end if it does not. */
export function interrupt(child: ChildProcess): void {
  if (!running.has(child)) return;
  child.kill("SIGINT");
  setTimeout(() => running.has(child) && child.kill("SIGKILL"), GRACE_MS).unref();
}

export function interruptAll(): void {
  for (const child of running) interrupt(child);
}

async function stopAll(): Promise<void> {
  const children = [...running];
  const gone = Promise.allSettled(children.map((child) => new Promise((resolve) => child.once("exit", resolve))));
  for (const child of children) child.kill("SIGINT");
  const timer = setTimeout(() => children.forEach((child) => child.kill("SIGKILL")), GRACE_MS);
  await gone;
  clearTimeout(timer);
}

/** Ends this process and its children when the engine asks for it, or is gone. */
export function endWithEngine(): void {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    void stopAll().finally(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  // Only the engine's own pipe shows the engine's end; /dev/null is at its end from the start.
  const stdin = fstatSync(0);
  if (stdin.isFIFO() || stdin.isSocket()) process.stdin.on("end", end).on("error", end).resume();
}
