import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig } from "ssh2";
import { PlacementError } from "../core/errors";
import { AgentKey } from "./agent";
import { Connection } from "./connection";
import { type Credentials, credentialsFor, type Offer } from "./credentials";
import { hostAndPort } from "./destination";
import { failure, words } from "./failure";
import { hostKeyCheck, type Shown } from "./host-key";
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
      return await attempt(target, open, timing, credentials, algorithms, refusal);
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
        () => fail(unreachable(target, `it accepted the connection, but ${what} within ${ms / 1000} s`)),
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
        else fail(unreachable(target, handshakeWords(error)));
      })
      .on("close", () => {
        if (stage === "authentication") refused("it closed the connection");
        else fail(unreachable(target, "it closed the connection during the ssh handshake"));
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
        serverHostKey: serverHostKey as NonNullable<ConnectConfig["algorithms"]>["serverHostKey"] & string[],
      },
      hostVerifier: (key: Buffer) => {
        const algorithms = hostKeyAlgorithms();
        const error = algorithms
          ? refusal(key, { algorithms, address: transport instanceof Socket ? transport.remoteAddress : undefined })
          : unreachable(target, "the ssh handshake failed: its list of algorithms cannot be read");
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
      fail(unreachable(target, words(error)));
    }
  });
}

function noHostKeyAlgorithm(target: Target): PlacementError {
  return failure(
    target,
    "invalidInput",
    `HostKeyAlgorithms of ssh_config leaves none of those that are used here: ${target.hostKeyRules.algorithms}`,
    "allow one of ssh-ed25519, ecdsa-sha2-nistp256, -nistp384, -nistp521, rsa-sha2-512, rsa-sha2-256; certificates, security keys, ssh-rsa (SHA-1) and ssh-dss are not used",
    { phase: "configure" },
  );
}

function otherTypeForSsh(target: Target, type: string): PlacementError {
  return failure(
    target,
    "hostKeyUnknown",
    `ssh would be shown its ${type} key or a certificate of this key, which is not supported here or not in HostKeyAlgorithms of ssh_config`,
    `put the type of a plain key of the host first in HostKeyAlgorithms, or set hostKey of ${target.hop ?? target.host} in the inventory`,
  );
}

function handshakeWords(error: Error): string {
  return /no matching/.test(error.message)
    ? `no common way to talk ssh (${words(error)})`
    : `the ssh handshake failed: ${words(error)}`;
}

export function unreachable(target: Target, why: string, cause?: unknown): PlacementError {
  const next = /ENOTFOUND|EAI_/.test(why)
    ? `set the address of ${target.hop ?? target.host} in the inventory (or HostName in ssh_config) to a name or IP address that resolves here`
    : /ECONNREFUSED/.test(why)
      ? "start sshd there (`systemctl status sshd`), or set the port it listens on"
      : /common way/.test(why)
        ? "update sshd there, or allow one of ssh's current algorithms in its sshd_config"
        : `see that the host is up and that this computer may reach it: \`ssh -p ${target.port} ${target.user}@${target.address}\``;
  return failure(target, "hostUnreachable", `${hostAndPort(target.address, target.port)}: ${why}`, next, { cause });
}

interface Refused {
  tried: readonly Offer[];
  skipped: readonly string[];
  methods: readonly string[];
  partial: boolean;
  said: string | undefined;
}

function authRefused(target: Target, { tried, skipped, methods, partial, said }: Refused): PlacementError {
  const who = `${target.user}@${hostAndPort(target.address, target.port)}`;
  const labels = tried.map(({ label }) => label);
  const offered = labels.length > 0 ? `offered ${labels.join(", ")}` : "no key was offered";
  const left = skipped.length > 0 ? `; not offered: ${skipped.join(", ")}` : "";
  const wants =
    methods.length > 0 && !methods.includes("publickey") ? `; the host takes ${methods.join(", ")} only` : "";
  const why = `${who} lets none of the keys in${said === undefined ? "" : ` (${said})`}: ${offered}${left}${wants}`;
  return failure(target, "authRefused", why, nextAfterRefusal(target, tried, { skipped, methods, partial, said }));
}

function nextAfterRefusal(target: Target, tried: readonly Offer[], facts: Omit<Refused, "tried">): string {
  const name = target.hop ?? target.host;
  if (facts.partial) return "the host wants a second factor besides the key; let this account in with a key alone";
  if (facts.said !== undefined && tried.length > 1) {
    return `hosts let only a few keys be tried (MaxAuthTries): set agent: false and identityFile of ${name}, or IdentitiesOnly yes in ssh_config`;
  }
  if (facts.methods.length > 0 && !facts.methods.includes("publickey")) {
    return "set PubkeyAuthentication yes in its sshd_config: passwords are not used here";
  }
  if (tried.length === 0) {
    return `give ${name} a key: identityFile or privateKey in the inventory, IdentityFile in ssh_config, or a key in the ssh agent`;
  }
  return `add the public key of one of them to ~/.ssh/authorized_keys of ${target.user} there, or set user and identityFile of ${name}`;
}
