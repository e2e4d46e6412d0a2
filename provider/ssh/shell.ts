import { StringDecoder } from "node:string_decoder";
import { cleanLine } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import type { PlacementError } from "../core/errors";
import type { ExecOptions, ExecResult, ProcessListeners, RemoteProcess, Shell } from "../core/ports";
import { Head, HeadAndTail } from "./bounded";
import { type Fault, failure, nameOf, runAgain, words } from "./failure";
import type { Link, RemoteChannel } from "./link";

/** sshd counts a session for a moment after it told us of its end: for so long a refusal may be out of date. */
const afterwardsMs = 500;

/** The largest answers (a host's capabilities) have some 500 KB. */
const maxStdout = 8 * 2 ** 20;
const maxStderr = 64 * 1024;
/** Longer than any question takes, libvirt's wait for a job lock (30 s) with it. */
const defaultDeadlineMs = 60_000;

/** Commands over one connection; closing it closes the jump hosts' connections too. */
export class SshShell implements Shell {
  readonly host: string;
  readonly user: string;
  /** Open or being opened. */
  private sessions = 0;
  private lastEnd = -Infinity;
  private waiting: (() => void)[] = [];

  constructor(
    private readonly connection: Link,
    private readonly hops: readonly Pick<Link, "close">[],
    private readonly sessionWaitMs: number,
  ) {
    this.host = connection.target.host;
    this.user = connection.target.user;
    connection.onLost(() => {
      this.wake();
      void this.closeHops();
    });
  }

  get alive(): boolean {
    return this.connection.lost === undefined;
  }

  /** Read again each time: the connection may go while something is awaited. */
  private get lost(): PlacementError | undefined {
    return this.connection.lost;
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.closeHops();
  }

  exec(command: string, { deadlineMs = defaultDeadlineMs, input }: ExecOptions = {}): Promise<ExecResult> {
    return new Promise((resolve, reject) => {
      let running: RemoteProcess | undefined;
      let over = false;
      let timer: NodeJS.Timeout | undefined;
      const giveUp = (error: PlacementError) => {
        over = true;
        reject(error);
        running?.destroy();
      };
      // A migration has none: closing its channel would not end it, and what it prints is read to its end, but not kept.
      const bounded = deadlineMs !== Infinity;
      if (bounded) timer = setTimeout(() => giveUp(this.tookTooLong(command, deadlineMs)), deadlineMs);
      const run = async (): Promise<void> => {
        const [stdout, stderr] = [new Head(maxStdout), new HeadAndTail(maxStderr)];
        const process = await this.spawn(command, {
          stdout: (chunk) => {
            if (over) return;
            stdout.add(chunk);
            if (stdout.full && bounded) giveUp(this.saidTooMuch(command));
          },
          stderr: (chunk) => stderr.add(chunk),
        });
        if (over) return process.destroy();
        running = process;
        if (input !== undefined) process.write(input);
        process.end();
        const { code, signal } = await process.exit;
        if (code === null && signal === null) throw this.lost ?? this.endedWithoutStatus(command);
        resolve({ code, signal, stdout: stdout.text, stderr: stderr.text });
      };
      run()
        .catch(reject)
        .finally(() => clearTimeout(timer));
    });
  }

