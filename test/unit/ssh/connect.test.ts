import assert from "node:assert/strict";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Host } from "../../../provider/core/model";
import { commandsOf, dialling, kvmA } from "../../support/dialling";

describe("ssh: a host that cannot be reached", () => {
  const { closeLater, dial, keys, server, write, refusal } = dialling();
  async function plainServer(onSocket: (socket: Socket) => void): Promise<{ port: number }> {
    const sockets = new Set<Socket>();
    const s: Server = createServer((socket) => {
      sockets.add(socket.on("error", () => {}));
      onSocket(socket);
    });
    await new Promise<void>((resolve) => s.listen(0, "127.0.0.1", resolve));
    closeLater(() => {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => s.close(resolve));
    });
    return s.address() as { port: number };
  }

  const trySsh = (port: number) => [`here: ssh -p ${port} root@127.0.0.1`];
  const startSshd = () => ["kvm-a: systemctl start sshd"];
  type Case = [what: string, host: () => Promise<Host>, why: RegExp, commands: (port: number) => string[]];
  const cases: Case[] = [
    ["nothing listens", () => Promise.resolve(kvmA({ port: 1 })), /^127\.0\.0\.1:1: .*ECONNREFUSED/, startSshd],
    [
      "nothing listens on any of its addresses",
      () => Promise.resolve(kvmA({ port: 1 }, { address: "localhost" })),
      /^localhost:1: .*ECONNREFUSED/,
      startSshd,
    ],
    [
      "its name does not resolve",
      () => Promise.resolve(kvmA({ port: 22 }, { address: "no-such-host.invalid" })),
      /^no-such-host\.invalid:22: .*(ENOTFOUND|EAI_AGAIN)/,
      () => [],
    ],
    ["it never greets", async () => kvmA(await plainServer(() => {})), /within 0\.3 s/, trySsh],
    ["it hangs up at once", async () => kvmA(await plainServer((socket) => socket.end())), /handshake/, trySsh],
    [
      "it is no ssh server",
      async () => kvmA(await plainServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))),
      /handshake/,
      trySsh,
    ],
  ];
  for (const [what, host, why, commands] of cases) {
    it(`says so in the system's words: ${what}`, async () => {
      const to = await host();
      // The others say it at once; it is tried again until then.
      const error = await refusal(to, { connectTimeoutMs: what === "it never greets" ? 300 : 1500 });
      assert.equal(error.code, "hostUnreachable");
      assert.match(error.problem.message, why);
      assert.deepEqual(commandsOf(error), commands(to.port!));
    });
  }

  it("is tried again when it hangs up before its greeting, as with MaxStartups", async () => {
    let count = 0;
    const { port: behind, hostKeys } = await server();
    const front = await plainServer((socket) => {
      if (++count < 3) return void socket.end(count === 1 ? "Exceeded MaxStartups\r\n" : "");
      const on = connect(behind, "127.0.0.1").on("error", () => {});
      socket.pipe(on).pipe(socket);
    });
    const host = kvmA(front, { hostKey: hostKeys[0]!.fingerprint, privateKey: keys.ed.private });
    const shell = await dial(host, { connectTimeoutMs: 5000 });
    assert.equal((await shell.exec("true")).code, 0);
    assert.equal(count, 3);
  });

  it("is given up after ssh_config's ConnectTimeout", async () => {
    write(".ssh/config", "ConnectTimeout 1\n");
    const error = await refusal(kvmA(await plainServer(() => {})), { connectTimeoutMs: 60_000 });
    assert.match(error.problem.message, /within 1 s/);
  });
});
