/**
 * One long-lived `virsh` on a host, fed on standard input: a command costs a round trip instead of an ssh channel and a process.
 *
 * Behind every command go two `echo`es that mark the end of its answer on standard output and on standard error. The mark is sent in
 * two quoted words and comes back as "WORD N", so that virsh's echo of its own input never looks like it. A pair with the number 0 goes
 * before the first command: what came until then belongs to no command (a profile, the locale, the dynamic linker).
 */
import type { PlacementError } from "../core/errors";
import type { RemoteProcess, Shell } from "../core/ports";
import { AnswerStream } from "./answerStream";
import { loginHangs, loginRunsNothing } from "./notStarted";
import { newMark, oneLineCommand, type OnNoise, virshSessionStart, withoutLinkerNoise } from "./runScript";
import { answerTooLong, noAnswer, sessionLost } from "./sessionFailures";
import { withoutNoise, withoutPrompts } from "./sessionText";
import type { VirshLine } from "./virshCommand";

export interface Answer {
  out: string;
  /** Empty when the command succeeded: virsh's exit codes do not exist inside a session. */
  err: string;
}

/** Most of one answer. The longest of libvirt's are XML of some hundred KiB. */
export const mostOutBytes = 8 * 2 ** 20;
export const mostErrBytes = 64 * 2 ** 10;

interface Pending {
  command: string;
  number: number;
  deadlineMs: number;
  resolve: (answer: Answer) => void;
  reject: (error: PlacementError) => void;
  timer?: NodeJS.Timeout;
}

/** One remote virsh, from its start to its end. */
interface Opening {
  process: Promise<RemoteProcess>;
  out: AnswerStream;
  err: AnswerStream;
  /** Of this moment. */
  unsent: string;
  /** The host runs something for it. */
  started: boolean;
  /** Its answers count; before, its output may be that of the account's start-up files. */
  inSync: boolean;
}

export class VirshSession {
  /** The remote virsh that is in use or on its way; every command that waits is of this one. */
  private opening: Opening | undefined;
  private queue: Pending[] = [];
  private count = 0;
  private readonly mark = newMark("end-of-answer");
  private readonly startMark = newMark("start");

  constructor(
    private readonly shell: Shell,
    private readonly uri: string,
    private readonly onNoise: OnNoise = () => {},
  ) {}

  /** Answers come in the order of the commands; several may be on their way. The deadline counts from when the command is first in line. */
  run(line: VirshLine, deadlineMs: number): Promise<Answer> {
    const command = line.text;
    return new Promise<Answer>((resolve, reject) => {
      const opening = this.open();
      const pending: Pending = { command, number: ++this.count, deadlineMs, resolve, reject };
      this.queue.push(pending);
      if (this.queue.length === 1) this.arm();
      void opening.process.then(
        (process) => {
          if (this.opening === opening) send(opening, process, `${command}\n${this.endOf(pending.number)}`);
        },
        () => {},
      );
    });
  }

  /** Ends the remote virsh. */
  close(): void {
    void this.opening?.process.then(
      (process) => {
        process.write("quit\n");
        process.end();
      },
      () => {},
    );
    this.fail(sessionLost(this.shell.host, "it was closed"));
  }

  private endOf(number: number): string {
    const words = `"${this.mark}" "${number}"`;
    return `echo ${words}\necho --err ${words}\n`;
  }

  private open(): Opening {
    if (this.opening !== undefined) return this.opening;
    this.count = 0;
    // What an abandoned virsh still prints answers no command.
    const isCurrent = () => this.opening === opening;
    const take = (stream: "out" | "err") => (chunk: string) => {
      if (!isCurrent()) return;
      opening[stream].push(chunk);
      this.settle(opening);
    };
    const opening: Opening = {
      process: this.shell.spawn(oneLineCommand, { stdout: take("out"), stderr: take("err") }),
      out: new AnswerStream(this.mark, mostOutBytes),
      err: new AnswerStream(`error: ${this.mark}`, mostErrBytes),
      unsent: "",
      started: false,
      inSync: false,
    };
    this.opening = opening;
    opening.process.then(
      (process) => {
        if (!isCurrent()) return;
        opening.started = true;
        process.write(`${virshSessionStart(this.uri, this.startMark).text}\n${this.endOf(0)}`);
        void process.exit.then(({ code }) => {
          if (isCurrent()) this.ended(opening, code);
        });
      },
      (error: PlacementError) => {
        if (isCurrent()) this.fail(error);
      },
    );
    return opening;
  }

