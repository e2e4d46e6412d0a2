import { readWire, wireString } from "../wire";
import { Channel, windowBytes } from "./channel";
import { uint32s } from "./frames";

/** Messages of the ssh connection protocol (RFC 4254). */
const opened = 91;
const notOpened = 92;
const succeeded = 99;
const failed = 100;
const openChannel = Buffer.from([90]);
const channelRequest = Buffer.from([98]);

const maxPacketBytes = 2 ** 15;

/** Sessions over one connection. */
export class Channels {
  private readonly channels = new Map<number, Channel>();
  private readonly answers = new Map<number, (type: number, body: Buffer) => void>();
  private next = 0;

  constructor(private readonly send: (packet: Buffer) => void) {}

  /** Rejects with the host's words when it takes no more sessions. */
  async exec(command: string): Promise<Channel> {
    const id = this.next++;
    const answer = this.answerTo(id);
    this.send(Buffer.concat([openChannel, wireString("session"), uint32s(id, windowBytes, maxPacketBytes)]));
    const [type, body] = await answer;
    if (type === notOpened) {
      const why = readWire(body, (reader) => (reader.uint32(), reader.string().toString("utf8")));
      throw new Error(why === undefined || why === "" ? "open failed" : why);
    }
    const remote = readWire(body, (reader) => ({
      id: reader.uint32(),
      window: reader.uint32(),
      maxPacket: reader.uint32(),
    }))!;
    const channel = new Channel(remote, this.send, () => this.channels.delete(id));
    this.channels.set(id, channel);
    const started = this.answerTo(id);
    const request = [channelRequest, uint32s(remote.id), wireString("exec"), Buffer.from([1])];
    this.send(Buffer.concat([...request, wireString(Buffer.from(command, "utf8"))]));
    if ((await started)[0] === succeeded) return channel;
    channel.destroy();
    throw new Error("the host does not run commands in this account");
  }

  /** A packet from the host. One that cannot be read is passed over: the master vouches for the form of what it passes on. */
  receive(packet: Buffer): void {
    readWire(packet, (reader) => {
      const type = reader.byte();
      if (type < opened || type > failed) return;
      const id = reader.uint32();
      const body = reader.bytesOf(reader.left);
      if (type === opened || type === notOpened || type === succeeded || type === failed) {
        const answer = this.answers.get(id);
        this.answers.delete(id);
        answer?.(type, body);
      } else this.channels.get(id)?.receive(type, body);
    });
  }

  private answerTo(id: number): Promise<[type: number, body: Buffer]> {
    return new Promise((resolve) => this.answers.set(id, (type, body) => resolve([type, body])));
  }
}
