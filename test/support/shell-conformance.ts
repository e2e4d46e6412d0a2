/** What a Shell promises, asked of each one against a real sshd. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import type { ErrorCode } from "../../provider/core/errorCodes";
import type { PlacementError } from "../../provider/core/errors";
import type { Host } from "../../provider/core/model";
import type { Shell } from "../../provider/core/ports";
import { fingerprint } from "../../provider/ssh/public-key";
import type { KeyFile } from "./openssh";

/** An sshd that lets this account in with `userKey`, and the keys around it. */
export interface Bench {
  port: number;
  /** Takes one session on a connection. */
  portOfOneSession: number;
  /** Its banner reads as ssh does when a host key is not known. */
  portWithBanner: number;
  /** Ends a connection that leaves a question of its own unanswered for a second. */
  portThatAsks: number;
  sshdPid: number;
  hostKeys: { ed: KeyFile; rsa: KeyFile };
  userKey: KeyFile;
  /** Texts of keys that are let in, and one of them under a passphrase. */
  privateKey: string;
  ecdsaKey: string;
  rsaKey: string;
  lockedKey: { path: string; passphrase: string };
  /** A key that no host knows. */
  otherKey: KeyFile;
  /** A known_hosts file with the lines. */
  knownHosts(...lines: string[]): string;
}

type Connect = (host: Partial<Host>) => Promise<Shell>;

export function assertCode(code: ErrorCode): (error: PlacementError) => true {
  return (error) => {
    assert.equal(error.code, code, error.message);
    assert.equal(error.host, "kvm-a");
    return true;
  };
}

