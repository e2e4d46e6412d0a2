/** Settings of a real sshd that a host may have, whichever ssh connects. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { ErrorCode } from "../../../provider/core/errorCodes";
import { PlacementError } from "../../../provider/core/errors";
import type { Host, Inventory } from "../../../provider/core/model";
import type { Shell } from "../../../provider/core/ports";
import { createDial, type DialOptions } from "../../../provider/ssh";
import { Virsh } from "../../../provider/virsh/client";
import { commandsOf } from "../../support/dialling";
import {
  type KeyFile,
  makeKeyFile,
  missingOpenSsh,
  signUserKey,
  startRealAgent,
  startSshd,
} from "../../support/openssh";

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

  /** For an account that may not enter the directory of the keys. */
  const letInAnybody = () => [`AuthorizedKeysCommand /bin/echo ${userKey.line}`, "AuthorizedKeysCommandUser root"];

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
            ask(hostAt(await sshd(letInAnybody()), { user: "nobody" })),
            "sessionRefused",
            /nologin.*"This account is currently not available\."/,
          );
          assert.ok(commandsOf(error).includes("kvm-a: getent passwd nobody"));
        });

        it("a login shell that is no shell", async function () {
          if (process.getuid?.() !== 0) this.skip();
          const port = await sshd(letInAnybody());
          const error = await failed(ask(hostAt(port, { user: "sync" })), "sessionRefused", /login shell/);
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

        it("gets in behind a jump host too, when the others are gone", async () => {
          const port = await sshd(["MaxStartups 1:100:1"]);
          const { host, inventory } = behind(port, await sshd([]));
          const freed = occupied(port, 3000);
          await freed;
          const shell = await dial(host, { inventory, connectTimeoutMs: 20_000 });
          assert.equal((await shell.exec("echo in")).stdout, "in\n");
        });

        it("of a host behind a jump host is named when they stay", async () => {
          const port = await sshd(["MaxStartups 1:100:1"]);
          const { host, inventory } = behind(port, await sshd([]));
          await occupied(port, 60_000);
          const error = await failed(
            dial(host, { inventory, connectTimeoutMs: 3000 }),
            "hostUnreachable",
            /MaxStartups/,
          );
          assert.ok(error.problem.remedies.some((remedy) => /^raise MaxStartups .* of kvm-a/.test(remedy.do)));
        });
      });

      describe("a jump host", () => {
        const forbidding: [line: string, options?: string][] = [
          ["AllowTcpForwarding no"],
          ["DisableForwarding yes"],
          ["PermitOpen 192.0.2.1:22"],
          ["AllowTcpForwarding yes", "no-port-forwarding "],
        ];
        for (const [line, options] of forbidding) {
          it(`that does not connect on is named: ${line} ${options ?? ""}`, async () => {
            const { host, inventory } = behind(await sshd([]), await sshd([line], options));
            const error = await failed(
              dial(host, { inventory }),
              "hostUnreachable",
              /^127\.0\.0\.1:\d+: not reached from jump host gate: .*AllowTcpForwarding.*PermitOpen/,
            );
            const commands = commandsOf(error);
            assert.ok(
              commands.length > 0 && commands.every((command) => command.startsWith("gate: ")),
              String(commands),
            );
          });
        }

        it("that takes no session still connects on", async () => {
          const { host, inventory } = behind(await sshd([]), await sshd(["MaxSessions 0"]));
          assert.equal((await (await dial(host, { inventory })).exec("echo in")).stdout, "in\n");
        });

        it("that finds no sshd at the host says so, and where to try", async () => {
          const { host, inventory } = behind(1, await sshd([]));
          const error = await failed(
            dial(host, { inventory }),
            "hostUnreachable",
            /not reached from jump host gate: .*Connection refused$/,
          );
          assert.deepEqual(commandsOf(error), ["gate: nc -vz 127.0.0.1 1"]);
        });
      });

      describe("LoginGraceTime", () => {
        it("lets a login through that does not take so long", async () => {
          const port = await sshd(["LoginGraceTime 5"]);
          assert.equal((await (await dial(hostAt(port))).exec("echo in")).stdout, "in\n");
        });

        it("is named, with the log of sshd, where the agent takes longer", async () => {
          const agent = await slowAgent(4000);
          const { identityFile: _, ...host } = hostAt(await sshd(["LoginGraceTime 1"]), { agent });
          const error = await failed(dial(host), "authRefused", /closed the connection in the middle of the login/);
          assert.ok(commandsOf(error).includes("kvm-a: journalctl -u ssh -u sshd -n 50"));
          assert.ok(error.problem.remedies.some((remedy) => /LoginGraceTime/.test(remedy.do)));
        });
      });

      it("outlives ClientAliveInterval, idle and with a session", async () => {
        const port = await sshd(["ClientAliveInterval 1", "ClientAliveCountMax 1"]);
        const shell = await dial(hostAt(port));
        await new Promise((resolve) => setTimeout(resolve, 3500));
        assert.equal((await shell.exec("sleep 3; echo in")).stdout, "in\n");
        assert.equal(shell.alive, true);
      });
    });
  }

  describe("a user certificate that is only in an agent", () => {
    let certified: KeyFile;
    let port: number;
    let agent: string;
    const around = () => ({ home: directory, env: {}, sshConfigFile: join(directory, "none") });

    beforeEach(async () => {
      const authority = makeKeyFile(directory, `authority-${++files}`, "-t", "ed25519");
      certified = makeKeyFile(directory, `certified-${++files}`, "-t", "ed25519");
      signUserKey(authority, certified, [userInfo().username]);
      const held = await startRealAgent(directory, `agent-${++files}`, certified);
      atEnd.push(held.stop);
      agent = held.socketPath;
      // It knows no key by itself.
      port = await sshd([`TrustedUserCAKeys ${authority.path}.pub`, "AuthorizedKeysFile none"]);
    });

    const inAgent = (at: number, more: Partial<Host> = {}): Host => {
      const { identityFile: _, ...host } = hostAt(at, { agent, ...more });
      return host;
    };

    it("is noticed by auto, of a host and of a jump host, and said once", async () => {
      const notes: string[] = [];
      const note = (text: string) => notes.push(text);
      const gate = { ...inAgent(port), name: "gate" };
      const routes: [Host, Inventory][] = [
        [inAgent(port), undefined],
        [hostAt(await sshd([]), { proxyJump: "gate" }), { gate }],
      ];
      for (const [host, inventory] of routes) {
        const shell = await createDial({ inventory, ssh: "auto", note, ...around() })(host);
        atEnd.push(() => shell.close());
        assert.equal((await shell.exec("echo in")).stdout, "in\n");
      }
      assert.deepEqual(
        notes.map((text) => /(jump host gate: )?the ssh agent holds a user certificate$/.exec(text)?.[0]),
        ["the ssh agent holds a user certificate", "jump host gate: the ssh agent holds a user certificate"],
      );
    });

    it("is named by ssh2 when the login fails", async () => {
      const error = await createDial({ inventory: undefined, ssh: "ssh2", ...around() })(inAgent(port)).then(
        () => assert.fail("it was let in"),
        (each: PlacementError) => each,
      );
      assert.equal(error.code, "authRefused");
      assert.match(error.problem.message, /user certificates need openssh$/);
      assert.ok(commandsOf(error).includes("here: pulumi config set vm-placement:ssh openssh"));
    });

    it("is nothing where ssh would not offer it", async () => {
      const notes: string[] = [];
      const only = join(directory, `config-${++files}`);
      writeFileSync(only, `IdentitiesOnly yes\nIdentityFile ${userKey.path}\n`);
      const plain = await sshd([]);
      const hosts: [Host, string][] = [
        [hostAt(plain, { agent }), join(directory, "none")],
        [inAgent(plain), only],
      ];
      for (const [host, sshConfigFile] of hosts) {
        const note = (text: string) => notes.push(text);
        const dial = createDial({ inventory: undefined, ssh: "auto", note, ...around(), sshConfigFile });
        const shell = await dial(host);
        atEnd.push(() => shell.close());
      }
      assert.deepEqual(notes, []);
    });
  });

  /** SSH_AGENTC_SIGN_REQUEST */
  const signRequest = 13;

  /** The user's agent; it takes so long to sign. */
  async function slowAgent(ms: number): Promise<string> {
    const { socketPath, stop } = await startRealAgent(directory, `agent-${++files}`, userKey);
    atEnd.push(stop);
    const slow = createServer((socket) => {
      const agent = connect(socketPath).on("error", () => {});
      socket.on("error", () => {}).on("close", () => agent.destroy());
      agent.pipe(socket);
      // OpenSSH writes a request's length by itself: what is read is not a whole request.
      let read = Buffer.alloc(0);
      socket.on("data", (data) => {
        read = Buffer.concat([read, data]);
        while (read.length >= 4 && read.length >= 4 + read.readUInt32BE(0)) {
          const request = read.subarray(0, 4 + read.readUInt32BE(0));
          read = read.subarray(request.length);
          setTimeout(() => agent.write(request), request[4] === signRequest ? ms : 0);
        }
      });
    });
    const path = join(directory, `agent-${++files}`);
    await new Promise<void>((resolve) => slow.listen(path, resolve));
    atEnd.push(() => slow.close());
    return path;
  }

  /** kvm-a behind the jump host gate. */
  function behind(port: number, gatePort: number): { host: Host; inventory: Inventory } {
    const gate = { ...hostAt(gatePort), name: "gate" };
    return { host: hostAt(port, { proxyJump: "gate" }), inventory: { gate } };
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
