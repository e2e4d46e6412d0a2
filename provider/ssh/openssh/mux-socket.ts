import { connect, type Socket } from "node:net";
import { readWire, wireString } from "../wire";
import { Frames, uint32s } from "./frames";

/** Messages of OpenSSH's PROTOCOL.mux. */
const message = {
  hello: 0x00000001,
  aliveCheck: 0x10000004,
  terminate: 0x10000005,
  proxy: 0x1000000f,
  alive: 0x80000005,
  proxied: 0x8000000f,
};
const protocolVersion = 4;

/** A master that hangs must not hold up the run. */
const answerMs = 5000;

/**
 * A connection to the socket of a master. The master ends by itself a while after the last of these is closed (ControlPersist), so it does not
 * outlive this process.
 */
export class MuxSocket {
  /** Whether the master closed it, or it was closed from here. */
  closed = false;
  private onFrame: (frame: Buffer) => void = () => {};
  private readonly closeListeners = new Set<() => void>();

  private constructor(private readonly socket: Socket) {
    const frames = new Frames((frame) => this.onFrame(frame));
    socket.on("data", (chunk: Buffer) => frames.add(chunk) || socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      for (const listener of this.closeListeners) listener();
    });
  }

  /** Rejects when nobody listens there, or nobody who speaks the protocol. */
  static async open(path: string): Promise<MuxSocket> {
    const mux = new MuxSocket(connect(path));
    const greeting = mux.answer();
    mux.send(uint32s(message.hello, protocolVersion));
    const version = readWire(await greeting, (reader) => (reader.uint32() === message.hello ? reader.uint32() : 0));
    if (version === protocolVersion) return mux;
    mux.close();
    throw new Error("the ssh master speaks another version of its protocol");
  }

  onClose(listener: () => void): void {
    if (this.closed) listener();
    else this.closeListeners.add(listener);
  }

  /** The master's process id. */
  async pid(): Promise<number | undefined> {
    const answer = this.answer();
    this.send(uint32s(message.aliveCheck, 1));
    return readWire(await answer, (reader) => {
      reader.demand(reader.uint32() === message.alive);
      reader.uint32();
      return reader.uint32();
    });
  }

  /** From here on the socket carries packets of the ssh connection protocol, in clear: the master encrypts and passes them on. */
  async proxy(onPacket: (packet: Buffer) => void): Promise<(packet: Buffer) => void> {
    const answer = this.answer();
    this.send(uint32s(message.proxy, 2));
    const type = readWire(await answer, (reader) => reader.uint32());
    if (type !== message.proxied) throw new Error("the ssh master does not proxy its connection");
    // In front of each packet stands the number of its padding bytes, of which there are none.
    this.onFrame = (frame) => onPacket(frame.subarray(1));
    return (packet) => this.send(Buffer.concat([Buffer.alloc(1), packet]));
  }

  /** Asks the master to end. */
  terminate(): void {
    this.send(uint32s(message.terminate, 3));
  }

  close(): void {
    this.socket.destroy();
  }

  private send(body: Buffer): void {
    if (this.socket.writable) this.socket.write(wireString(body));
  }

  private answer(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        this.socket.destroy();
        reject(new Error("the ssh master does not answer on its socket"));
      };
      const timer = setTimeout(fail, answerMs);
      this.closeListeners.add(fail);
      this.onFrame = (frame) => {
        clearTimeout(timer);
        this.closeListeners.delete(fail);
        this.onFrame = () => {};
        resolve(Buffer.from(frame));
      };
    });
  }
}
