/** Settings of a real sshd that a host may have, whichever ssh connects. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ErrorCode } from "../../../provider/core/errorCodes";
import { PlacementError } from "../../../provider/core/errors";
import type { Host } from "../../../provider/core/model";
import type { Shell } from "../../../provider/core/ports";
import { createDial, type DialOptions } from "../../../provider/ssh";
import { Virsh } from "../../../provider/virsh/client";
import { commandsOf } from "../../support/dialling";
import { type KeyFile, makeKeyFile, missingOpenSsh, startSshd } from "../../support/openssh";

describe("ssh: the settings of a real sshd", function () {
  this.timeout(60_000);
  let directory: string;
  let hostKey: KeyFile;
  let userKey: KeyFile;
  let files = 0;
  const atEnd: (() => unknown)[] = [];

  before(function () {
    const missing = missingOpenSsh();
    if (missing.length > 0) {
      console.log(`not tried with a real sshd: ${missing.join(", ")} not installed`);
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), "sshd-"));
    // sshd reads authorized_keys as the account that wants in.
    chmodSync(directory, 0o755);
    hostKey = makeKeyFile(directory, "host", "-t", "ed25519");
    userKey = makeKeyFile(directory, "user", "-t", "ed25519");
  });
  afterEach(async () => {
    for (const end of atEnd.splice(0).reverse()) await end();
  });
  after(() => directory && rmSync(directory, { recursive: true, force: true }));

  /** An sshd with these lines in its sshd_config, for the running test. Returns its port. */
  async function sshd(lines: readonly string[], options = ""): Promise<number> {
    const letIn = join(directory, `keys-${++files}`);
    writeFileSync(letIn, `${options}${userKey.line}\n`, { mode: 0o644 });
    const settings = [...lines, `AuthorizedKeysFile ${letIn}`, "PermitRootLogin yes"];
    const { port, stop } = await startSshd(directory, `sshd-${files}`, [hostKey], settings);
    atEnd.push(stop);
    return port;
  }

  const hostAt = (port: number, more: Partial<Host> = {}): Host => ({
    ...{ name: "kvm-a", address: "127.0.0.1", port, user: userInfo().username },
    ...{ identityFile: userKey.path, hostKey: hostKey.line, ...more },
  });

  for (const ssh of ["ssh2", "openssh"] as const) {
    async function dial(host: Host, more: Partial<DialOptions> = {}): Promise<Shell> {
      const around = { home: directory, env: {}, sshConfigFile: join(directory, "none") };
      const shell = await createDial({ inventory: undefined, ssh, ...around, ...more })(host);
      atEnd.push(() => shell.close());
      return shell;
    }

    async function failed(work: Promise<unknown>, code: ErrorCode, why: RegExp): Promise<PlacementError> {
      const error = await work.then(
        () => assert.fail("it did not fail"),
        (each: unknown) => each,
      );
      assert.ok(error instanceof PlacementError, String(error));
      assert.deepEqual([error.code, error.host], [code, "kvm-a"], error.message);
      assert.match(error.problem.message, why);
      return error;
    }

    describe(ssh, () => {
      describe("names what keeps the account from running commands", () => {
        /** The first question to libvirt. */
        const ask = async (host: Host) => new Virsh(await dial(host), "qemu:///system").domains();

        const forced: [what: string, lines: string[], options: string, why: RegExp][] = [
          ["ForceCommand", ["ForceCommand echo go away"], "", /ForceCommand.*"go away" and ended with code 0/],
          ["ForceCommand that fails", ["ForceCommand echo go away >&2; exit 3"], "", /"go away" and ended with code 3/],
          ["ForceCommand that prints nothing", ["ForceCommand true"], "", /ForceCommand.*printed nothing/],
          ["ForceCommand internal-sftp", ["ForceCommand internal-sftp"], "", /ForceCommand.*sftp connections only/],
          ["command= of the key", [], 'command="echo backup only",restrict ', /command=.*"backup only"/],
        ];
        for (const [what, lines, options, why] of forced) {
          it(what, async () => {
            const port = await sshd(lines, options);
            const error = await failed(ask(hostAt(port)), "sessionRefused", why);
            const commands = commandsOf(error);
            assert.ok(commands.some((command) => /^kvm-a: grep .*forcecommand/.test(command)));
            assert.ok(commands.some((command) => /^kvm-a: grep .*command= .*authorized_keys$/.test(command)));
          });
        }

        it("a login shell of nologin", async function () {
          // Nobody but root logs another account in.
          if (process.getuid?.() !== 0) this.skip();
          const error = await failed(
            ask(hostAt(await sshd([]), { user: "nobody" })),
            "sessionRefused",
            /nologin.*"This account is currently not available\."/,
          );
          assert.ok(commandsOf(error).includes("kvm-a: getent passwd nobody"));
        });

        it("a login shell that is no shell", async function () {
          if (process.getuid?.() !== 0) this.skip();
          const error = await failed(ask(hostAt(await sshd([]), { user: "sync" })), "sessionRefused", /login shell/);
          assert.ok(commandsOf(error).includes("kvm-a: getent passwd sync"));
        });
      });

      describe("MaxStartups", () => {
        for (const startups of ["1:100:1", "2:30:5"]) {
          it(`${startups}: all of six connections get in`, async () => {
            const port = await sshd([`MaxStartups ${startups}`]);
            const shells = await Promise.all(
              Array.from({ length: 6 }, () => dial(hostAt(port), { connectTimeoutMs: 30_000 })),
            );
            for (const shell of shells) assert.equal((await shell.exec("echo in")).stdout, "in\n");
          });
        }

        it("gets in when the others are gone", async () => {
          const port = await sshd(["MaxStartups 1:100:1"]);
          await occupied(port, 1000);
          const startedAt = performance.now();
          assert.equal((await (await dial(hostAt(port))).exec("echo in")).stdout, "in\n");
          assert.ok(performance.now() - startedAt > 500, "it was not kept out");
        });

        it("says so when they stay", async () => {
          const port = await sshd(["MaxStartups 1:100:1"]);
          await occupied(port, 60_000);
          const error = await failed(dial(hostAt(port), { connectTimeoutMs: 1000 }), "hostUnreachable", /MaxStartups/);
          assert.ok(error.problem.remedies.some((remedy) => /^raise MaxStartups .* of kvm-a/.test(remedy.do)));
        });
      });
    });
  }

  /** Somebody else's connection that never logs in. */
  async function occupied(port: number, forMs: number): Promise<void> {
    for (;;) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      const greeting = await new Promise<string>((resolve) => {
        socket.once("data", (data) => resolve(String(data))).once("close", () => resolve(""));
      });
      // The connection that found sshd listening may still be counted.
      if (!greeting.startsWith("SSH-")) continue;
      const timer = setTimeout(() => socket.destroy(), forMs);
      atEnd.push(() => (clearTimeout(timer), socket.destroy()));
      return;
    }
  }
});
