import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import type { PlacementError } from "../core/errors";
import { hostAndPort } from "../core/destination";
import { failure, runAgain, words } from "./failure";
import type { Link } from "./link";
import type { Target } from "./target";

/** How long a host may take to answer our goodbye. */
const goodbyeMs = 500;

/** An open connection and its end: whatever happens to it is handled here, and nothing is ever an unhandled 'error' event. */
export class Connection implements Link {
  /** Why the connection is gone; undefined while it is there. */
  lost: PlacementError | undefined;
  private readonly listeners = new Set<() => void>();
  private closing: Promise<void> | undefined;
  private readonly closed: Promise<void>;

  constructor(
    readonly target: Target,
    private readonly client: Client,
    private readonly transport: Duplex,
  ) {
    this.closed = new Promise((resolve) => client.once("close", resolve));
    // A client in trouble says so several times; the first words are the reason.
    client.on("error", (error: Error) => this.lose(words(error)));
    client.on("end", () => this.lose("the host ended it"));
    client.on("close", () => this.lose("it was closed"));
  }

  /** Called once, at once when the connection is already gone. Returns how to take it back. */
  onLost(listener: () => void): () => void {
    if (this.lost) listener();
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** A channel that runs a command. Rejects with ssh2's error. */
  exec(command: string): Promise<ClientChannel> {
    return new Promise((resolve, reject) =>
      this.client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel))),
    );
  }

  /** A byte stream from there to another address. Rejects with ssh2's error. */
  forward(address: string, port: number): Promise<Duplex> {
    return new Promise((resolve, reject) =>
      this.client.forwardOut("127.0.0.1", 0, address, port, (error, channel) =>
        error ? reject(error) : resolve(channel),
      ),
    );
  }

  /** Idempotent; afterwards neither a socket nor a timer is left. */
  close(): Promise<void> {
    this.closing ??= (async () => {
      const gone = this.lost !== undefined;
      this.lose("it was closed from here");
      if (gone) return;
      let timer: NodeJS.Timeout | undefined;
      this.client.end();
      await Promise.race([this.closed, new Promise((resolve) => (timer = setTimeout(resolve, goodbyeMs)))]);
      clearTimeout(timer);
      this.transport.destroy();
    })();
    return this.closing;
  }

  private lose(why: string): void {
    if (this.lost) return;
    this.lost = connectionLost(this.target, why);
    if (why !== "it was closed from here") this.transport.destroy();
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}

export function connectionLost(target: Target, why: string): PlacementError {
  return failure(target, "connectionLost", {
    action: `no result from ${target.host}`,
    message: `the ssh connection to ${hostAndPort(target.address, target.port)} was lost: ${why}`,
    remedies: [runAgain("nothing is known of what ran there meanwhile")],
  });
}
