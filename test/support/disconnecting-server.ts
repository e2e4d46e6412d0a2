/** What answers in place of an ssh server before any host key is looked at: a version line and one DISCONNECT. */
import { createServer, type Socket } from "node:net";

export interface DisconnectingServer {
  port: number;
  close(): Promise<void>;
}

/** @param words UTF-8, or bytes that are none. */
export async function startDisconnectingServer(
  words: string | Buffer,
  version = "SSH-2.0-x",
): Promise<DisconnectingServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    socket.write(Buffer.concat([Buffer.from(`${version}\r\n`), disconnect(Buffer.from(words as string))]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** RFC 4253, 6 and 11.1: unencrypted, reason 2 (protocol error), the words, no language. */
function disconnect(words: Buffer): Buffer {
  const payload = Buffer.concat([Buffer.from([1]), uint32(2), uint32(words.length), words, uint32(0)]);
  const padding = 4 + ((8 - ((5 + payload.length + 4) % 8)) % 8);
  return Buffer.concat([uint32(1 + payload.length + padding), Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