  async spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    const channel = await this.channelFor(command);
    // Every one of these would end the process if nobody listened; the outcome is told by 'close'.
    for (const stream of [channel, channel.stderr]) stream.on("error", () => {});
    pipe(channel, (chunk) => listeners.stdout(chunk));
    pipe(channel.stderr, (chunk) => listeners.stderr(chunk));

    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      let over = false;
      const finish = (code: number | null, signal: string | null) => {
        if (over) return;
        over = true;
        stopListening();
        this.sessions--;
        this.lastEnd = performance.now();
        this.wake();
        resolve({ code, signal });
      };
      const stopListening = this.connection.onLost(() => setImmediate(() => finish(null, null)));
      channel.on("close", (code?: number | null, signal?: string | null) => {
        const end = () => finish(code ?? null, signal ?? null);
        // The last words on stderr may still be on their way up.
        if (channel.stderr.readableEnded) end();
        else channel.stderr.once("end", end);
      });
    });
    return {
      write: (text) => void (channel.writable && channel.write(text)),
      end: () => void channel.end(),
      destroy: () => void (this.alive && channel.destroy()),
      exit,
    };
  }

  /** A host takes a limited number of sessions per connection (sshd's MaxSessions, 10): wait a little for one of ours to end. */
  private async channelFor(command: string): Promise<RemoteChannel> {
    const giveUpAt = performance.now() + this.sessionWaitMs;
    for (;;) {
      if (this.lost) throw this.lost;
      try {
        this.sessions++;
        return await lostWith(this.connection, () => this.connection.exec(command));
      } catch (error) {
        this.sessions--;
        if (this.lost !== undefined) throw this.lost as Error;
        const leftMs = giveUpAt - performance.now();
        const oneJustEnded = performance.now() - this.lastEnd < afterwardsMs;
        if (leftMs <= 0 || (this.sessions === 0 && !oneJustEnded)) throw this.sessionRefused(error);
        await this.someSessionEnds(Math.min(leftMs, afterwardsMs / 5));
      }
    }
  }

  private async someSessionEnds(atMostMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, atMostMs);
      this.waiting.push(resolve);
    });
    clearTimeout(timer);
  }

  private wake(): void {
    this.waiting.splice(0).forEach((resolve) => resolve());
  }

  private async closeHops(): Promise<void> {
    for (const hop of [...this.hops].reverse()) await hop.close();
  }

  private noResult(code: ErrorCode, fault: Fault): PlacementError {
    return failure(this.connection.target, code, { action: `no result from ${this.host}`, ...fault });
  }

  private sessionRefused(error: unknown): PlacementError {
    return this.noResult("sessionRefused", {
      message: `the host takes no more sessions on this connection (${words(error)}; ${this.sessions} are open)`,
      remedies: [
        { do: `raise MaxSessions in sshd_config of ${nameOf(this.connection.target)} (default 10)` },
        { do: "lower maxOutgoing and maxIncoming of the host in the inventory" },
      ],
    });
  }

  private tookTooLong(command: string, deadlineMs: number): PlacementError {
    return this.noResult("commandTimeout", {
      message: `\`${shortened(command)}\` did not finish within ${deadlineMs / 1000} s`,
      remedies: [
        {
          do: "see why the host hangs (libvirtd or its storage), then run it again",
          commands: [{ host: this.host, command: "systemctl status libvirtd virtqemud" }, { command: "pulumi up" }],
        },
      ],
    });
  }

  private saidTooMuch(command: string): PlacementError {
    return this.noResult("unreadableAnswer", {
      message: `\`${shortened(command)}\` printed more than ${maxStdout / 2 ** 20} MiB`,
      remedies: [{ do: "run it on the host: no answer of libvirt's is so long" }],
    });
  }

  private endedWithoutStatus(command: string): PlacementError {
    return this.noResult("connectionLost", {
      message: `the host closed the session of \`${shortened(command)}\` without an exit status`,
      remedies: [runAgain("nothing is known of what the command did")],
    });
  }
}

/** ssh2 leaves requests unanswered when the connection goes down in the middle of one. */
function lostWith<T>(connection: Link, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = connection.onLost(() => reject(connection.lost!));
    Promise.resolve()
      .then(work)
      .then(resolve, reject)
      .finally(() => stopListening());
  });
}

/** Text from bytes; a character may be cut in two by the chunks it comes in. */
function pipe(stream: NodeJS.ReadableStream, onText: (text: string) => void): void {
  const decoder = new StringDecoder("utf8");
  const pass = (text: string) => text !== "" && onText(text);
  stream.on("data", (chunk: Buffer) => pass(decoder.write(chunk)));
  stream.on("end", () => pass(decoder.end()));
}

function shortened(command: string): string {
  const line = cleanLine(command);
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
