/** Connections that a host takes and ends before it greets: it has too many of them, or it wants none of ours for a while. */
import type { Duplex } from "node:stream";
import type { PlacementError } from "../core/errors";
import { tryIt, unreachable } from "./connect-failures";
import { nameOf } from "./failure";
import type { Target } from "./target";

const firstPauseMs = 250;
const longestPauseMs = 2000;
const mostReceived = 256;

const ofThisKind = new WeakSet<PlacementError>();

/** The first words of a host. Call it before anything reads from the transport. */
export function firstWords(transport: Duplex): () => string {
  let received = "";
  const listen = (chunk: Buffer) => {
    received = (received + chunk.toString("latin1")).slice(0, mostReceived);
    if (received.length >= mostReceived) transport.removeListener("data", listen);
  };
  transport.on("data", listen);
  return () => received;
}

/** sshd says why since 8.8, and on whom it has a penalty since 9.8. */
export const isDropped = (received: string): boolean =>
  received === "" || /^(Exceeded MaxStartups|Not allowed at this time)/.test(received);

export function dropped(target: Target): PlacementError {
  const error = unreachable(target, {
    message:
      "it closed the connection during the ssh handshake, before its greeting: its sshd has too many connections that are not logged in yet (MaxStartups), or this computer is banned there for a while (PerSourcePenalties, fail2ban)",
    remedies: [
      tryIt(target),
      { do: `raise MaxStartups in sshd_config of ${nameOf(target)} (default 10:30:100)` },
      { do: `end the ban of this computer on ${nameOf(target)}` },
    ],
  });
  ofThisKind.add(error);
  return error;
}

/** Tries again what ended with `dropped`, with longer and longer pauses, as long as no more than `timeoutMs` have passed. */
export async function againWhereDropped<T>(timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!ofThisKind.has(error as PlacementError) || performance.now() + pauseMs > giveUpAt) throw error;
      // Not all that were sent away come back at the same time.
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)));
    }
  }
}
