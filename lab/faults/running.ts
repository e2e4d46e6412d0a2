/** A `pulumi` that runs, and what it has printed so far. */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Failure } from "../../provider/core/errors";
import { eventually } from "../libvirt/commands";
import { eventLogTo, problemIn } from "../pulumi/event-log";
import type { Stack } from "../pulumi/stack";

let started = 0;

export class Running {
  text = "";
  code: number | undefined;
  readonly end: Promise<number>;

  constructor(
    readonly command: string,
    readonly child: ChildProcess,
    private readonly eventLog: string,
  ) {
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => (this.text += text));
    }
    this.end = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.code = code ?? (signal === "SIGKILL" ? 137 : 128);
        // Its children may hold the pipes open: what they still write is read for a moment.
        const close = setTimeout(() => resolve(this.code!), 1000);
        child.once("close", () => {
          clearTimeout(close);
          resolve(this.code!);
        });
      });
    });
  }

  static start(stack: Stack, args: readonly string[]): Running {
    const eventLog = join(stack.dir, `events-${++started}.json`);
    const child = stack.pulumi.spawn([...args, ...eventLogTo(eventLog)]);
    child.stdin.end();
    return new Running(`pulumi ${args.join(" ")}`, child, eventLog);
  }

  /** Of one that has ended. */
  get problem(): Failure | undefined {
    return problemIn(this.eventLog);
  }

  /** @throws when it has not ended by then. */
  async ended(timeoutMs: number): Promise<number> {
    const code = await Promise.race([this.end, new Promise<void>((resolve) => setTimeout(resolve, timeoutMs).unref())]);
    if (typeof code !== "number") throw new Error(`\`${this.command}\` had not ended after ${timeoutMs / 1000} s`);
    return code;
  }

  /** Until it has printed this; false when it ended without, or the time is over. */
  async printed(pattern: RegExp, timeoutMs: number): Promise<boolean> {
    return (
      (await eventually(() => {
        if (pattern.test(this.text)) return true;
        return this.code !== undefined ? false : undefined;
      }, timeoutMs)) ?? false
    );
  }
}
