import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { commandsOf, dialling, kvmA } from "../../support/dialling";
import type { Key } from "../../../lab/simulated/ssh";

describe("ssh: a host's key", () => {
  const { keys, home, write, server, dial, refusal } = dialling();
  it("is accepted by known_hosts, whichever of several files knows it", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    for (const file of [".ssh/known_hosts", ".ssh/known_hosts2", "global", "own"]) {
      write(file, s.knownHosts);
      const shell = await dial(
        kvmA(s, { privateKey: keys.ed.private, ...(file === "own" && { knownHostsFile: "~/own" }) }),
      );
      assert.equal(shell.host, "kvm-a");
      assert.equal(shell.alive, true);
      await shell.close();
      rmSync(join(home(), file));
    }
  });

  it("is accepted when it is filed without the port, as ssh does", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `127.0.0.1 ${keys.ed.public}\n`);
    await dial(kvmA(s, { privateKey: keys.ed.private }));
    write(".ssh/known_hosts", `127.0.0.1 ${keys.other.public}\n`);
    assert.equal((await refusal(kvmA(s, { privateKey: keys.ed.private }))).code, "hostKeyUnknown");
  });

  it("is looked up under HostKeyAlias", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/config", "Host kvm-a\n HostKeyAlias the-alias\n");
    write(".ssh/known_hosts", `the-alias ${keys.ed.public}\n`);
    await dial(kvmA(s, { privateKey: keys.ed.private }));
  });

  it("is negotiated by the type that is known, so that a host known by its ecdsa or rsa key is not refused over ed25519", async () => {
    const s = await server({ hostKeys: [keys.ed, keys.ecdsa, keys.rsa] });
    for (const key of [keys.ecdsa, keys.rsa, keys.ed]) {
      write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${key.public}\n`);
      await dial(kvmA(s, { privateKey: keys.ed.private }));
    }
  });

  const pins: [what: string, pin: (key: Key) => string][] = [
    ["a fingerprint", (key) => key.fingerprint],
    ["a fingerprint with padding", (key) => `${key.fingerprint}=`],
    ["a public key", (key) => key.public],
    ["a public key with a comment", (key) => `${key.public} root@kvm-a\n`],
  ];
  for (const [what, pin] of pins) {
    it(`of any type is accepted by ${what} in the inventory, without known_hosts`, async () => {
      const s = await server({ hostKeys: [keys.ed, keys.ecdsa, keys.rsa] });
      for (const key of [keys.ed, keys.ecdsa, keys.rsa]) {
        await dial(kvmA(s, { privateKey: keys.ed.private, hostKey: pin(key) }));
      }
    });
  }

  it("that is pinned is the only one accepted, even where known_hosts knows another", async () => {
    const s = await server({ hostKeys: [keys.ed, keys.ecdsa] });
    write(".ssh/known_hosts", s.knownHosts);
    for (const hostKey of [keys.other.fingerprint, keys.other.public]) {
      const error = await refusal(kvmA(s, { privateKey: keys.ed.private, hostKey }));
      assert.equal(error.code, "hostKeyChanged");
      assert.ok(error.problem.message.includes(`it offers ssh-ed25519 ${keys.ed.fingerprint}`), error.problem.message);
      assert.ok(error.problem.message.includes(`hostKey of kvm-a is ${keys.other.fingerprint}`), error.problem.message);
      assert.deepEqual(commandsOf(error), [
        "kvm-a: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
        `here: pulumi config set --path 'vm-placement:hosts.kvm-a.hostKey' ${keys.ed.fingerprint}`,
      ]);
      assert.equal(error.problem.remedies[0]?.loses, "the pinned fingerprint");
    }
    assert.deepEqual(s.offered, []);
  });

  it("that is pinned and let in by no key says so, not that the pin is wrong", async () => {
    const s = await server({ hostKeys: [keys.ed, keys.rsa], allow: () => false });
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private, hostKey: keys.rsa.fingerprint }));
    assert.equal(error.code, "authRefused");
  });

  it("that is unknown is refused before any key is offered; the remedies compare it, then pin it or add it", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
    assert.equal(error.code, "hostKeyUnknown");
    assert.ok(error.problem.message.includes(`ssh-ed25519 ${keys.ed.fingerprint}`));
    const compare = "kvm-a: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";
    const line = `[127.0.0.1]:${s.port} ${keys.ed.public}`;
    assert.deepEqual(commandsOf(error), [
      compare,
      `here: pulumi config set --path 'vm-placement:hosts.kvm-a.hostKey' ${keys.ed.fingerprint}`,
      compare,
      `here: echo '${line}' >> ~/.ssh/known_hosts`,
    ]);
    assert.deepEqual(s.offered, []);
    write(".ssh/known_hosts", `${line}\n`);
    await dial(kvmA(s, { privateKey: keys.ed.private }));
  });

  it("that is unknown is never to be added to a file that keeps nothing", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    const added = async (config: string) => {
      write(".ssh/config", config);
      const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
      return commandsOf(error).flatMap((command) => />> (.*)$/.exec(command)?.[1] ?? []);
    };
    assert.deepEqual(await added("UserKnownHostsFile /dev/null\nGlobalKnownHostsFile none\n"), []);
    assert.deepEqual(await added("UserKnownHostsFile /dev/null ~/kept\nGlobalKnownHostsFile none\n"), ["~/kept"]);
    assert.deepEqual(await added("StrictHostKeyChecking no\nUserKnownHostsFile none\nGlobalKnownHostsFile none\n"), []);
  });

  it("known only by a @cert-authority is refused as unknown, and says what is not supported", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `@cert-authority * ${keys.ed.public}\n`);
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
    assert.equal(error.code, "hostKeyUnknown");
    assert.ok(error.problem.message.includes("~/.ssh/known_hosts:1"));
  });

  it("that changed is refused with the line that holds the old one, and how to take it out", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `# mine\n[127.0.0.1]:${s.port} ${keys.other.public}\n`);
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
    assert.equal(error.code, "hostKeyChanged");
    assert.ok(error.problem.message.includes(`it offers ssh-ed25519 ${keys.ed.fingerprint}`), error.problem.message);
    assert.ok(
      error.problem.message.includes(`~/.ssh/known_hosts:2 holds ssh-ed25519 ${keys.other.fingerprint}`),
      error.problem.message,
    );
    assert.deepEqual(commandsOf(error), [
      "kvm-a: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      `here: ssh-keygen -R '[127.0.0.1]:${s.port}' -f ~/.ssh/known_hosts`,
      `here: echo '[127.0.0.1]:${s.port} ${keys.ed.public}' >> ~/.ssh/known_hosts`,
    ]);
    assert.equal(error.problem.remedies[0]?.loses, "the known key");
    assert.deepEqual(s.offered, []);
  });

  it("of another type than the one known is a changed key", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.ecdsa.public}\n`);
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
    assert.equal(error.code, "hostKeyChanged");
    assert.match(error.problem.message, /known_hosts:1 holds ecdsa-sha2-nistp256 SHA256:/);
  });

  it("that is revoked is refused, even when it is known or pinned as well", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `${s.knownHosts}@revoked * ${keys.ed.public}\n`);
    for (const hostKey of [undefined, keys.ed.fingerprint]) {
      const error = await refusal(kvmA(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
      assert.equal(error.code, "hostKeyRevoked");
      assert.match(error.problem.message, /~\/\.ssh\/known_hosts:2 marks @revoked/);
    }
  });

  it("that is filed without the port is refused when another one is filed with the port", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.other.public}\n127.0.0.1 ${keys.ed.public}\n`);
    assert.equal((await refusal(kvmA(s, { privateKey: keys.ed.private }))).code, "hostKeyChanged");
    assert.deepEqual(s.offered, []);
  });

  it("in a file of RevokedHostKeys is refused, known or pinned; so is every key while the file cannot be read", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    write(".ssh/known_hosts", s.knownHosts);
    write(".ssh/config", "RevokedHostKeys ~/revoked\n");
    const files: [text: string | undefined, why: RegExp][] = [
      [`# lost\n${keys.ed.public} root@kvm-a\n`, /is revoked: .* which ~\/revoked \(RevokedHostKeys/],
      [undefined, /no host key can be trusted: ~\/revoked .* cannot be read \(ENOENT\)/],
      ["nonsense\n", /has no public key in line 1/],
      ["SSHKRL\n\0", /is a KRL with parts that are not understood/],
    ];
    for (const [text, why] of files) {
      rmSync(join(home(), "revoked"), { force: true });
      if (text !== undefined) write("revoked", text);
      for (const hostKey of [undefined, keys.ed.fingerprint]) {
        const error = await refusal(kvmA(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
        assert.equal(error.code, "hostKeyRevoked");
        assert.match(error.problem.message, why);
      }
    }
    write("revoked", `${keys.other.public}\n`);
    await dial(kvmA(s, { privateKey: keys.ed.private }));
  });

  it("of a type that HostKeyAlgorithms leaves out is not accepted, known or pinned", async () => {
    const s = await server({ hostKeys: [keys.ed, keys.ecdsa] });
    write(".ssh/config", "HostKeyAlgorithms ssh-ed25519\n");
    write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.ecdsa.public}\n`);
    assert.equal((await refusal(kvmA(s, { privateKey: keys.ed.private }))).code, "hostKeyChanged");
    for (const hostKey of [keys.ecdsa.fingerprint, keys.ecdsa.public]) {
      assert.equal((await refusal(kvmA(s, { privateKey: keys.ed.private, hostKey }))).code, "hostKeyChanged");
    }
    for (const value of ["ssh-rsa", "nonsense", "*-cert-v01@openssh.com"]) {
      write(".ssh/config", `HostKeyAlgorithms ${value}\n`);
      const error = await refusal(kvmA(s, { privateKey: keys.ed.private, hostKey: keys.ed.public }));
      assert.equal(error.code, "invalidInput");
      assert.match(error.problem.message, /HostKeyAlgorithms/);
    }
  });

  it("of RSA below RequiredRSASize is refused, known or pinned", async () => {
    const s = await server({ hostKeys: [keys.rsa] });
    write(".ssh/known_hosts", s.knownHosts);
    write(".ssh/config", "Host kvm-a\n RequiredRSASize 3072\n");
    for (const hostKey of [undefined, keys.rsa.public]) {
      const error = await refusal(kvmA(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
      assert.match(error.problem.message, /too short: .* of 2048 bits, and RequiredRSASize of ssh_config is 3072/);
    }
  });

  it("is not accepted where KnownHostsCommand, canonical names or Match exec decide; a pin stands instead", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    const known = `localhost,[localhost]:${s.port} ${keys.ed.public}\n`;
    write(".ssh/known_hosts", known);
    const configs: [config: string, why: RegExp][] = [
      ["KnownHostsCommand /usr/bin/sss_ssh_knownhosts --only-host-name %H\n", /KnownHostsCommand/],
      ["CanonicalizeHostname yes\nCanonicalDomains example.net\n", /CanonicalizeHostname/],
      ["Match exec true\n UserKnownHostsFile /elsewhere\n", /Match exec of ssh_config sets UserKnownHostsFile/],
    ];
    for (const [config, why] of configs) {
      write(".ssh/config", config);
      const host = kvmA(s, { address: "localhost", privateKey: keys.ed.private });
      const error = await refusal(host);
      assert.equal(error.code, "invalidInput");
      assert.match(error.problem.message, why);
      assert.ok(error.problem.remedies.some((remedy) => remedy.do === "set hostKey of the host in the inventory"));
      await dial({ ...host, hostKey: keys.ed.fingerprint });
    }
  });

  it("that cannot be read from the inventory is refused by the name of the field", async () => {
    for (const hostKey of ["MD5:16:27:ac", "SHA256:short", "yes", ""]) {
      const error = await refusal(kvmA({ port: 1 }, { hostKey }));
      assert.equal(error.code, "invalidInput");
      assert.equal(
        commandsOf(error).at(-1),
        "here: pulumi config set --path 'vm-placement:hosts.kvm-a.hostKey' SHA256:…",
      );
    }
  });

  it("has no switch that accepts anything: StrictHostKeyChecking no changes nothing", async () => {
    const s = await server();
    write(
      ".ssh/config",
      "StrictHostKeyChecking no\nCheckHostIP no\nVerifyHostKeyDNS yes\nUserKnownHostsFile /dev/null\n",
    );
    assert.equal((await refusal(kvmA(s, { privateKey: keys.ed.private }))).code, "hostKeyUnknown");
  });
});
