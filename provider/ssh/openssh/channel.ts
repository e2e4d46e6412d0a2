import { Duplex, Readable } from "node:stream";
import { readWire, wireString } from "../wire";
import { uint32s } from "./frames";

/** Messages of the ssh connection protocol (RFC 4254) about an open channel. */
const adjustWindow = 93;
const data = 94;
const extendedData = 95;
const endOfFile = 96;
const close = 97;
const request = 98;
/** The answer to what sshd asks to see whether we are there (ClientAliveInterval). */
const requestFailed = 100;

/** How many bytes a host may send before we have taken the first of them. */
export const windowBytes = 2 ** 21;

interface Remote {
  id: number;
  window: number;
  maxPacket: number;
}

/** One running command over a master's connection. */
export class Channel extends Duplex {
  readonly stderr = new Readable({ read: () => {} });
  private code: number | null = null;
  private signal: string | null = null;
  private closeSent = false;
  private over = false;
  /** Bytes that were taken since the host was last told. */
  private taken = 0;
  /** Bytes that the host may not send again before somebody reads. */
  private held = 0;
  private readonly waiting: { bytes: Buffer; done: () => void }[] = [];

  constructor(
    private readonly remote: Remote,
    private readonly send: (packet: Buffer) => void,
    private readonly onOver: () => void,
  ) {
    super({ autoDestroy: false, emitClose: false });
  }

  receive(type: number, body: Buffer): void {
    if (type === adjustWindow) {
      this.remote.window += readWire(body, (reader) => reader.uint32()) ?? 0;
      this.flush();
    } else if (type === data) {
      const bytes = readWire(body, (reader) => reader.string()) ?? Buffer.alloc(0);
      if (this.destroyed || this.push(bytes)) this.consume(bytes.length);
      else this.held += bytes.length;
    } else if (type === extendedData) {
      const bytes = readWire(body, (reader) => (reader.uint32(), reader.string())) ?? Buffer.alloc(0);
      this.stderr.push(bytes);
      this.consume(bytes.length);
    } else if (type === request) readWire(body, (reader) => this.handle(reader.text(), reader.bytesOf(reader.left)));
    else if (type === close) this.finish();
  }

  override _read(): void {
    this.consume(this.held);
    this.held = 0;
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.waiting.push({ bytes, done });
    this.flush();
  }

  override _final(done: () => void): void {
    this.say(endOfFile);
    done();
  }

  override _destroy(_error: Error | null, done: () => void): void {
    this.sendClose();
    done();
  }

  private handle(what: string, body: Buffer): void {
    if (what === "exit-status") this.code = readWire(body, (reader) => (reader.byte(), reader.uint32())) ?? null;
    else if (what === "exit-signal") {
      const signal = readWire(body, (reader) => (reader.byte(), reader.text()));
      if (signal !== undefined) this.signal = `SIG${signal}`;
    } else if (body[0] === 1) this.say(requestFailed);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.sendClose();
    this.onOver();
    const end = () => this.emit("close", this.code, this.signal);
    // What was printed last may still be on its way to the reader.
    if (this.destroyed) setImmediate(end);
    else this.once("end", end);
    if (!this.destroyed) this.push(null);
    this.stderr.push(null);
    for (const { done } of this.waiting.splice(0)) done();
  }

  private consume(bytes: number): void {
    this.taken += bytes;
    if (this.taken < windowBytes / 2) return;
    this.say(adjustWindow, this.taken);
    this.taken = 0;
  }

  private flush(): void {
    while (this.waiting.length > 0 && this.remote.window > 0) {
      const first = this.waiting[0]!;
      const part = first.bytes.subarray(0, Math.min(this.remote.window, this.remote.maxPacket));
      this.remote.window -= part.length;
      first.bytes = first.bytes.subarray(part.length);
      if (!this.closeSent) this.send(Buffer.concat([Buffer.from([data]), uint32s(this.remote.id), wireString(part)]));
      if (first.bytes.length > 0) continue;
      this.waiting.shift();
      first.done();
    }
  }

  private sendClose(): void {
    this.say(close);
    this.closeSent = true;
  }

  private say(type: number, ...numbers: number[]): void {
    if (!this.closeSent) this.send(Buffer.concat([Buffer.from([type]), uint32s(this.remote.id, ...numbers)]));
  }
}
