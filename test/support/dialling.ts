import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PlacementError } from "../../provider/core/errors";
import type { Host, Inventory } from "../../provider/core/model";
import type { Remedy } from "../../provider/core/problem";
import { createDial, type DialOptions } from "../../provider/ssh";
import {
  type Key,
  makeKey,
  type SshServer,
  type SshServerOptions,
  startAgent,
  startSshServer,
} from "../../lab/simulated/ssh";

export const passphrase = "correct horse";

/** Keys, a home of its own for each test, and servers and agents that end with it. Call it in a `describe`. */
export function dialling() {
  const keys = {
    ed: makeKey(),
    other: makeKey(),
    rsa: makeKey("rsa"),
    ecdsa: makeKey("ecdsa"),
    locked: makeKey("ed25519", passphrase),
  };
  const at = { home: "" };
  const closers: (() => Promise<unknown>)[] = [];

  beforeEach(() => void (at.home = mkdtempSync(join(tmpdir(), "ssh-home-"))));
  afterEach(async () => {
    await Promise.all(closers.splice(0).map((close) => close()));
    rmSync(at.home, { recursive: true, force: true });
  });

  /** A file below the home directory; a key's may be read by its owner only. */
  function write(path: string, text: string, mode = 0o600): string {
    const file = join(at.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
    return file;
  }

  async function server(options: SshServerOptions = {}): Promise<SshServer> {
    const started = await startSshServer(options);
    closers.push(() => started.close());
    return started;
  }

  /** A server whose host keys are in known_hosts. */
  async function known(options: SshServerOptions = {}): Promise<SshServer> {
    const started = await server(options);
    write(".ssh/known_hosts", started.knownHosts);
    return started;
  }

  async function agent(...held: Key[]): Promise<string> {
    const started = await startAgent(held, passphrase);
    closers.push(() => started.close());
    return started.socketPath;
  }

  async function dial(host: Host, options: Partial<DialOptions> & { inventory?: Inventory } = {}) {
    const shell = await createDial({
      inventory: undefined,
      home: at.home,
      env: {},
      localUser: "me",
      systemConfigFile: join(at.home, "none"),
      globalKnownHostsFiles: [join(at.home, "global")],
      connectTimeoutMs: 2000,
      ...options,
    })(host);
    closers.push(() => shell.close());
    return shell;
  }

  async function refusal(host: Host, options: Partial<DialOptions> = {}): Promise<PlacementError> {
    const error = await dial(host, options).then(
      () => assert.fail("it was let in"),
      (error: unknown) => error,
    );
    assert.ok(error instanceof PlacementError, String(error));
    noSecrets(error);
    return error;
  }

  /** Neither a private key's lines nor a passphrase, in the message or anything that hangs on the error. */
  function noSecrets(error: PlacementError): void {
    const everything = `${error.stack}\n${JSON.stringify(error)}\n${String(error.cause)}`;
    for (const key of Object.values(keys)) {
      for (const line of key.private
        .split("\n")
        .filter((text) => text.length > 20 && !text.startsWith("-----") && !key.public.includes(text))) {
        assert.ok(!everything.includes(line), "a line of a private key");
      }
    }
    assert.ok(!everything.includes("BEGIN OPENSSH"));
    assert.ok(!everything.includes(passphrase));
  }

  return {
    keys,
    /** The home directory of the running test. */
    home: () => at.home,
    /** Runs before the next test. */
    closeLater: (close: () => Promise<unknown>) => void closers.push(close),
    write,
    server,
    known,
    agent,
    dial,
    refusal,
  };
}

/** The host as the inventory has it; it is called kvm-a. */
export function kvmA({ port }: { port: number }, more: Partial<Host> = {}): Host {
  return { name: "kvm-a", address: "127.0.0.1", port, user: "root", ...more };
}

/** The commands of all remedies, each with where it is run: "kvm-a: systemctl start sshd". */
export function commandsOf({ problem }: PlacementError): string[] {
  return problem.remedies.flatMap((remedy: Remedy) =>
    (remedy.commands ?? []).map(({ host, command }) => `${host ?? "here"}: ${command}`),
  );
}

export async function eventually(holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 5) {
    assert.ok(waitedMs < 20_000, "it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