  private settle(opening: Opening): void {
    const { out, err } = opening;
    while (out.hasAnswer && err.hasAnswer) {
      const answer = { out: out.take(), err: err.take() };
      if (!opening.inSync) {
        opening.inSync = true;
        this.drop(answer);
        continue;
      }
      const first = this.queue.shift()!;
      clearTimeout(first.timer);
      this.arm();
      first.resolve({ out: withoutPrompts(answer.out), err: this.errorIn(withoutNoise(answer.err)) });
    }
    const [bytes, stream] = out.isOverLimit ? [mostOutBytes, "standard output"] : [mostErrBytes, "standard error"];
    if (out.isOverLimit || err.isOverLimit) {
      this.abandon(answerTooLong(this.shell.host, this.queue[0]?.command, bytes, stream));
    }
  }

  /** virsh begins each error so. What else comes on standard error, from a start-up file's process that still runs say, is none. */
  private errorIn(text: string): string {
    if (text.includes("error: ")) return text;
    if (text !== "") this.onNoise("stderr", text);
    return "";
  }

  /** Before the first question comes the output of start-up files, and virsh's echo of its input. */
  private drop({ out, err }: Answer): void {
    const noise = { stdout: this.beforeStart(out) ?? "", stderr: this.beforeStart(err) ?? "" };
    const behind = this.afterStart(err).trim();
    for (const stream of ["stdout", "stderr"] as const) {
      if (noise[stream] !== "") this.onNoise(stream, noise[stream]);
    }
    if (behind !== "") this.onNoise("stderr", behind);
  }

  /** The shell that was asked for runs: the mark on a line of its own, which is no echo of our input. */
  private hasBegun({ inSync, out, err }: Opening): boolean {
    return inSync || [out, err].some(({ rest }) => `${rest}\n`.includes(`\n${this.startMark}\n`));
  }

  /** Undefined where the session did not begin. */
  private beforeStart(text: string): string | undefined {
    const at = text.indexOf(this.startMark);
    return at < 0 ? undefined : text.slice(0, at).trim();
  }

  private afterStart(text: string): string {
    const at = text.indexOf(this.startMark);
    return at < 0 ? text : text.slice(at + this.startMark.length);
  }

  /** Starts the deadline of the first in line. */
  private arm(): void {
    const first = this.queue[0];
    if (first === undefined) return;
    const { command, deadlineMs } = first;
    first.timer = setTimeout(() => this.abandon(this.timedOut(command, deadlineMs)), deadlineMs);
  }

  private timedOut(command: string, deadlineMs: number): PlacementError {
    const { opening } = this;
    return opening === undefined || !opening.started || this.hasBegun(opening)
      ? noAnswer(this.shell.host, command, deadlineMs)
      : loginHangs(this.shell, printedBy(opening), deadlineMs);
  }

  /** The remote virsh is gone: each waiting command gets why it could not work, or the loss of the connection. */
  private ended(opening: Opening, code: number | null): void {
    if (code !== null && !this.hasBegun(opening)) {
      return this.fail(loginRunsNothing(this.shell, printedBy(opening), code));
    }
    const stderr = withoutLinkerNoise(withoutNoise(this.afterStart(opening.err.rest))).trim();
    if (code !== null && (stderr !== "" || code !== 0)) {
      const waiting = this.forget();
      const answer = { out: "", err: stderr === "" ? `error: virsh ended with code ${code}` : stderr };
      for (const { resolve } of waiting) resolve(answer);
      return;
    }
    this.fail(sessionLost(this.shell.host, stderr === "" ? "the connection was lost" : stderr));
  }

  private abandon(error: PlacementError): void {
    void this.opening?.process.then(
      (process) => process.destroy(),
      () => {},
    );
    this.fail(error);
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
    return waiting;
  }
}

const printedBy = ({ out, err }: Opening) => ({ out: out.rest, err: err.rest });

/** What is asked at one moment goes in one piece: a look at a host is hundreds of commands. */
function send(opening: Opening, process: RemoteProcess, text: string): void {
  opening.unsent += text;
  if (opening.unsent !== text) return;
  queueMicrotask(() => {
    process.write(opening.unsent);
    opening.unsent = "";
  });
}
