/** A process that runs files of the suites that need labs, one after the other. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { type Counts, endsWithinMs, killAfterMs, start } from "./run-stage";

/** A file that hangs is ended, and failed: more than three times as long as the longest takes. */
const fileLimitMs = 40 * 60_000;

export class SuiteWorker {
  private child: ChildProcess | undefined;

  /**
   * @param directory for what its labs share; of all stages of this run.
   * @param output a file for what it prints; undefined: where this process prints.
   */
  constructor(
    private readonly directory: string,
    private readonly output: string | undefined,
  ) {}

  async run(file: string, timeout: number | undefined): Promise<Counts> {
    // Labs know of each other by the common temporary directory: it stays what it is.
    const env = { TEST_DIRECTORY: this.directory };
    this.child ??= start(process.execPath, [join(__dirname, "worker.js")], env, this.output, "ipc");
    const { child } = this;
    const timers = [
      setTimeout(() => {
        console.error(`${file} took more than ${fileLimitMs / 60_000} minutes and is ended`);
        child.kill("SIGTERM");
      }, fileLimitMs),
      setTimeout(() => child.kill("SIGKILL"), fileLimitMs + killAfterMs),
    ];
    return new Promise<Counts>((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        // What comes next gets another one.
        this.child = undefined;
        const how = signal ?? `exit code ${code}`;
        resolve({ passed: 0, failed: 1, failures: [`${file}: ended by ${how} before it could count`], notRun: [] });
      };
      child.once("exit", ended);
      child.once("message", (counts: Counts) => {
        child.off("exit", ended);
        resolve(counts);
      });
      child.send({ file, timeout }, (error) => error && child.kill("SIGKILL"));
    }).finally(() => timers.forEach(clearTimeout));
  }

  /** @returns what was wrong after its last test. */
  async end(): Promise<string | undefined> {
    const { child } = this;
    if (child === undefined) return undefined;
    // Not "close": after this there is none.
    if (child.connected) child.disconnect();
    const timer = setTimeout(() => {
      console.error("a process has run all of its tests, and does not end: it is ended");
      child.kill("SIGKILL");
    }, endsWithinMs);
    const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
    if (!hasEnded()) await new Promise((resolve) => child.once("exit", resolve));
    clearTimeout(timer);
    const { exitCode, signalCode } = child;
    return exitCode === 0 ? undefined : `ended by ${signalCode ?? `exit code ${exitCode}`} after its last test`;
  }
}
