import { StringDecoder } from "node:string_decoder";
import type { PlacementError } from "../core/errors";
import type { ExecOptions, ExecResult, ProcessListeners, RemoteProcess, Shell } from "../core/ports";
import { Head, HeadAndTail, maxStdout } from "./bounded";
import type { Link, RemoteChannel } from "./link";
import { NoResult } from "./shell-failures";

/** sshd counts a session for a moment after it told us of its end: for so long a refusal may be out of date. */
const afterwardsMs = 500;

const maxStderr = 64 * 1024;
/** Longer than any question takes, libvirt's wait for a job lock (30 s) with it. */
const defaultDeadlineMs = 60_000;

/** So many sessions are few: more that are in use do not all last, and one of them is waited for longer. */
const fewSessions = 4;

/** Of a host that takes one session on each: two virsh sessions, and as many migrations as it may have. */
const mostConnections = 12;

/** A connection, and those of the jump hosts on the way. */
export interface Way {
  link: Link;
  hops: readonly Pick<Link, "close">[];
}

/**
 * Commands over one connection, and over further ones where the host takes too few sessions on one (MaxSessions); closing it closes the
 * jump hosts' connections too.
 */
export class SshShell implements Shell {
  readonly host: string;
  readonly user: string;
  /** Open or being opened. */
  private sessions = 0;
  /** Open on the first connection. */
  private onFirst = 0;
  private lastEnd = -Infinity;
  private waiting: (() => void)[] = [];
  private readonly connection: Link;
  private readonly noResult: NoResult;
  private further: Way[] = [];
  private beingOpened: Promise<void> | undefined;
  sessionsPerConnection: number | undefined;

  constructor(
    private readonly way: Way,
    private readonly sessionWaitMs: number,
    /** Opens another connection to the host. */
    private readonly another: () => Promise<Way>,
  ) {
    const connection = way.link;
    this.connection = connection;
    this.noResult = new NoResult(connection.target);
    this.host = connection.target.host;
    this.user = connection.target.user;
    connection.onLost(() => {
      this.wake();
      void this.closeOthers();
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
    await this.closeOthers();
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
      if (bounded) timer = setTimeout(() => giveUp(this.noResult.tookTooLong(command, deadlineMs)), deadlineMs);
      const run = async (): Promise<void> => {
        const [stdout, stderr] = [new Head(maxStdout), new HeadAndTail(maxStderr)];
        const process = await this.spawn(command, {
          stdout: (chunk) => {
            if (over) return;
            stdout.add(chunk);
            if (stdout.full && bounded) giveUp(this.noResult.saidTooMuch(command));
          },
          stderr: (chunk) => stderr.add(chunk),
        });
        if (over) return process.destroy();
        running = process;
        if (input !== undefined) process.write(input);
        process.end();
        const { code, signal } = await process.exit;
        if (code === null && signal === null) throw this.lost ?? this.noResult.endedWithoutStatus(command);
        resolve({ code, signal, stdout: stdout.text, stderr: stderr.text });
      };
      run()
        .catch(reject)
        .finally(() => clearTimeout(timer));
    });
  }

  async spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    const { channel, link } = await this.channelFor(command);
    if (link === this.connection) this.onFirst++;
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
        if (link === this.connection) this.onFirst--;
        this.lastEnd = performance.now();
        this.wake();
        resolve({ code, signal });
      };
      const stopListening = link.onLost(() => setImmediate(() => finish(null, null)));
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

  /**
   * A host takes a limited number of sessions per connection (sshd's MaxSessions, 10): wait a moment for one of ours to end, and open
   * another connection where none does.
   */
  private async channelFor(command: string): Promise<{ channel: RemoteChannel; link: Link }> {
    const startedAt = performance.now();
    for (;;) {
      if (this.lost) throw this.lost;
      this.sessions++;
      const opened = await this.openChannel(command);
      if ("channel" in opened) return opened;
      this.sessions--;
      if (this.lost !== undefined) throw this.lost as Error;
      const waitedMs = performance.now() - startedAt;
      const leftMs = this.sessionWaitMs - waitedMs;
      const oneJustEnded = performance.now() - this.lastEnd < afterwardsMs;
      if (leftMs <= 0 || (this.sessions === 0 && !oneJustEnded))
        throw this.noResult.sessionRefused(opened.refusal, this.sessions);
      const patienceMs = this.sessions <= fewSessions ? afterwardsMs : this.sessionWaitMs / 2;
      if (waitedMs > patienceMs && this.sessions > 0) await this.openAnother();
      else await this.someSessionEnds(Math.min(leftMs, afterwardsMs / 5));
    }
  }

  /** On the first connection that has room. */
  private async openChannel(command: string): Promise<{ channel: RemoteChannel; link: Link } | { refusal: unknown }> {
    let refusal: unknown;
    for (const { link } of [this.way, ...this.further]) {
      try {
        return { channel: await lostWith(link, () => link.exec(command)), link };
      } catch (error) {
        if (this.lost !== undefined) return { refusal: error };
        if (link.lost === undefined) refusal ??= error;
      }
    }
    return { refusal };
  }

  /** For all that wait for it; where it does not come about, they wait on. */
  private openAnother(): Promise<void> {
    // sshd may still count one that has just ended.
    this.sessionsPerConnection ??= Math.max(1, this.onFirst);
    if (1 + this.further.length >= mostConnections) return this.someSessionEnds(afterwardsMs / 5);
    this.beingOpened ??= this.another()
      .then((way) => {
        if (!this.alive) return void closeWay(way);
        this.further.push(way);
        way.link.onLost(() => (this.further = this.further.filter((each) => each !== way)));
      })
      .catch(() => this.someSessionEnds(afterwardsMs / 5))
      .finally(() => (this.beingOpened = undefined));
    return this.beingOpened;
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

  private async closeOthers(): Promise<void> {
    await Promise.all([...this.further.splice(0).map(closeWay), closeHops(this.way)]);
  }
}

async function closeWay(way: Way): Promise<void> {
  await way.link.close();
  await closeHops(way);
}

async function closeHops({ hops }: Way): Promise<void> {
  for (const hop of [...hops].reverse()) await hop.close();
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
