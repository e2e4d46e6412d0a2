import { connect } from "node:net";
import type { Duplex } from "node:stream";
import {
  BaseAgent,
  type IdentityCallback,
  OpenSSHAgent,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";

import type { KeySources } from "./key-sources";
import { Frames } from "./openssh/frames";
import { fingerprint, typeOfKey } from "./public-key";
import { readWire, wireString } from "./wire";

/** A running agent answers at once; one whose socket hangs must not hold up the connection. */
const answerMs = 5000;

/** The keys that an ssh agent holds. Rejects when it cannot be asked. Keys of kinds that ssh2 does not know are left out. */
export function agentKeys(socketPath: string): Promise<ParsedKey[]> {
  let socket: Duplex | undefined;
  const agent = new OpenSSHAgent(socketPath);
  const open = agent.getStream.bind(agent);
  agent.getStream = (cb) => open((error, stream) => ((socket = stream), cb(error, stream)));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error("it does not answer"));
      socket?.destroy();
    }, answerMs);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      if (error) return reject(new Error("it cannot be asked"));
      // Parsed already, whatever their type says.
      resolve((keys ?? []) as ParsedKey[]);
    });
  });
}

/** What ssh offers of an agent and ssh2 does not. */
export interface OnlyForSsh {
  /** ssh offers a certificate that is only in the agent, where all of the agent's keys are offered. */
  certificate: boolean;
  /** The same for keys in security keys (FIDO): fingerprints of those that the agent holds. */
  securityKeys: string[];
}

/** An agent that does not answer offers nothing. */
export async function onlyForSsh({ agentSocket, identitiesOnly, namedBy, accepted }: KeySources): Promise<OnlyForSsh> {
  if (agentSocket === undefined || identitiesOnly || namedBy === "inventory")
    return { certificate: false, securityKeys: [] };
  const blobs = await blobsInAgent(agentSocket);
  const ofSecurityKeys = blobs.filter((blob) => /^sk-(?!.*-cert-v\d\d@)/.test(typeOfKey(blob)));
  return {
    certificate: blobs.some((blob) => /-cert-v\d\d@openssh\.com$/.test(typeOfKey(blob))),
    securityKeys: ofSecurityKeys
      .filter((blob) => accepted.includes(typeOfKey(blob)))
      .map((blob) => `${typeOfKey(blob)} ${fingerprint(blob)}`),
  };
}

/** Of all its keys, those of kinds that ssh2 does not know too. (REQUEST_IDENTITIES 11, IDENTITIES_ANSWER 12.) */
function blobsInAgent(socketPath: string): Promise<Buffer[]> {
  return new Promise((resolve) => {
    const socket = connect(socketPath, () => socket.write(wireString(Buffer.from([11]))));
    const finish = (blobs: Buffer[]) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(blobs);
    };
    const timer = setTimeout(() => finish([]), answerMs);
    const frames = new Frames((frame) => finish(blobsIn(frame) ?? []));
    socket.on("data", (chunk: Buffer) => frames.add(chunk) || finish([]));
    socket.on("error", () => finish([])).on("close", () => finish([]));
  });
}

const blobsIn = (answer: Buffer) =>
  readWire(answer, (reader) => {
    reader.demand(reader.byte() === 12);
    const blobs: Buffer[] = [];
    for (let left = reader.uint32(); left > 0; left--) {
      blobs.push(reader.string());
      reader.string();
    }
    return blobs;
  });

/** One key of an agent: keys are offered one by one, in the order decided here and not in the agent's. */
export class AgentKey extends BaseAgent<ParsedKey> {
  private readonly agent: OpenSSHAgent;

  constructor(
    socketPath: string,
    private readonly key: ParsedKey,
  ) {
    super();
    this.agent = new OpenSSHAgent(socketPath);
  }

  getIdentities(cb: IdentityCallback<ParsedKey>): void {
    cb(undefined, [this.key]);
  }

  sign(key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, cb?: SignCallback): void {
    if (typeof options === "function") this.agent.sign(key, data, options);
    else this.agent.sign(key, data, options, cb);
  }
}
