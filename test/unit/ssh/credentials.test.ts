import assert from "node:assert/strict";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ParsedKey } from "ssh2";
import type { Host } from "../../../provider/core/model";
import { serveKeys } from "../../../provider/ssh/openssh/key-agent";
import { wireString } from "../../../provider/ssh/wire";
import { commandsOf, dialling, kvmA, passphrase } from "../../support/dialling";
import type { Key } from "../../../lab/simulated/ssh";

describe("ssh: the keys that are offered", () => {
  const { keys, home, write, known, agent, dial, refusal } = dialling();
  const trusting = (key: Key) => ({ allow: (_user: string, blob: Buffer) => blob.equals(key.blob) });

  it("comes from the inventory's text: ed25519, ecdsa, rsa, with Windows line ends or without the last one", async () => {
    const s = await known();
    for (const key of [keys.ed, keys.ecdsa, keys.rsa]) await dial(kvmA(s, { privateKey: key.private }));
    await dial(kvmA(s, { privateKey: keys.ed.private.trim() }));
    await dial(kvmA(s, { privateKey: keys.ed.private.replace(/\n/g, "\r\n") }));
    assert.equal(s.offered.length, 5);
  });

  it("comes from identityFile, from IdentityFile in order, or from ssh's default files", async () => {
    const s = await known(trusting(keys.ed));
    write("keys/good", keys.ed.private);
    write("keys/bad", keys.other.private);
    await dial(kvmA(s, { identityFile: "~/keys/good" }));
    write(".ssh/config", "IdentityFile ~/keys/missing\nIdentityFile ~/keys/bad\nIdentityFile ~/keys/good\n");
    s.offered.length = 0;
    await dial(kvmA(s));
    assert.deepEqual(s.offered, [`root ${keys.other.fingerprint}`, `root ${keys.ed.fingerprint}`]);
    rmSync(join(home(), ".ssh/config"));
    write(".ssh/id_rsa", keys.ed.private);
    await dial(kvmA(s));
  });

  it("is none that PubkeyAcceptedAlgorithms leaves out", async () => {
    const s = await known();
    write(".ssh/config", "PubkeyAcceptedAlgorithms ssh-ed25519\n");
    assert.equal((await refusal(kvmA(s, { privateKey: keys.rsa.private }))).code, "authRefused");
    await dial(kvmA(s, { privateKey: keys.ed.private }));
    assert.deepEqual(s.offered, [`root ${keys.ed.fingerprint}`]);
  });

  it("whose login is by certificate is not sent to authorized_keys alone: user certificates need openssh", async () => {
    const s = await known({ allow: () => false });
    write(".ssh/id_user", keys.ed.private);
    const openssh = "here: pulumi config set vm-placement:ssh openssh";
    for (const certificate of [".ssh/id_user-cert.pub", ".ssh/other-cert.pub"]) {
      const file = write(certificate, "x");
      const named = certificate.includes("other") ? " CertificateFile ~/.ssh/other-cert.pub\n" : "";
      write(".ssh/config", `Host kvm-a\n IdentityFile ~/.ssh/id_user\n${named}`);
      const error = await refusal(kvmA(s));
      assert.equal(error.code, "authRefused");
      assert.match(error.problem.message, /user certificates need openssh/);
      assert.equal(commandsOf(error)[0], openssh);
      rmSync(file);
    }
    write(".ssh/config", "IdentityFile ~/.ssh/id_user\n");
    assert.ok(!commandsOf(await refusal(kvmA(s))).includes(openssh));
  });

  it("that is encrypted is opened by the passphrase, as text and as a file", async () => {
    const s = await known(trusting(keys.locked));
    write("locked", keys.locked.private);
    await dial(kvmA(s, { privateKey: keys.locked.private, passphrase }));
    await dial(kvmA(s, { identityFile: "~/locked", passphrase }));
  });

  it("that the agent holds is used: of SSH_AUTH_SOCK, or at the inventory's path", async () => {
    const socketPath = await agent(keys.other, keys.ed);
    const s = await known(trusting(keys.ed));
    await dial(kvmA(s), { env: { SSH_AUTH_SOCK: socketPath } });
    await dial(kvmA(s, { agent: socketPath }));
    await dial(kvmA(s, { agent: true }), { env: { SSH_AUTH_SOCK: socketPath } });
    assert.equal(
      (await refusal(kvmA(s, { agent: false }), { env: { SSH_AUTH_SOCK: socketPath } })).code,
      "authRefused",
    );
  });

  it("in an encrypted file needs no passphrase when the agent has it: told by the file's clear head", async () => {
    const s = await known(trusting(keys.locked));
    const socketPath = await agent(keys.other, keys.locked);
    await dial(kvmA(s, { privateKey: keys.locked.private, agent: socketPath }));
    assert.equal(s.offered[0], `root ${keys.locked.fingerprint}`);
  });

  it("of an rsa type is signed by the agent with sha2", async () => {
    const s = await known(trusting(keys.rsa));
    await dial(kvmA(s, { agent: await agent(keys.rsa) }));
  });

  it("order is ssh's: the agent's copies of the identity files, its other keys, the files", async () => {
    const socketPath = await agent(keys.ecdsa, keys.other);
    const s = await known({ allow: () => false });
    write("a", keys.ed.private);
    write("b", keys.other.private);
    write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/b\n");
    await refusal(kvmA(s, { agent: socketPath }));
    const prints = (...list: Key[]) => list.map((key) => `root ${key.fingerprint}`);
    assert.deepEqual(s.offered, prints(keys.other, keys.ecdsa, keys.ed));
    s.offered.length = 0;
    await refusal(kvmA(s, { agent: socketPath, identityFile: "~/a" }));
    assert.deepEqual(s.offered, prints(keys.ed, keys.ecdsa, keys.other), "the inventory's key first");
    s.offered.length = 0;
    write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/b\nIdentitiesOnly yes\n");
    await refusal(kvmA(s, { agent: socketPath }));
    assert.deepEqual(s.offered, prints(keys.other, keys.ed), "IdentitiesOnly leaves the agent's others out");
  });

  const set = (field: string) => `here: pulumi config set --secret --path 'vm-placement:hosts.kvm-a.${field}'`;
  const setFile = "here: pulumi config set --path 'vm-placement:hosts.kvm-a.identityFile' FILE";
  const setText = `${set("privateKey")} < FILE`;
  const pemKey =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
  const pkcs8 = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
  const unusable: [what: string, host: () => Partial<Host>, fact: string, commands: string[]][] = [
    [
      "an encrypted text without a passphrase",
      () => ({ privateKey: keys.locked.private }),
      "privateKey of the inventory",
      [set("passphrase"), "here: ssh-add FILE"],
    ],
    [
      "an encrypted file without a passphrase",
      () => ({ identityFile: write("locked", keys.locked.private) }),
      "~/locked",
      [set("passphrase"), "here: ssh-add ~/locked"],
    ],
    [
      "a wrong passphrase",
      () => ({ privateKey: keys.locked.private, passphrase: "wrong horse" }),
      "passphrase",
      [set("passphrase"), "here: ssh-add FILE"],
    ],
    [
      "an encrypted PEM file",
      () => ({ identityFile: write("pem key", pemKey) }),
      "~/pem key",
      [set("passphrase"), "here: ssh-add ~/'pem key'"],
    ],
    ["a missing file", () => ({ identityFile: "~/nowhere" }), "~/nowhere", [setFile]],
    ["a folder", () => ({ identityFile: "~" }), "EISDIR", [setFile]],
    ["something else", () => ({ identityFile: write("x", "hello") }), "~/x", [setFile]],
    ["a public key", () => ({ privateKey: keys.ed.public }), "public key", [setText]],
    ["a PKCS#8 key", () => ({ privateKey: pkcs8 }), "PKCS#8", ["here: ssh-keygen -p -a 24 -f FILE", setText]],
    [
      "a PKCS#8 file",
      () => ({ identityFile: write("pkcs8", pkcs8) }),
      "PKCS#8",
      ["here: ssh-keygen -p -a 24 -f ~/pkcs8"],
    ],
    ["an empty text", () => ({ privateKey: "" }), "not a private key", [setText]],
  ];
  for (const [what, host, fact, commands] of unusable) {
    it(`named by the inventory is refused at once when it is ${what}`, async () => {
      const error = await refusal(kvmA({ port: 1 }, host()));
      assert.equal(error.code, "privateKeyUnusable");
      assert.ok(error.problem.message.includes(fact), error.problem.message);
      assert.deepEqual(commandsOf(error), commands);
    });
  }

  it("in a file that others may read is refused, as ssh does; one that the agent holds as well is used", async () => {
    write("shared", keys.ed.private);
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      chmodSync(join(home(), "shared"), mode);
      const error = await refusal(kvmA({ port: 1 }, { identityFile: "~/shared" }));
      assert.equal(error.code, "privateKeyUnusable");
      assert.deepEqual(commandsOf(error), ["here: chmod 600 ~/shared"]);
    }
    const s = await known(trusting(keys.ed));
    await dial(kvmA(s, { identityFile: "~/shared", agent: await agent(keys.ed) }));
    chmodSync(join(home(), "shared"), 0o400);
    await dial(kvmA(s, { identityFile: "~/shared" }));
  });

  it("that nobody may read is refused by name", async function () {
    if (process.getuid?.() === 0) this.skip();
    chmodSync(write("mine", keys.ed.private), 0);
    assert.match((await refusal(kvmA({ port: 1 }, { identityFile: "~/mine" }))).problem.message, /EACCES/);
  });

  it("of ssh_config that cannot be used is passed over while there is another, and named when there is none", async () => {
    const s = await known(trusting(keys.ed));
    write("locked", keys.locked.private);
    write("good", keys.ed.private);
    write(".ssh/config", "IdentityFile ~/locked\nIdentityFile ~/good\n");
    await dial(kvmA(s));
    write(".ssh/config", "IdentityFile ~/locked\n");
    const error = await refusal(kvmA(s));
    assert.equal(error.code, "privateKeyUnusable");
    assert.deepEqual(commandsOf(error), [set("passphrase"), "here: ssh-add ~/locked"]);
    await dial(kvmA(await known(trusting(keys.locked)), { passphrase }));
  });

  it("refused names user, host, every key that was tried by file and fingerprint, and what was not offered", async () => {
    const s = await known({ allow: () => false });
    write("a", keys.ed.private);
    write("locked", keys.locked.private);
    write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/locked\nIdentityFile ~/nowhere\n");
    const error = await refusal(kvmA(s, { agent: await agent(keys.ecdsa) }));
    assert.equal(error.code, "authRefused");
    const facts = [
      `root@127.0.0.1:${s.port}`,
      `agent key ecdsa-sha2-nistp256 ${keys.ecdsa.fingerprint}`,
      `~/a (ssh-ed25519 ${keys.ed.fingerprint})`,
      "~/locked (",
      "~/nowhere (",
    ];
    for (const fact of facts) assert.ok(error.problem.message.includes(fact), fact);
  });

  it("in a security key behind the agent needs openssh, beside others too", async () => {
    const s = await known({ allow: () => false });
    const blob = Buffer.concat(["sk-ssh-ed25519@openssh.com", "k".repeat(32), "ssh:"].map(wireString));
    const socketPath = join(home(), "security-keys");
    const server = await serveKeys(socketPath, [{ label: "", key: { getPublicSSH: () => blob } as ParsedKey }]);
    write(".ssh/id_ed25519", keys.ed.private);
    const error = await refusal(kvmA(s, { agent: socketPath }));
    server.close();
    assert.equal(error.code, "authRefused");
    assert.ok(error.problem.message.includes("agent key sk-ssh-ed25519@openssh.com SHA256:"), error.problem.message);
    assert.equal(commandsOf(error)[0], "here: pulumi config set vm-placement:ssh openssh");
  });

  it("that is not there at all: says what to give, and which agent could not be asked", async () => {
    const s = await known();
    const error = await refusal(kvmA(s, { agent: "~/no-agent" }));
    assert.equal(error.code, "authRefused");
    assert.ok(error.problem.message.includes("/no-agent"));
    assert.deepEqual(commandsOf(error), ["here: ssh-add FILE"]);
    assert.match((await refusal(kvmA(s, { agent: true }))).problem.message, /SSH_AUTH_SOCK is not set/);
  });

  it("is not offered to a host that takes passwords only", async () => {
    const s = await known({ methods: ["password"], allow: () => false });
    const error = await refusal(kvmA(s, { privateKey: keys.ed.private }));
    assert.match(error.problem.message, /password only/);
    assert.match(error.problem.remedies[0]!.do, /PubkeyAuthentication yes/);
  });

  it("too many: when the host hangs up, it says how to offer fewer", async () => {
    const s = await known({ allow: () => false, maxAuthTries: 2 });
    const error = await refusal(kvmA(s, { agent: await agent(keys.ecdsa, keys.other, keys.rsa, keys.ed) }));
    assert.equal(error.code, "authRefused");
    assert.match(error.problem.remedies[0]!.do, /MaxAuthTries/);
  });
});
