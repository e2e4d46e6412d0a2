import type { Duplex } from "node:stream";
import { readWire } from "./wire";

/** OpenSSH's limits: 1024 lines of 8192 bytes before its own, and packets of 256 KiB. */
const mostGreeting = 64 * 1024;
const mostPacket = 256 * 1024;
const kexInit = 20;

/**
 * Listens to the start of a connection for the host key algorithms that the host has, certificates too: ssh2 tells only the one that was
 * agreed on. Call it before anything reads from the transport; the answer is there before the host's key is.
 */
export function hostKeyAlgorithmsOf(transport: Duplex): () => readonly string[] | undefined {
  let start: Buffer = Buffer.alloc(0);
  let algorithms: readonly string[] | undefined;
  const listen = (chunk: Buffer) => {
    start = Buffer.concat([start, chunk]);
    const read = readHostKeyAlgorithms(start);
    if (read === "incomplete" && start.length <= mostGreeting + mostPacket) return;
    if (read !== "incomplete") algorithms = read;
    transport.removeListener("data", listen);
  };
  transport.on("data", listen);
  return () => algorithms;
}

/** From what a host sends first: its greeting and its first packet (RFC 4253, sections 4.2 and 7.1). */
function readHostKeyAlgorithms(start: Buffer): readonly string[] | undefined | "incomplete" {
  const at = afterGreeting(start);
  if (at === undefined || start.length < at + 6) return "incomplete";
  const length = start.readUInt32BE(at);
  if (length > mostPacket || start[at + 5] !== kexInit) return undefined;
  if (start.length < at + 4 + length) return "incomplete";
  return readWire(start.subarray(at + 4, at + 4 + length), (reader) => {
    // padding length, message number, cookie, list of key exchange methods
    reader.bytesOf(18);
    reader.string();
    return reader.text().split(",");
  });
}

/** Lines that do not begin with "SSH-" may come before the one that does. */
function afterGreeting(start: Buffer): number | undefined {
  for (let from = 0; ;) {
    const end = start.indexOf(0x0a, from);
    if (end < 0) return undefined;
    if (start.toString("latin1", from, from + 4) === "SSH-") return end + 1;
    from = end + 1;
  }
}
