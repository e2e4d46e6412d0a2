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
  deadlineMs: number;
  resolve: (answer: Answer) => void;
  reject: (error: PlacementError) => void;
  timer?: NodeJS.Timeout;
}

export class VirshSession {
  /** The remote virsh that is in use or on its way; every command that waits is of this one. */
  private opening: Promise<RemoteProcess> | undefined;
  private queue: Pending[] = [];
  private count = 0;
  private out = "";
  private err = "";
  /** Not to be guessed, so that no domain's name can end an answer. */
  private readonly mark = `end-of-answer-${Math.random().toString(36).slice(2, 10)}`;

  constructor(
    private readonly shell: Shell,
    private readonly start: string,
  ) {}

  /** Answers come in the order of the commands; several may be under way. The deadline counts from when the command is first in line. */
  run(command: string, deadlineMs: number): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const pending: Pending = { command, number: ++this.count, deadlineMs, resolve, reject };
      this.queue.push(pending);
      if (this.queue.length === 1) this.arm();
      void this.open().then(
        (process) => {
          if (!this.queue.includes(pending)) return;
          const words = `"${this.mark}" "${pending.number}"`;
          process.write(`${command}\necho ${words}\necho --err ${words}\n`);
        },
        () => {},
      );
    });
  }

  /** Ends the remote virsh. */
  close(): void {
    void this.opening?.then(
      (process) => {
        process.write("quit\n");
        process.end();
      },
      () => {},
    );
    this.fail(this.lost("it was closed"));
  }

  private open(): Promise<RemoteProcess> {
    if (this.opening !== undefined) return this.opening;
    // What an abandoned virsh still says is nobody's answer.
    const isCurrent = () => this.opening === opening;
    const hear = (stream: "out" | "err") => (chunk: string) => {
      if (!isCurrent()) return;
      this[stream] += chunk;
      this.settle();
    };
    const opening = this.shell.spawn(this.start, { stdout: hear("out"), stderr: hear("err") });
    this.opening = opening;
    opening.then(
      (process) => {
        if (!isCurrent()) return;
        void process.exit.then(({ code }) => {
          if (isCurrent()) this.ended(code);
        });
      },
      (error: PlacementError) => {
        if (isCurrent()) this.fail(error);
      },
    );
    return opening;
  }

  private settle(): void {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      const outMark = `${this.mark} ${first.number}`;
      const errMark = `error: ${outMark}`;
      const outEnd = this.out.indexOf(outMark);
      const errEnd = this.err.indexOf(errMark);
      if (outEnd < 0 || errEnd < 0) return;
      const answer = { out: withoutPrompts(this.out.slice(0, outEnd)), err: withoutNoise(this.err.slice(0, errEnd)) };
      this.out = this.out.slice(outEnd + outMark.length);
      this.err = this.err.slice(errEnd + errMark.length);
      this.queue.shift();
      clearTimeout(first.timer);
      this.arm();
      first.resolve(answer);
    }
  }

  /** Starts the deadline of the first in line. */
  private arm(): void {
    const first = this.queue[0];
    if (first === undefined) return;
    const { command, deadlineMs } = first;
    first.timer = setTimeout(() => {
      void this.opening?.then(
        (process) => process.destroy(),
        () => {},
      );
      this.fail(
        new PlacementError({
          code: "commandTimeout",
          phase: "observe",
          host: this.shell.host,
          what: `no answer to \`virsh ${command}\``,
          why: `${this.shell.host} did not answer within ${deadlineMs / 1000} s; a job may hold the domain, or libvirt hangs`,
          next: `try \`virsh ${command}\` on ${this.shell.host}; when it answers, run the command again`,
        }),
      );
    }, deadlineMs);
  }

  /** The remote virsh is gone: whoever waits gets why it could not work, or the loss of the connection. */
  private ended(code: number | null): void {
    const said = withoutNoise(this.err);
    if (code !== null && (said !== "" || code !== 0)) {
      const waiting = this.forget();
      const answer = { out: "", err: said === "" ? `error: virsh ended with code ${code}` : said };
      for (const { resolve } of waiting) resolve(answer);
      return;
    }
    this.fail(this.lost(said === "" ? "the connection was lost" : said));
  }

  private lost(why: string): PlacementError {
    return new PlacementError({
      code: "connectionLost",
      phase: "observe",
      host: this.shell.host,
      what: `the virsh session on ${this.shell.host} ended`,
      why,
      next: "run the command again; the virtual machine is where it was last seen",
    });
  }

  private fail(error: PlacementError): void {
    for (const { reject } of this.forget()) reject(error);
  }

  /** Leaves this virsh; the next command starts another. */
  private forget(): Pending[] {
    const waiting = this.queue;
    for (const { timer } of waiting) clearTimeout(timer);
    this.queue = [];
    this.opening = undefined;
    this.out = "";
    this.err = "";
    return waiting;
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
