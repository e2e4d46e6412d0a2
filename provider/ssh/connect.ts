import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import { PlacementError } from "../core/errors";
import { AgentKey } from "./agent";
import { authRefused, handshakeFault, unreachable } from "./connect-failures";
import { Connection } from "./connection";
import { type Credentials, credentialsFor, type Offer } from "./credentials";
import { againWhereDropped, dropped, firstWords, isDropped } from "./dropped";
import { words } from "./failure";
import { hostKeyCheck, type Shown } from "./host-key";
import { noHostKeyAlgorithm, otherTypeForSsh } from "./host-key-failures";
import { keyTypeOf } from "./host-key-algorithms";
import { hostKeyAlgorithmsOf } from "./kex-init";
import { typeOfKey } from "./public-key";
import type { Target } from "./target";

export interface Timing {
  connectTimeoutMs: number;
  keepaliveIntervalMs: number;
  keepaliveCountMax: number;
}

/** A byte stream to the target: a TCP connection, or a channel of the hop before it. */
export type OpenTransport = (timeoutMs: number) => Promise<Duplex>;

/** An authenticated connection whose host key was verified. */
export async function connect(target: Target, open: OpenTransport, timing: Timing): Promise<Connection> {
  const check = hostKeyCheck(target);
  if (check.algorithms.length === 0) throw noHostKeyAlgorithm(target);
  const credentials = await credentialsFor(target);
  let { algorithms } = check;
  let mismatch: PlacementError | undefined;
  let typeForSsh: string | undefined;
  for (;;) {
    let offered: string | undefined;
    const refusal = (key: Buffer, shown: Shown) => {
      offered = typeOfKey(key);
      // Where ssh would be shown a certificate of another key, that key is the one to judge.
      typeForSsh = check.typeForSsh(key, shown);
      return typeForSsh === undefined ? check.refusal(key, shown) : otherTypeForSsh(target, typeForSsh);
    };
    try {
      return await againWhereDropped(target.connectTimeoutMs ?? timing.connectTimeoutMs, () =>
        attempt(target, open, timing, credentials, algorithms, refusal),
      );
    } catch (error) {
      // What went wrong with a second key type matters less than that the first key was not the pinned one.
      if (mismatch && offered === undefined) throw mismatch;
      const narrowed = algorithms.filter((algorithm) => keyTypeOf(algorithm) === typeForSsh);
      if (typeForSsh !== undefined && narrowed.length > 0 && narrowed.length < algorithms.length) {
        algorithms = narrowed;
        continue;
      }
      if (!(error instanceof PlacementError) || error.code !== "hostKeyChanged") throw error;
      mismatch ??= error;
      algorithms = algorithms.filter((algorithm) => keyTypeOf(algorithm) !== offered);
      if (!check.typeUnknown || algorithms.length === 0) throw mismatch;
    }
  }
}

async function attempt(
  target: Target,
  open: OpenTransport,
  timing: Timing,
  { offers, skipped }: Credentials,
  serverHostKey: string[],
  refusal: (key: Buffer, shown: Shown) => PlacementError | undefined,
): Promise<Connection> {
  const timeoutMs = target.connectTimeoutMs ?? timing.connectTimeoutMs;
  const transport = await open(timeoutMs);
  const received = firstWords(transport);
  const client = new Client();
  const tried: Offer[] = [];
  let methods: readonly string[] = [];
  let partial = false;
  let stage: "greeting" | "authentication" = "greeting";

  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const fail = (error: PlacementError) => {
      clearTimeout(timer);
      // ssh2 emits more errors while it goes down; without a listener each would end the process.
      client.removeAllListeners().on("error", () => {});
      transport.destroy();
      reject(error);
    };
    const expect = (ms: number, what: string) => {
      clearTimeout(timer);
      timer = setTimeout(
        () => fail(unreachable(target, { message: `it accepted the connection, but ${what} within ${ms / 1000} s` })),
        ms,
      );
    };
    const refused = (said?: string) => fail(authRefused(target, { tried, skipped, methods, partial, said }));

    client
      .on("handshake", () => {
        stage = "authentication";
        // An agent may ask its user, and a host may look up this one's name: both take longer than a greeting.
        expect(Math.max(timeoutMs, 30_000), "authentication did not finish");
      })
      .on("ready", () => {
        clearTimeout(timer);
        client.removeAllListeners("error").removeAllListeners("close").removeAllListeners("end");
        resolve(new Connection(target, client, transport));
      })
      .on("error", (error: Error & { level?: string }) => {
        const ended = error.message === "All configured authentication methods failed";
        if (ended) return refused();
        // A key that cannot sign (agent gone, key removed): ssh2 goes on to the next by itself.
        if (error.level === "agent" || error.level === "client-authentication") {
          skipped.push(`${tried.pop()?.label ?? "a key"} (could not sign)`);
        } else if (/too many auth/i.test(error.message)) refused(words(error));
        else fail(isDropped(received()) ? dropped(target) : unreachable(target, handshakeFault(error)));
      })
      .on("close", () => {
        if (stage === "authentication") refused("it closed the connection");
        else if (isDropped(received())) fail(dropped(target));
        else fail(unreachable(target, { message: "it closed the connection during the ssh handshake" }));
      });

    const queue = [...offers];
    const username = target.user;
    const config: ConnectConfig = {
      sock: transport,
      username,
      readyTimeout: 0,
      keepaliveInterval: target.keepaliveIntervalMs ?? timing.keepaliveIntervalMs,
      keepaliveCountMax: target.keepaliveCountMax ?? timing.keepaliveCountMax,
      algorithms: {
        ...target.proposal,
        serverHostKey: serverHostKey as NonNullable<ConnectConfig["algorithms"]>["serverHostKey"] & string[],
      },
      hostVerifier: (key: Buffer) => {
        const algorithms = hostKeyAlgorithms();
        const error = algorithms
          ? refusal(key, { algorithms, address: transport instanceof Socket ? transport.remoteAddress : undefined })
          : unreachable(target, { message: "the ssh handshake failed: its list of algorithms cannot be read" });
        if (error) fail(error);
        return error === undefined;
      },
      authHandler: (left, partly, next) => {
        // The first question is always "none": it tells which methods the host takes.
        if (left === null) return next({ type: "none", username });
        methods = left.slice(0, 8).map((method) => words(method));
        partial ||= partly === true;
        const offer = left.includes("publickey") ? queue.shift() : undefined;
        if (!offer) return next(false as never);
        tried.push(offer);
        next(
          offer.agentSocket === undefined
            ? { type: "publickey", username, key: offer.key }
            : { type: "agent", username, agent: new AgentKey(offer.agentSocket, offer.key) },
        );
      },
    };
    expect(timeoutMs, "no ssh handshake came");
    const hostKeyAlgorithms = hostKeyAlgorithmsOf(transport);
    try {
      client.connect(config);
    } catch (error) {
      fail(unreachable(target, { message: words(error) }));
    }
  });
}
