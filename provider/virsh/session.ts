/**
 * One long-lived `virsh` on a host, fed on standard input: a command costs a round trip instead of an ssh channel and a process.
 *
 * Behind every command go two `echo`es that mark the end of its answer on standard output and on standard error. The mark is sent in
 * two quoted words and comes back as "WORD N", so that virsh's echo of its own input never looks like it.
 */
import { PlacementError } from "../core/errors";
import type { RemoteProcess, Shell } from "../core/ports";

export interface Answer {
  out: string;
  /** Empty when the command succeeded: virsh's exit codes do not exist inside a session. */
  err: string;
}

interface Pending {
  command: string;
  number: number;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
  timer?: NodeJS.Timeout;
}

const MARK = "end-of-answer";

export class VirshSession {
  private process: RemoteProcess | undefined;
  private opening: Promise<RemoteProcess> | undefined;
  private queue: Pending[] = [];
  private count = 0;
  private out = "";
  private err = "";

  constructor(
    private readonly shell: Shell,
    private readonly start: string,
  ) {}

  /** Answers come in the order of the commands; several may be under way. The deadline counts from when the command is first in line. */
  async run(command: string, deadlineMs: number): Promise<Answer> {
    const process = await this.open();
    return new Promise<Answer>((resolve, reject) => {
      const number = ++this.count;
      this.queue.push({ command, number, resolve, reject });
      if (this.queue.length === 1) this.arm(deadlineMs);
      this.deadlines.set(number, deadlineMs);
      process.write(`${command}\necho "${MARK}" "${number}"\necho --err "${MARK}" "${number}"\n`);
    });
  }

  private readonly deadlines = new Map<number, number>();

  /** Ends the remote virsh. */
  close(): void {
    this.process?.write("quit\n");
    this.process?.end();
    this.fail(undefined);
  }

  private open(): Promise<RemoteProcess> {
    this.opening ??= this.shell
      .spawn(this.start, {
        stdout: (chunk) => {
          this.out += chunk;
          this.settle();
        },
        stderr: (chunk) => {
          this.err += chunk;
          this.settle();
        },
      })
      .then((process) => {
        this.process = process;
        void process.exit.then((exit) => {
          if (this.process === process) this.ended(exit.code);
        });
        return process;
      })
      .catch((error: unknown) => {
        this.opening = undefined;
        throw error;
      });
    return this.opening;
  }

  private settle(): void {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      const mark = `${MARK} ${first.number}`;
      const outEnd = this.out.indexOf(mark);
      const errEnd = this.err.indexOf(`error: ${mark}`);
      if (outEnd < 0 || errEnd < 0) return;
      const answer = { out: withoutPrompts(this.out.slice(0, outEnd)), err: withoutNoise(this.err.slice(0, errEnd)) };
      this.out = this.out.slice(outEnd + mark.length);
      this.err = this.err.slice(errEnd + `error: ${mark}`.length);
      this.queue.shift();
      this.deadlines.delete(first.number);
      clearTimeout(first.timer);
      const next = this.queue[0];
      if (next) this.arm(this.deadlines.get(next.number)!);
      first.resolve(answer);
    }
  }

  private arm(deadlineMs: number): void {
    const first = this.queue[0]!;
    first.timer = setTimeout(() => {
      this.process?.destroy();
      this.fail(
        new PlacementError({
          code: "commandTimeout",
          phase: "observe",
          host: this.shell.host,
          what: `no answer to \`virsh ${first.command}\``,
          why: `${this.shell.host} did not answer within ${deadlineMs / 1000} s; a job may hold the domain, or libvirt hangs`,
          next: `try \`virsh ${first.command}\` on ${this.shell.host}; when it answers, run the command again`,
        }),
      );
    }, deadlineMs);
  }

  /** The remote virsh is gone: whoever waits gets what it said last, or the loss of the connection. */
  private ended(code: number | null): void {
    const said = withoutNoise(this.err);
    if (code !== null && (said !== "" || code !== 0)) {
      const [first, ...rest] = this.queue;
      this.queue = rest;
      clearTimeout(first?.timer);
      first?.resolve({ out: "", err: said === "" ? `error: virsh ended with code ${code}` : said });
    }
    this.fail(
      new PlacementError({
        code: "connectionLost",
        phase: "observe",
        host: this.shell.host,
        what: `the virsh session on ${this.shell.host} ended`,
        why: said === "" ? "the connection was lost" : said,
        next: "run the command again; the virtual machine is where it was last seen",
      }),
    );
  }

  private fail(error: unknown): void {
    const waiting = this.queue;
    this.queue = [];
    this.deadlines.clear();
    this.process = undefined;
    this.opening = undefined;
    this.out = "";
    this.err = "";
    for (const { timer, reject } of waiting) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/** virsh repeats what it reads, behind its prompt: "virsh # list" ("virsh > " where it is read-only). */
function withoutPrompts(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^virsh [#>] /.test(line))
    .join("\n")
    .trim();
}

/** A daemon's restart shows on standard error though the answer is good. */
function withoutNoise(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^error: (Disconnected from|Reconnected to) /.test(line))
    .join("\n")
    .trim();
}
