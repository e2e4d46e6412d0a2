import type { Duplex } from "node:stream";
import {
  BaseAgent,
  type IdentityCallback,
  OpenSSHAgent,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";

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