/** `connect` opens kvm-a: by its own address, key and known host key, and what it is given beside. */
export function shellConformance(bench: () => Bench, connect: Connect): void {
  const opened: Shell[] = [];
  const open: Connect = async (host) => {
    const shell = await connect(host);
    opened.push(shell);
    return shell;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((shell) => shell.close()));
  });

  describe("exec", () => {
    it("gives code, output and errors", async () => {
      const shell = await open({});
      assert.deepEqual(await shell.exec("echo out; echo err >&2; exit 3"), {
        ...{ code: 3, signal: null },
        ...{ stdout: "out\n", stderr: "err\n" },
      });
      // ssh's own code for "no connection" is a code like any other here.
      assert.equal((await shell.exec("exit 255")).code, 255);
      assert.equal(shell.alive, true);
      assert.equal(shell.host, "kvm-a");
    });

    it("gives the signal that ended a command", async () => {
      const { code, signal } = await (await open({})).exec("kill -9 $$");
      assert.deepEqual([code, signal], [null, "SIGKILL"]);
    });

    it("writes input and closes it, and closes it at once where there is none", async () => {
      const shell = await open({});
      assert.equal((await shell.exec("cat", { input: "grün\n" })).stdout, "grün\n");
      assert.equal((await shell.exec("cat")).stdout, "");
      const large = "0123456789abcdef".repeat(1 << 18);
      assert.equal((await shell.exec("cat", { input: large })).stdout, large);
    });

    it("takes 8 MiB of an answer and no more, 64 KiB of errors, and runs the next command", async () => {
      const shell = await open({});
      assert.equal((await shell.exec("head -c 8388608 /dev/zero")).stdout.length, 8 * 2 ** 20);
      await assert.rejects(shell.exec("cat /dev/zero", { deadlineMs: 60_000 }), assertCode("unreadableAnswer"));
      const { stdout, stderr } = await shell.exec(
        "head -c 9000000 /dev/zero; head -c 200000 /dev/zero >&2; echo end >&2",
        {
          deadlineMs: Infinity,
        },
      );
      assert.equal(stdout.length, 8 * 2 ** 20);
      assert.ok(stderr.length < 66_000 && stderr.endsWith("end\n"));
      assert.equal((await shell.exec("echo next")).stdout, "next\n");
    });

    it("gives a command up at its deadline, and runs the next one", async () => {
      const shell = await open({});
      await assert.rejects(shell.exec("sleep 60", { deadlineMs: 200 }), assertCode("commandTimeout"));
      assert.equal((await shell.exec("echo next")).stdout, "next\n");
    });

    it("runs many commands at once", async () => {
      const shell = await open({});
      const numbers = [...Array(8).keys()];
      const results = await Promise.all(numbers.map((n) => shell.exec(`echo ${n}; exit ${n}`)));
      assert.deepEqual(
        results.map(({ code, stdout }) => [code, stdout]),
        numbers.map((n) => [n, `${n}\n`]),
      );
    });
  });

  it("spawn streams both ways until its input ends", async () => {
    const shell = await open({});
    let output = "";
    let wake = () => {};
    const add = (text: string) => ((output += text), wake());
    const process = await shell.spawn("while read line; do echo got $line; done; echo over >&2; exit 5", {
      stdout: add,
      stderr: add,
    });
    const until = async (text: string) => {
      while (!output.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
    };
    process.write("one\n");
    await until("got one\n");
    process.write("two\n");
    await until("got two\n");
    process.end();
    assert.deepEqual(await process.exit, { code: 5, signal: null });
    await until("over\n");
  });

  it("spawn is ended by destroy", async () => {
    const shell = await open({});
    const process = await shell.spawn("cat", { stdout: () => {}, stderr: () => {} });
    process.destroy();
    await process.exit;
    assert.equal((await shell.exec("echo next")).stdout, "next\n");
  });

  it("close ends what runs, and all that comes later", async () => {
    const shell = await open({});
    const running = shell.exec("sleep 60");
    const failed = assert.rejects(running, assertCode("connectionLost"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await shell.close();
    await shell.close();
    await failed;
    assert.equal(shell.alive, false);
    await assert.rejects(shell.exec("true"), assertCode("connectionLost"));
  });

  it("is not alive when the connection's process on the host is gone, and what ran has no result", async () => {
    const shell = await open({});
    // The command's shell is a child of the connection's process.
    const { stdout } = await shell.exec("echo $PPID");
    const running = assert.rejects(shell.exec("sleep 60"), assertCode("connectionLost"));
    const process = await shell.spawn("sleep 60", { stdout: () => {}, stderr: () => {} });
    const pid = Number(stdout);
    assert.ok(isBelow(pid, bench().sshdPid), "not a process of the test's sshd");
    globalThis.process.kill(pid, "SIGKILL");
    await running;
    assert.deepEqual(await process.exit, { code: null, signal: null });
    assert.equal(shell.alive, false);
  });

  it("waits for a session where the host takes one at a time", async () => {
    const shell = await open({ port: bench().portOfOneSession });
    const texts = await Promise.all([1, 2, 3].map((n) => shell.exec(`sleep 0.2; echo ${n}`)));
    assert.deepEqual(texts.map(({ stdout }) => stdout).sort(), ["1\n", "2\n", "3\n"]);
    const held = await shell.spawn("cat", { stdout: () => {}, stderr: () => {} });
    // Over a second connection, and a third.
    const further = await Promise.all([1, 2].map((n) => shell.exec(`sleep 0.7; echo ${n}`)));
    assert.deepEqual(
      further.map(({ stdout }) => stdout),
      ["1\n", "2\n"],
    );
    assert.equal(shell.sessionsPerConnection, 1);
    held.end();
    await held.exit;
  });

  it("names the account's key as refused, whatever the host's banner says", async () => {
    const { portWithBanner: port, otherKey } = bench();
    const host = { port, identityFile: otherKey.path, agent: false };
    await assert.rejects(open(host), assertCode("authRefused"));
    assert.equal((await (await open({ port })).exec("echo in")).stdout, "in\n");
  });

  it("answers a host that asks whether we are there (ClientAliveInterval)", async () => {
    const shell = await open({ port: bench().portThatAsks });
    const held = await shell.spawn("cat", { stdout: () => {}, stderr: () => {} });
    await new Promise((resolve) => setTimeout(resolve, 4500));
    assert.equal(shell.alive, true);
    held.end();
    assert.deepEqual(await held.exit, { code: 0, signal: null });
  });

  describe("the host key", () => {
    const nameOf = () => `[127.0.0.1]:${bench().port}`;

    it("is refused when it is not known", async () => {
      await assert.rejects(open({ knownHostsFile: bench().knownHosts() }), assertCode("hostKeyUnknown"));
    });

    it("is refused when another one is known", async () => {
      const knownHostsFile = bench().knownHosts(`${nameOf()} ${bench().otherKey.line}`);
      await assert.rejects(open({ knownHostsFile }), assertCode("hostKeyChanged"));
    });

    it("is refused when it is revoked, known or pinned", async () => {
      const { ed, rsa } = bench().hostKeys;
      const lines = [ed, rsa].flatMap(({ line }) => [`${nameOf()} ${line}`, `@revoked * ${line}`]);
      const knownHostsFile = bench().knownHosts(...lines);
      await assert.rejects(open({ knownHostsFile }), assertCode("hostKeyRevoked"));
      await assert.rejects(open({ knownHostsFile, hostKey: ed.line }), assertCode("hostKeyRevoked"));
    });

    it("is accepted when it is the pinned one, of any type, and no other", async () => {
      const { ed, rsa } = bench().hostKeys;
      const { otherKey } = bench();
      for (const { line, blob } of [ed, rsa]) {
        for (const hostKey of [line, fingerprint(blob)]) {
          const shell = await open({ hostKey, knownHostsFile: bench().knownHosts() });
          assert.equal((await shell.exec("echo in")).stdout, "in\n");
        }
      }
      const knownHostsFile = bench().knownHosts(`${nameOf()} ${ed.line}`);
      for (const hostKey of [otherKey.line, fingerprint(otherKey.blob)]) {
        await assert.rejects(open({ hostKey, knownHostsFile }), assertCode("hostKeyChanged"));
      }
    });
  });

  describe("the account's key", () => {
    it("may be the inventory's text, or a file under a passphrase", async () => {
      const { privateKey, ecdsaKey, rsaKey, lockedKey } = bench();
      const { passphrase, path: identityFile } = lockedKey;
      for (const host of [
        { privateKey },
        { privateKey: ecdsaKey },
        { privateKey: rsaKey },
        { identityFile, passphrase },
      ]) {
        const shell = await open({ ...host, agent: false });
        assert.equal((await shell.exec("echo in")).stdout, "in\n");
      }
    });

    it("is named as refused when the host does not know it", async () => {
      await assert.rejects(open({ identityFile: bench().otherKey.path, agent: false }), assertCode("authRefused"));
    });

    it("is named as unusable when it is not there, or locked", async () => {
      for (const identityFile of ["/nowhere/key", bench().lockedKey.path]) {
        await assert.rejects(open({ identityFile, agent: false }), assertCode("privateKeyUnusable"));
      }
      const { path: identityFile } = bench().lockedKey;
      await assert.rejects(open({ identityFile, passphrase: "wrong" }), assertCode("privateKeyUnusable"));
    });
  });

  it("says that nobody listens, and that a name does not resolve", async () => {
    await assert.rejects(open({ port: 1 }), assertCode("hostUnreachable"));
    await assert.rejects(open({ address: "kvm-a.invalid" }), assertCode("hostUnreachable"));
  });
}

/** Whether a process descends from another: only those of the test's own sshd are ended. */
function isBelow(pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1;) {
    if (at === ancestor) return true;
    at = Number(execFileSync("ps", ["-o", "ppid=", "-p", String(at)], { encoding: "utf8" }));
  }
  return false;
}
