import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type AuthHandlerMiddleware, Client, type ConnectConfig } from "ssh2";
import type { PlacementError } from "../core/errors";
import { AgentKey } from "./agent";
import { authRefused, handshakeFault, unreachable } from "./connect-failures";
import { Connection } from "./connection";
import type { Credentials, Offer } from "./credentials";
import { dropped, firstWords, isDropped } from "./dropped";
import { words } from "./failure";
import type { Shown } from "./host-key";
import { hostKeyAlgorithmsOf } from "./kex-init";
import { userCertificate } from "./needs-openssh";
import type { Target } from "./target";

export interface Timing {
  connectTimeoutMs: number;
  keepaliveIntervalMs: number;
  keepaliveCountMax: number;
}

/** A byte stream to the target: a TCP connection, or a channel of the hop before it. */
export type OpenTransport = (timeoutMs: number) => Promise<Duplex>;

/** What one connection is made with. */
interface Asked {
  target: Target;
  timing: Timing;
  credentials: Credentials;
  /** Host key algorithms to negotiate. */
  serverHostKey: string[];
  /** Undefined: this is the host's key. */
  refusal: (key: Buffer, shown: Shown) => PlacementError | undefined;
}

/** An agent may ask its user, and a host may look up this one's name: both take longer than a greeting. */
const authenticationMs = 30_000;

/** One connection, from its greeting to the login. */
export async function attempt(asked: Asked, open: OpenTransport): Promise<Connection> {
  const timeoutMs = asked.target.connectTimeoutMs ?? asked.timing.connectTimeoutMs;
  const transport = await open(timeoutMs);
  return new Promise((resolve, reject) => new Attempt(asked, transport, timeoutMs, { resolve, reject }).start());
}

class Attempt {
  private readonly client = new Client();
  private readonly received: () => string;
  private readonly hostKeyAlgorithms: ReturnType<typeof hostKeyAlgorithmsOf>;
  private readonly keys: Offering;
  private greeted = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly asked: Asked,
    private readonly transport: Duplex,
    private readonly timeoutMs: number,
    private readonly settle: { resolve(connection: Connection): void; reject(error: PlacementError): void },
  ) {
    this.received = firstWords(transport);
    this.hostKeyAlgorithms = hostKeyAlgorithmsOf(transport);
    this.keys = new Offering(asked.target, asked.credentials);
  }

  start(): void {
    const { client } = this;
    client
      .on("handshake", () => {
        this.greeted = true;
        this.expect(Math.max(this.timeoutMs, authenticationMs), "authentication did not finish");
      })
      .on("ready", () => {
        clearTimeout(this.timer);
        client.removeAllListeners("error").removeAllListeners("close").removeAllListeners("end");
        this.settle.resolve(new Connection(this.asked.target, client, this.transport));
      })
      .on("error", (error: Error & { level?: string }) => this.onError(error))
      .on("close", () => this.onClose());
    this.expect(this.timeoutMs, "no ssh handshake came");
    try {
      client.connect(this.config());
    } catch (error) {
      this.fail(unreachable(this.asked.target, { message: words(error) }));
    }
  }

  private fail(error: PlacementError): void {
    clearTimeout(this.timer);
    // ssh2 emits more errors while it goes down; without a listener each would end the process.
    this.client.removeAllListeners().on("error", () => {});
    this.transport.destroy();
    this.settle.reject(error);
  }

  private expect(ms: number, what: string): void {
    clearTimeout(this.timer);
    const message = `it accepted the connection, but ${what} within ${ms / 1000} s`;
    this.timer = setTimeout(() => this.fail(unreachable(this.asked.target, { message })), ms);
  }

  private onError(error: Error & { level?: string }): void {
    const { target } = this.asked;
    if (error.message === "All configured authentication methods failed") this.fail(this.keys.refused());
    // A key that cannot sign (agent gone, key removed): ssh2 goes on to the next by itself.
    else if (error.level === "agent" || error.level === "client-authentication") this.keys.passOver();
    else if (/too many auth/i.test(error.message)) this.fail(this.keys.refused(words(error)));
    else this.fail(isDropped(this.received()) ? dropped(target) : unreachable(target, handshakeFault(error)));
  }

  private onClose(): void {
    const { target } = this.asked;
    if (this.greeted) this.fail(this.keys.refused(undefined, true));
    else if (isDropped(this.received())) this.fail(dropped(target));
    else this.fail(unreachable(target, { message: "it closed the connection during the ssh handshake" }));
  }

  private config(): ConnectConfig {
    const { target, timing, serverHostKey } = this.asked;
    return {
      sock: this.transport,
      username: target.user,
      readyTimeout: 0,
      keepaliveInterval: target.keepaliveIntervalMs ?? timing.keepaliveIntervalMs,
      keepaliveCountMax: target.keepaliveCountMax ?? timing.keepaliveCountMax,
      algorithms: {
        ...target.proposal,
        serverHostKey: serverHostKey as NonNullable<ConnectConfig["algorithms"]>["serverHostKey"] & string[],
      },
      hostVerifier: (key: Buffer) => this.isTheHost(key),
      authHandler: this.keys.next,
    };
  }

  private isTheHost(key: Buffer): boolean {
    const { target, refusal } = this.asked;
    const algorithms = this.hostKeyAlgorithms();
    const address = this.transport instanceof Socket ? this.transport.remoteAddress : undefined;
    const error = algorithms
      ? refusal(key, { algorithms, address })
      : unreachable(target, { message: "the ssh handshake failed: its list of algorithms cannot be read" });
    if (error) this.fail(error);
    return error === undefined;
  }
}

/** The keys, offered one by one, and what the host said to them. */
class Offering {
  private readonly tried: Offer[] = [];
  private readonly queue: Offer[];
  private methods: readonly string[] = [];
  private partial = false;

  constructor(
    private readonly target: Target,
    private readonly credentials: Credentials,
  ) {
    this.queue = [...credentials.offers];
  }

  readonly next: AuthHandlerMiddleware = (left, partly, next) => {
    const username = this.target.user;
    // The first question is always "none": it tells which methods the host takes.
    if (left === null) return next({ type: "none", username });
    this.methods = left.slice(0, 8).map((method) => words(method));
    this.partial ||= partly === true;
    const offer = left.includes("publickey") ? this.queue.shift() : undefined;
    if (!offer) return next(false as never);
    this.tried.push(offer);
    next(
      offer.agentSocket === undefined
        ? { type: "publickey", username, key: offer.key }
        : { type: "agent", username, agent: new AgentKey(offer.agentSocket, offer.key) },
    );
  };

  /** The last one could not sign. */
  passOver(): void {
    this.credentials.skipped.push(`${this.tried.pop()?.label ?? "a key"} (could not sign)`);
  }

  refused(said?: string, closed = false): PlacementError {
    const { tried, methods, partial } = this;
    const { skipped, certificateInAgent, securityKeyInAgent: securityKeyLeft } = this.credentials;
    const certificateLeft = certificateInAgent || this.target.needsOpenSsh.includes(userCertificate);
    return authRefused(this.target, {
      tried,
      skipped,
      methods,
      partial,
      said,
      closed,
      certificateLeft,
      securityKeyLeft,
    });
  }
}
