import { createServer, type Socket } from "node:net";
import { AgentKey } from "../agent";
import type { Offer } from "../credentials";
import { readWire, wireNatural, wireString } from "../wire";
import { Frames, uint32s } from "./frames";

/** Messages of the agent protocol (draft-ietf-sshm-ssh-agent). */
const requestIdentities = 11;
const identities = 12;
const signRequest = 13;
const signResponse = 14;
const refusal = Buffer.from([5]);

/** How an RSA key is to sign, by the request's flags; without one it would be with SHA-1. */
const rsaHashes: Record<number, "sha256" | "sha512"> = { 2: "sha256", 4: "sha512" };

/**
 * An ssh agent on a socket of its own, for keys that ssh cannot have as a file: their text or passphrase is in the inventory, and no file and
 * no command line ever has it. (The agent of the package ssh2 loses count at the session-bind request, which ssh begins with.)
 */
export async function serveKeys(socketPath: string, offers: readonly Offer[]): Promise<{ close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    // ssh asks one thing at a time.
    const frames = new Frames((frame) => void answer(frame, offers).then((body) => socket.write(wireString(body))));
    socket.on("data", (chunk: Buffer) => frames.add(chunk) || socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  return {
    close: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

async function answer(frame: Buffer, offers: readonly Offer[]): Promise<Buffer> {
  if (frame[0] === requestIdentities) {
    const blobs = offers.flatMap(({ key }) => [wireString(key.getPublicSSH()), wireString("")]);
    return Buffer.concat([Buffer.from([identities]), uint32s(offers.length), ...blobs]);
  }
  const asked = readWire(frame, (reader) => {
    reader.demand(reader.byte() === signRequest);
    return { blob: reader.string(), data: reader.string(), flags: reader.uint32() };
  });
  const offer = asked && offers.find(({ key }) => key.getPublicSSH().equals(asked.blob));
  if (!offer) return refusal;
  const isRsa = offer.key.type === "ssh-rsa";
  const hash = rsaHashes[asked.flags];
  if (isRsa && hash === undefined) return refusal;
  try {
    const signature = await sign(offer, asked.data, isRsa ? hash : undefined);
    const algorithm = isRsa ? `rsa-sha2-${hash!.slice(3)}` : offer.key.type;
    return Buffer.concat([
      Buffer.from([signResponse]),
      wireString(Buffer.concat([wireString(algorithm), wireString(signature)])),
    ]);
  } catch {
    return refusal;
  }
}

function sign({ key, agentSocket }: Offer, data: Buffer, hash: "sha256" | "sha512" | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: unknown, signature: unknown) =>
      Buffer.isBuffer(signature) ? resolve(signature) : reject(new Error("it does not sign", { cause: error }));
    if (agentSocket !== undefined) {
      new AgentKey(agentSocket, key).sign(key, data, hash === undefined ? {} : { hash }, done);
      return;
    }
    const signature = key.sign(data, hash) as Buffer | Error;
    done(undefined, key.type.startsWith("ecdsa-") ? pairOf(signature) : signature);
  });
}

/** OpenSSL's form of an ECDSA signature (DER) in ssh's. */
function pairOf(der: Buffer | Error): Buffer | undefined {
  if (der instanceof Error) return undefined;
  return readWire(der, (reader) => {
    reader.demand(reader.byte() === 0x30);
    // The length of both: one byte, or behind 0x81 where it is above 127.
    if (reader.byte() === 0x81) reader.byte();
    const natural = () => {
      reader.demand(reader.byte() === 0x02);
      const digits = reader.bytesOf(reader.byte());
      const first = digits.findIndex((byte) => byte !== 0);
      return wireNatural(digits.subarray(Math.max(first, 0)));
    };
    return Buffer.concat([natural(), natural()]);
  });
}
