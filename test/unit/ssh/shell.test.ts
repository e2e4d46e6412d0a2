import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ServerChannel } from "ssh2";
import type { PlacementError } from "../../../provider/core/errors";
import type { Shell } from "../../../provider/core/ports";
import { createDial, type DialOptions } from "../../../provider/ssh";
import { finish, makeKey, type SshServer, type SshServerOptions, startSshServer } from "../../../lab/simulated/ssh";

describe("ssh: the shell", () => {
  const key = makeKey();
  let server: SshServer;
  let shell: Shell;

  async function start(options: SshServerOptions = {}, dialOptions: Partial<DialOptions> = {}): Promise<void> {
    server = await startSshServer({ hostKeys: [key], ...options });
    const dial = createDial({
      inventory: undefined,
      home: "/nowhere",
      env: {},
      sshConfigFile: "/nowhere",
      ...dialOptions,
    });
    shell = await dial({
      name: "kvm-a",
      address: "127.0.0.1",
      port: server.port,
      user: "root",
      privateKey: key.private,
      hostKey: key.fingerprint,
    });
  }
  afterEach(async () => {
    await shell.close();
    await server.close();
  });

  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const hang = () => {};

  /** Ends every command when its standard input ends, with what came in. */
  function echo(_command: string, stream: ServerChannel): void {
    let input = "";
    stream.on("data", (chunk: Buffer) => (input += chunk.toString()));
    stream.on("end", () => finish(stream, { stdout: input }));
  }

  describe("exec", () => {
    it("gives code, output and errors of a command; one that failed is a result", async () => {
      await start({ onCommand: (_, stream) => finish(stream, { code: 3, stdout: "out\n", stderr: "err\n" }) });
      assert.deepEqual(await shell.exec("virsh list"), { code: 3, signal: null, stdout: "out\n", stderr: "err\n" });
      assert.deepEqual(server.commands, ["virsh list"]);
      assert.equal(shell.alive, true);
    });

    it("takes 8 MiB of an answer and no more, and runs the next command", async () => {
      const chunk = "x".repeat(64 * 1024);
      await start({
        onCommand: (command, stream) => {
          if (command === "exact") return finish(stream, { stdout: "x".repeat(8 * 2 ** 20) });
          if (command === "next") return finish(stream, { stdout: "next" });
          const flood = () => {
            while (stream.writable && stream.write(chunk));
            stream.once("drain", flood);
          };
          flood();
        },
      });
      assert.equal((await shell.exec("exact")).stdout.length, 8 * 2 ** 20);
      await assert.rejects(shell.exec("cat /dev/zero", { deadlineMs: 20_000 }), (error: PlacementError) => {
        assert.equal(error.code, "unreadableAnswer");
        assert.match(error.message, /no result from kvm-a .*`cat \/dev\/zero` printed more than 8 MiB/);
        return true;
      });
      assert.equal((await shell.exec("next")).stdout, "next");
    }).timeout(30_000);

    it("keeps the beginning and the end of what is printed on standard error", async () => {
      const middle = "x".repeat(300_000);
      await start({ onCommand: (_, stream) => finish(stream, { code: 1, stderr: `begin${middle}end` }) });
      const { code, stderr } = await shell.exec("virsh migrate", { deadlineMs: Infinity });
      assert.equal(code, 1);
      assert.ok(stderr.startsWith("beginxxx") && stderr.endsWith("xxxend"));
      assert.match(stderr, /\n… \(234,472 more characters\)\n/);
      assert.ok(stderr.length < 66_000);
    });

    it("lets a migration print what it likes: it is read to its end and not kept", async () => {
      await start({
        onCommand: (_, stream) => {
          stream.write("y".repeat(9 * 2 ** 20), () => finish(stream, { stdout: "z" }));
        },
      });
      const { code, stdout } = await shell.exec("virsh migrate", { deadlineMs: Infinity });
      assert.equal(code, 0);
      assert.equal(stdout.length, 8 * 2 ** 20);
      assert.ok(!stdout.includes("z"));
    }).timeout(30_000);

    it("gives the signal that ended a command", async () => {
      await start({
        onCommand: (_, stream) => {
          stream.exit("KILL");
          stream.end();
        },
      });
      assert.deepEqual(await shell.exec("x"), { code: null, signal: "SIGKILL", stdout: "", stderr: "" });
    });

    it("writes input and closes it, and closes it at once where there is none", async () => {
      await start({ onCommand: echo });
      assert.equal((await shell.exec("cat", { input: "grün\n" })).stdout, "grün\n");
      assert.equal((await shell.exec("cat")).stdout, "");
      const large = "0123456789abcdef".repeat(1 << 18);
      assert.equal((await shell.exec("cat", { input: large })).stdout, large);
    });

    it("keeps a character whole that comes in two pieces, on both streams", async () => {
      const [head, tail] = [Buffer.from("größe €").subarray(0, 3), Buffer.from("größe €").subarray(3)];
      await start({
        onCommand: (_, stream) => {
          stream.write(head);
          stream.stderr.write(head);
          setTimeout(() => {
            stream.stderr.write(tail);
            stream.write(tail);
            stream.exit(0);
            stream.end();
          }, 20);
        },
      });
      const { stdout, stderr } = await shell.exec("x");
      assert.deepEqual([stdout, stderr], ["größe €", "größe €"]);
    });

    it("runs many commands at a time over one connection", async () => {
      await start({ onCommand: (command, stream) => finish(stream, { stdout: command }) });
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => shell.exec(`c${i}`)));
      assert.deepEqual(
        results.map(({ stdout }) => stdout),
        Array.from({ length: 20 }, (_, i) => `c${i}`),
      );
      assert.equal(server.open(), 1);
    });

    it("is given up after its deadline: the channel is closed, the connection stays", async () => {
      let closed = false;
      await start({
        onCommand: (command, stream) =>
          command === "hang" ? stream.resume().on("close", () => (closed = true)) : finish(stream),
      });
      await assert.rejects(shell.exec("hang", { deadlineMs: 50 }), {
        code: "commandTimeout",
        message: /no result from kvm-a .*`hang` did not finish within 0\.05 s/,
      });
      assert.equal((await shell.exec("true", { deadlineMs: 5000 })).code, 0);
      assert.equal(closed, true);
    });

    it("quotes a long command shortened in its errors", async () => {
      await start({ onCommand: hang });
      const error = await shell.exec(`virsh ${"x".repeat(500)}`, { deadlineMs: 20 }).catch((e: Error) => e);
      assert.ok((error as Error).message.length < 320);
    });

    it("rejects promptly when the connection is lost in the middle, and so does everything after", async () => {
      await start({ onCommand: hang });
      const running = [shell.exec("a"), shell.exec("b", { deadlineMs: 60_000 })];
      await wait(50);
      const from = performance.now();
      server.drop();
      const lost = { code: "connectionLost", message: /the ssh connection to 127\.0\.0\.1:\d+ was lost/ };
      await Promise.all(running.map((command) => assert.rejects(command, lost)));
      assert.ok(performance.now() - from < 10_000);
      assert.equal(shell.alive, false);
      await assert.rejects(shell.exec("c"), { code: "connectionLost" });
      await assert.rejects(shell.spawn("d", { stdout: hang, stderr: hang }), { code: "connectionLost" });
    });

    it("rejects when the session ends without a status: nothing is known of the command", async () => {
      await start({ onCommand: (_, stream) => stream.close() });
      await assert.rejects(shell.exec("virsh list"), { code: "connectionLost", message: /without an exit status/ });
      assert.equal(shell.alive, true);
    });

    it("notices a host that fell silent, by its missing keepalives", async () => {
      await start({ onCommand: hang }, { keepaliveIntervalMs: 40, keepaliveCountMax: 2 });
      const running = shell.exec("x");
      await wait(20);
      server.freeze();
      await assert.rejects(running, { code: "connectionLost", message: /Keepalive timeout/ });
      assert.equal(shell.alive, false);
    });
  });

  describe("a limit of sessions", () => {
    it("is waited for: a command starts when another one ends", async () => {
      await start({
        maxSessions: 2,
        onCommand: (command, stream) => void setTimeout(() => finish(stream, { stdout: command }), 40),
      });
      const results = await Promise.all(["a", "b", "c", "d", "e"].map((command) => shell.exec(command)));
      assert.deepEqual(
        results.map(({ stdout }) => stdout),
        ["a", "b", "c", "d", "e"],
      );
    });

    it("is an error when no session ends in time, and at once when none is open", async () => {
      await start({ maxSessions: 1, onCommand: hang }, { sessionWaitMs: 150 });
      const first = assert.rejects(shell.exec("hold"), { code: "connectionLost" });
      await wait(30);
      await assert.rejects(shell.exec("more"), {
        code: "sessionRefused",
        message: /takes no more sessions.*Channel open failure.*1 are open[^]*MaxSessions/,
      });
      await shell.close();
      await first;
      await server.close();
      await start({ maxSessions: 0 });
      const from = performance.now();
      await assert.rejects(shell.exec("x"), { code: "sessionRefused" });
      assert.ok(performance.now() - from < 4000);
    });

    it("does not outlast a command's deadline", async () => {
      await start({ maxSessions: 1, onCommand: hang });
      shell.exec("hold").catch(hang);
      await wait(30);
      await assert.rejects(shell.exec("more", { deadlineMs: 50 }), { code: "commandTimeout" });
    });
  });

  describe("spawn", () => {
    function listen() {
      const received: string[] = [];
      return {
        received,
        stdout: (chunk: string) => void received.push(`out ${chunk}`),
        stderr: (chunk: string) => void received.push(`err ${chunk}`),
      };
    }

    it("talks with a process until its input is closed", async () => {
      await start({
        onCommand: (_, stream) => {
          stream.on("data", (chunk: Buffer) => stream.write(`<${chunk.toString()}>`));
          stream.on("end", () => finish(stream, { code: 7, stderr: "bye" }));
        },
      });
      const listeners = listen();
      const process = await shell.spawn("virsh", listeners);
      process.write("one");
      await wait(20);
      process.write("two");
      await wait(20);
      process.end();
      assert.deepEqual(await process.exit, { code: 7, signal: null });
      assert.deepEqual(listeners.received, ["out <one>", "out <two>", "err bye"]);
      process.write("into the void");
      process.end();
      process.destroy();
    });

    it("ends with neither code nor signal when the connection is lost, without rejecting", async () => {
      await start({ onCommand: hang });
      const process = await shell.spawn("virsh", listen());
      server.drop();
      assert.deepEqual(await process.exit, { code: null, signal: null });
      process.write("x");
      process.end();
      process.destroy();
    });

    it("is destroyed: the host sees the channel close", async () => {
      let closed: () => void;
      const seen = new Promise<void>((resolve) => (closed = resolve));
      await start({ onCommand: (_, stream) => stream.resume().on("close", () => closed()) });
      const process = await shell.spawn("virsh", listen());
      process.destroy();
      await seen;
      assert.deepEqual(await process.exit, { code: null, signal: null });
      assert.equal(shell.alive, true);
    });
  });

  describe("close", () => {
    it("may be called twice, ends what runs, and makes the shell dead", async () => {
      await start({ onCommand: hang });
      const running = assert.rejects(shell.exec("x"), { code: "connectionLost" });
      await wait(20);
      await Promise.all([shell.close(), shell.close()]);
      await running;
      await shell.close();
      assert.equal(shell.alive, false);
      await assert.rejects(shell.exec("y"), { code: "connectionLost" });
    });

    it("does not wait for a host that does not answer", async () => {
      await start({ onCommand: hang });
      server.freeze();
      const from = performance.now();
      await shell.close();
      assert.ok(performance.now() - from < 2000);
    });

    it("leaves nothing that keeps a process alive", async function () {
      this.timeout(20_000);
      await start({ onCommand: (_, stream) => finish(stream, { stdout: "hi" }) });
      const program = `
      const { createDial } = require(${JSON.stringify(join(__dirname, "../../../provider/ssh"))});
      const dial = createDial({ inventory: undefined, home: "/nowhere", env: {}, sshConfigFile: "/nowhere" });
      const host = { name: "kvm-a", address: "127.0.0.1", port: ${server.port}, user: "root", hostKey: ${JSON.stringify(key.fingerprint)} };
      dial({ ...host, privateKey: ${JSON.stringify(key.private)} }).then(async (shell) => {
        console.log((await shell.exec("x", { deadlineMs: 3600000 })).stdout);
        await shell.close();
        await dial({ ...host, hostKey: "SHA256:" + "A".repeat(43) }).catch((error) => console.log(error.code));
      });`;
      const { stdout } = await promisify(execFile)(process.execPath, ["-r", "ts-node/register", "-e", program], {
        timeout: 15_000,
      });
      assert.equal(stdout, "hi\nhostKeyChanged\n");
    });
  });
});
