import assert from "node:assert/strict";
import { commandsOf, dialling, eventually, kvmA } from "../../support/dialling";
import type { SshServerOptions } from "../../../lab/simulated/ssh";

describe("ssh: a jump host", () => {
  const { keys, write, server, dial, refusal } = dialling();
  async function chain(options: { gate?: SshServerOptions } = {}) {
    const gate = await server({ hostKeys: [keys.ecdsa], ...options.gate });
    const inner = await server({ hostKeys: [keys.rsa] });
    const last = await server({
      hostKeys: [keys.ed],
      onCommand: (_, stream) => (stream.write("ok"), stream.exit(0), stream.end()),
    });
    const inventory = {
      gate: { name: "gate", address: "127.0.0.1", port: gate.port, user: "jump", privateKey: keys.other.private },
    };
    write(
      ".ssh/config",
      `Host inner\n HostName 127.0.0.1\n Port ${inner.port}\n User in\nHost *\n IdentityFile ~/key\n`,
    );
    write("key", keys.ed.private);
    write(".ssh/known_hosts", gate.knownHosts + inner.knownHosts + last.knownHosts);
    return { gate, inner, last, inventory };
  }

  it("carries the connection; each hop has its own user, key and host key, and closing closes all", async () => {
    const { gate, inner, last, inventory } = await chain();
    const shell = await dial(kvmA(last, { proxyJump: "gate,inner" }), { inventory });
    assert.equal((await shell.exec("true")).stdout, "ok");
    assert.deepEqual(gate.forwarded, [`127.0.0.1:${inner.port}`]);
    assert.deepEqual(inner.forwarded, [`127.0.0.1:${last.port}`]);
    assert.deepEqual(gate.offered, [`jump ${keys.other.fingerprint}`]);
    assert.deepEqual(inner.offered, [`in ${keys.ed.fingerprint}`]);
    assert.deepEqual(last.offered, [`root ${keys.ed.fingerprint}`]);
    await shell.close();
    await eventually(() => gate.open() + inner.open() + last.open() === 0);
  });

  it("with an unknown host key is refused by its name, and nothing is sent through it", async () => {
    const { gate, inner, last, inventory } = await chain();
    write(".ssh/known_hosts", inner.knownHosts + last.knownHosts);
    const error = await refusal(kvmA(last, { proxyJump: "gate,inner" }), { inventory });
    assert.equal(error.code, "hostKeyUnknown");
    assert.match(error.problem.message, /^jump host gate: /);
    assert.deepEqual(commandsOf(error).slice(0, 2), [
      "gate: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub",
      `here: pulumi config set --path 'vm-placement:hosts.gate.hostKey' ${keys.ecdsa.fingerprint}`,
    ]);
    assert.equal(error.host, "kvm-a");
    assert.deepEqual([gate.offered, gate.forwarded], [[], []]);
  });

  it("of the chain that lets no key in is named", async () => {
    const { last, inventory } = await chain({ gate: { allow: () => false } });
    const error = await refusal(kvmA(last, { proxyJump: "gate" }), { inventory });
    assert.equal(error.code, "authRefused");
    assert.match(error.problem.message, /^jump host gate: jump@127\.0\.0\.1:\d+ /);
  });

  it("that is down is named", async () => {
    const { gate, last, inventory } = await chain();
    await gate.close();
    const error = await refusal(kvmA(last, { proxyJump: "gate" }), { inventory });
    assert.equal(error.code, "hostUnreachable");
    assert.match(error.problem.message, /^jump host gate: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it("that cannot reach the host, or must not, says from where; no connection is left", async () => {
    const { gate, last, inventory } = await chain();
    await last.close();
    const down = await refusal(kvmA(last, { proxyJump: "gate" }), { inventory });
    assert.equal(down.code, "hostUnreachable");
    assert.match(down.problem.message, /^127\.0\.0\.1:\d+: not reached from jump host gate: /);
    await eventually(() => gate.open() === 0);
    const forbidding = await chain({ gate: { forward: false } });
    const error = await refusal(kvmA(forbidding.last, { proxyJump: "gate" }), { inventory: forbidding.inventory });
    assert.equal(error.code, "hostUnreachable");
  });

  it("that dies takes the connection with it", async () => {
    const { gate, last, inventory } = await chain();
    const shell = await dial(kvmA(last, { proxyJump: "gate" }), { inventory });
    gate.drop();
    await eventually(() => !shell.alive);
    await assert.rejects(shell.exec("true"), { code: "connectionLost" });
    await eventually(() => last.open() === 0);
  });
});
