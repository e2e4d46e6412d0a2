import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PlacementError } from "../../../provider/core/errors";
import { renderRemedies } from "../../../provider/core/problem";
import type { Host, Inventory } from "../../../provider/core/model";
import { createDial, type DialOptions } from "../../../provider/ssh";
import {
  type Key,
  makeKey,
  type SshServer,
  type SshServerOptions,
  startAgent,
  startSshServer,
} from "../../../lab/simulated/ssh";

describe("ssh: opening a connection", () => {
  const passphrase = "correct horse";
  let keys: { ed: Key; other: Key; rsa: Key; ecdsa: Key; locked: Key };
  let home: string;
  let closers: (() => Promise<unknown>)[];

  before(() => {
    keys = {
      ed: makeKey(),
      other: makeKey(),
      rsa: makeKey("rsa"),
      ecdsa: makeKey("ecdsa"),
      locked: makeKey("ed25519", passphrase),
    };
  });
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "ssh-home-"));
    closers = [];
  });
  afterEach(async () => {
    await Promise.all(closers.map((close) => close()));
    rmSync(home, { recursive: true, force: true });
  });

  function write(path: string, text: string): string {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  async function server(options: SshServerOptions = {}): Promise<SshServer> {
    const started = await startSshServer(options);
    closers.push(() => started.close());
    return started;
  }

  async function agent(...held: Key[]): Promise<string> {
    const started = await startAgent(held, passphrase);
    closers.push(() => started.close());
    return started.socketPath;
  }

  /** The host as the inventory has it; it is called kvm-a. */
  const at = ({ port }: { port: number }, more: Partial<Host> = {}): Host => ({
    name: "kvm-a",
    address: "127.0.0.1",
    port,
    user: "root",
    ...more,
  });

  async function dial(host: Host, options: Partial<DialOptions> & { inventory?: Inventory } = {}) {
    const shell = await createDial({
      inventory: undefined,
      home,
      env: {},
      localUser: "me",
      systemConfigFile: join(home, "none"),
      globalKnownHostsFiles: [join(home, "global")],
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

  describe("a host's key", () => {
    it("is accepted by known_hosts, whichever of several files knows it", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      for (const file of [".ssh/known_hosts", ".ssh/known_hosts2", "global", "own"]) {
        write(file, s.knownHosts);
        const shell = await dial(
          at(s, { privateKey: keys.ed.private, ...(file === "own" && { knownHostsFile: "~/own" }) }),
        );
        assert.equal(shell.host, "kvm-a");
        assert.equal(shell.alive, true);
        await shell.close();
        rmSync(join(home, file));
      }
    });

    it("is accepted when it is filed without the port, as ssh does", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `127.0.0.1 ${keys.ed.public}\n`);
      await dial(at(s, { privateKey: keys.ed.private }));
      write(".ssh/known_hosts", `127.0.0.1 ${keys.other.public}\n`);
      assert.equal((await refusal(at(s, { privateKey: keys.ed.private }))).code, "hostKeyUnknown");
    });

    it("is looked up under HostKeyAlias", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/config", "Host kvm-a\n HostKeyAlias the-alias\n");
      write(".ssh/known_hosts", `the-alias ${keys.ed.public}\n`);
      await dial(at(s, { privateKey: keys.ed.private }));
    });

    it("is negotiated by the type that is known, so that a host known by its ecdsa or rsa key is not refused over ed25519", async () => {
      const s = await server({ hostKeys: [keys.ed, keys.ecdsa, keys.rsa] });
      for (const key of [keys.ecdsa, keys.rsa, keys.ed]) {
        write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${key.public}\n`);
        await dial(at(s, { privateKey: keys.ed.private }));
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
          await dial(at(s, { privateKey: keys.ed.private, hostKey: pin(key) }));
        }
      });
    }

    it("that is pinned is the only one accepted, even where known_hosts knows another", async () => {
      const s = await server({ hostKeys: [keys.ed, keys.ecdsa] });
      write(".ssh/known_hosts", s.knownHosts);
      for (const hostKey of [keys.other.fingerprint, keys.other.public]) {
        const error = await refusal(at(s, { privateKey: keys.ed.private, hostKey }));
        assert.equal(error.code, "hostKeyChanged");
        assert.ok(
          error.problem.message.includes(`it offers ssh-ed25519 ${keys.ed.fingerprint}`),
          error.problem.message,
        );
        assert.ok(
          error.problem.message.includes(`hostKey of kvm-a is ${keys.other.fingerprint}`),
          error.problem.message,
        );
        assert.ok(
          renderRemedies(error.problem.remedies).includes(
            `pulumi config set --path 'vm-placement:hosts.kvm-a.hostKey' ${keys.ed.fingerprint}`,
          ),
          renderRemedies(error.problem.remedies),
        );
      }
      assert.deepEqual(s.offered, []);
    });

    it("that is pinned and let in by no key says so, not that the pin is wrong", async () => {
      const s = await server({ hostKeys: [keys.ed, keys.rsa], allow: () => false });
      const error = await refusal(at(s, { privateKey: keys.ed.private, hostKey: keys.rsa.fingerprint }));
      assert.equal(error.code, "authRefused");
    });

    it("that is unknown is refused before any key is offered, with fingerprint, pin and line to add", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      const error = await refusal(at(s, { privateKey: keys.ed.private }));
      assert.equal(error.code, "hostKeyUnknown");
      assert.equal(
        error.message,
        `cannot connect to kvm-a (connect, on kvm-a): the host key of [127.0.0.1]:${s.port} is not known; it offers ssh-ed25519 ${keys.ed.fingerprint}\n` +
          "  What to do: compare the fingerprint with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the host itself. " +
          `If it is the same, either set it in the inventory, hostKey: "${keys.ed.fingerprint}" ` +
          `(\`pulumi config set --path 'vm-placement:hosts.kvm-a.hostKey' ${keys.ed.fingerprint}\`), or add this line to ~/.ssh/known_hosts:\n` +
          `    [127.0.0.1]:${s.port} ${keys.ed.public}\n` +
          "  [hostKeyUnknown]",
      );
      assert.deepEqual(s.offered, []);
      const line = error.message.split("\n").find((text) => text.startsWith("    "))!;
      write(".ssh/known_hosts", `${line.trim()}\n`);
      await dial(at(s, { privateKey: keys.ed.private }));
    });

    it("known only by a @cert-authority is refused as unknown, and says what is not supported", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `@cert-authority * ${keys.ed.public}\n`);
      const error = await refusal(at(s, { privateKey: keys.ed.private }));
      assert.equal(error.code, "hostKeyUnknown");
      assert.match(
        error.problem.message,
        /~\/\.ssh\/known_hosts:1 is a @cert-authority; host certificates are not supported/,
      );
    });

    it("that changed is refused with the line that holds the old one, and how to take it out", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `# mine\n[127.0.0.1]:${s.port} ${keys.other.public}\n`);
      const error = await refusal(at(s, { privateKey: keys.ed.private }));
      assert.equal(error.code, "hostKeyChanged");
      assert.ok(error.problem.message.includes(`it offers ssh-ed25519 ${keys.ed.fingerprint}`), error.problem.message);
      assert.ok(
        error.problem.message.includes(`~/.ssh/known_hosts:2 holds ssh-ed25519 ${keys.other.fingerprint}`),
        error.problem.message,
      );
      assert.ok(
        renderRemedies(error.problem.remedies).includes(
          `\`ssh-keygen -R '[127.0.0.1]:${s.port}' -f ~/.ssh/known_hosts\``,
        ),
        renderRemedies(error.problem.remedies),
      );
      assert.ok(
        renderRemedies(error.problem.remedies).includes(`\n    [127.0.0.1]:${s.port} ${keys.ed.public}\n`),
        renderRemedies(error.problem.remedies),
      );
      assert.deepEqual(s.offered, []);
    });

    it("of another type than the one known is a changed key", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.ecdsa.public}\n`);
      const error = await refusal(at(s, { privateKey: keys.ed.private }));
      assert.equal(error.code, "hostKeyChanged");
      assert.match(error.problem.message, /known_hosts:1 holds ecdsa-sha2-nistp256 SHA256:/);
    });

    it("that is revoked is refused, even when it is known or pinned as well", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `${s.knownHosts}@revoked * ${keys.ed.public}\n`);
      for (const hostKey of [undefined, keys.ed.fingerprint]) {
        const error = await refusal(at(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
        assert.equal(error.code, "hostKeyRevoked");
        assert.match(error.problem.message, /~\/\.ssh\/known_hosts:2 marks @revoked/);
      }
    });

    it("that is filed without the port is refused when another one is filed with the port", async () => {
      const s = await server({ hostKeys: [keys.ed] });
      write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.other.public}\n127.0.0.1 ${keys.ed.public}\n`);
      assert.equal((await refusal(at(s, { privateKey: keys.ed.private }))).code, "hostKeyChanged");
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
        rmSync(join(home, "revoked"), { force: true });
        if (text !== undefined) write("revoked", text);
        for (const hostKey of [undefined, keys.ed.fingerprint]) {
          const error = await refusal(at(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
          assert.equal(error.code, "hostKeyRevoked");
          assert.match(error.problem.message, why);
        }
      }
      write("revoked", `${keys.other.public}\n`);
      await dial(at(s, { privateKey: keys.ed.private }));
    });

    it("of a type that HostKeyAlgorithms leaves out is not accepted, known or pinned", async () => {
      const s = await server({ hostKeys: [keys.ed, keys.ecdsa] });
      write(".ssh/config", "HostKeyAlgorithms ssh-ed25519\n");
      write(".ssh/known_hosts", `[127.0.0.1]:${s.port} ${keys.ecdsa.public}\n`);
      assert.equal((await refusal(at(s, { privateKey: keys.ed.private }))).code, "hostKeyChanged");
      for (const hostKey of [keys.ecdsa.fingerprint, keys.ecdsa.public]) {
        assert.equal((await refusal(at(s, { privateKey: keys.ed.private, hostKey }))).code, "hostKeyChanged");
      }
      for (const value of ["ssh-rsa", "nonsense", "*-cert-v01@openssh.com"]) {
        write(".ssh/config", `HostKeyAlgorithms ${value}\n`);
        const error = await refusal(at(s, { privateKey: keys.ed.private, hostKey: keys.ed.public }));
        assert.equal(error.code, "invalidInput");
        assert.match(error.problem.message, /HostKeyAlgorithms/);
      }
    });

    it("of RSA below RequiredRSASize is refused, known or pinned", async () => {
      const s = await server({ hostKeys: [keys.rsa] });
      write(".ssh/known_hosts", s.knownHosts);
      write(".ssh/config", "Host kvm-a\n RequiredRSASize 3072\n");
      for (const hostKey of [undefined, keys.rsa.public]) {
        const error = await refusal(at(s, { privateKey: keys.ed.private, ...(hostKey && { hostKey }) }));
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
        const host = at(s, { address: "localhost", privateKey: keys.ed.private });
        const error = await refusal(host);
        assert.equal(error.code, "invalidInput");
        assert.match(error.problem.message, why);
        assert.match(renderRemedies(error.problem.remedies), /hostKey of the host in the inventory/);
        await dial({ ...host, hostKey: keys.ed.fingerprint });
      }
    });

    it("that cannot be read from the inventory is refused by the name of the field", async () => {
      for (const hostKey of ["MD5:16:27:ac", "SHA256:short", "yes", ""]) {
        const error = await refusal(at({ port: 1 }, { hostKey }));
        assert.equal(error.code, "invalidInput");
        assert.match(error.message, /hostKey of kvm-a is neither a fingerprint nor a public key/);
      }
    });

    it("has no switch that accepts anything: StrictHostKeyChecking no changes nothing", async () => {
      const s = await server();
      write(
        ".ssh/config",
        "StrictHostKeyChecking no\nCheckHostIP no\nVerifyHostKeyDNS yes\nUserKnownHostsFile /dev/null\n",
      );
      assert.equal((await refusal(at(s, { privateKey: keys.ed.private }))).code, "hostKeyUnknown");
    });
  });

  describe("a key", () => {
    const trusting = (key: Key) => ({ allow: (_user: string, blob: Buffer) => blob.equals(key.blob) });

    async function known(options: SshServerOptions = {}): Promise<SshServer> {
      const s = await server(options);
      write(".ssh/known_hosts", s.knownHosts);
      return s;
    }

    it("comes from the inventory's text: ed25519, ecdsa, rsa, with Windows line ends or without the last one", async () => {
      const s = await known();
      for (const key of [keys.ed, keys.ecdsa, keys.rsa]) await dial(at(s, { privateKey: key.private }));
      await dial(at(s, { privateKey: keys.ed.private.trim() }));
      await dial(at(s, { privateKey: keys.ed.private.replace(/\n/g, "\r\n") }));
      assert.equal(s.offered.length, 5);
    });

    it("comes from identityFile, from IdentityFile in order, or from ssh's default files", async () => {
      const s = await known(trusting(keys.ed));
      write("keys/good", keys.ed.private);
      write("keys/bad", keys.other.private);
      await dial(at(s, { identityFile: "~/keys/good" }));
      write(".ssh/config", "IdentityFile ~/keys/missing\nIdentityFile ~/keys/bad\nIdentityFile ~/keys/good\n");
      s.offered.length = 0;
      await dial(at(s));
      assert.deepEqual(s.offered, [`root ${keys.other.fingerprint}`, `root ${keys.ed.fingerprint}`]);
      rmSync(join(home, ".ssh/config"));
      write(".ssh/id_rsa", keys.ed.private);
      await dial(at(s));
    });

    it("that is encrypted is opened by the passphrase, as text and as a file", async () => {
      const s = await known(trusting(keys.locked));
      write("locked", keys.locked.private);
      await dial(at(s, { privateKey: keys.locked.private, passphrase }));
      await dial(at(s, { identityFile: "~/locked", passphrase }));
    });

    it("that the agent holds is used: of SSH_AUTH_SOCK, or at the inventory's path", async () => {
      const socketPath = await agent(keys.other, keys.ed);
      const s = await known(trusting(keys.ed));
      await dial(at(s), { env: { SSH_AUTH_SOCK: socketPath } });
      await dial(at(s, { agent: socketPath }));
      await dial(at(s, { agent: true }), { env: { SSH_AUTH_SOCK: socketPath } });
      assert.equal(
        (await refusal(at(s, { agent: false }), { env: { SSH_AUTH_SOCK: socketPath } })).code,
        "authRefused",
      );
    });

    it("in an encrypted file needs no passphrase when the agent has it: told by the file's clear head", async () => {
      const s = await known(trusting(keys.locked));
      const socketPath = await agent(keys.other, keys.locked);
      await dial(at(s, { privateKey: keys.locked.private, agent: socketPath }));
      assert.equal(s.offered[0], `root ${keys.locked.fingerprint}`);
    });

    it("of an rsa type is signed by the agent with sha2", async () => {
      const s = await known(trusting(keys.rsa));
      await dial(at(s, { agent: await agent(keys.rsa) }));
    });

    it("order is ssh's: the agent's copies of the identity files, its other keys, the files", async () => {
      const socketPath = await agent(keys.ecdsa, keys.other);
      const s = await known({ allow: () => false });
      write("a", keys.ed.private);
      write("b", keys.other.private);
      write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/b\n");
      await refusal(at(s, { agent: socketPath }));
      const prints = (...list: Key[]) => list.map((key) => `root ${key.fingerprint}`);
      assert.deepEqual(s.offered, prints(keys.other, keys.ecdsa, keys.ed));
      s.offered.length = 0;
      await refusal(at(s, { agent: socketPath, identityFile: "~/a" }));
      assert.deepEqual(s.offered, prints(keys.ed, keys.ecdsa, keys.other), "the inventory's key first");
      s.offered.length = 0;
      write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/b\nIdentitiesOnly yes\n");
      await refusal(at(s, { agent: socketPath }));
      assert.deepEqual(s.offered, prints(keys.other, keys.ed), "IdentitiesOnly leaves the agent's others out");
    });

    const unusable: [what: string, host: () => Partial<Host>, why: RegExp, next: RegExp][] = [
      [
        "an encrypted text without a passphrase",
        () => ({ privateKey: keys.locked.private }),
        /privateKey of the inventory cannot be used: it is encrypted and no passphrase is set/,
        /pulumi config set --secret --path 'vm-placement:hosts\.kvm-a\.passphrase'/,
      ],
      [
        "an encrypted file without a passphrase",
        () => ({ identityFile: write("locked", keys.locked.private) }),
        /the key ~\/locked cannot be used: it is encrypted/,
        /passphrase'.*ssh-add/,
      ],
      [
        "a wrong passphrase",
        () => ({ privateKey: keys.locked.private, passphrase: "wrong horse" }),
        /its passphrase does not open it/,
        /--secret/,
      ],
      [
        "an encrypted PEM file",
        () => ({
          identityFile: write(
            "pem",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
          ),
        }),
        /~\/pem cannot be used: it is encrypted/,
        /passphrase/,
      ],
      [
        "a missing file",
        () => ({ identityFile: "~/nowhere" }),
        /~\/nowhere.*does not exist/,
        /hosts\.kvm-a\.identityFile'/,
      ],
      ["a folder", () => ({ identityFile: "~" }), /cannot be read \(EISDIR\)/, /identityFile/],
      ["something else", () => ({ identityFile: write("x", "hello") }), /~\/x.*not a private key/, /identityFile/],
      ["a public key", () => ({ privateKey: keys.ed.public }), /it is a public key/, /hosts\.kvm-a\.privateKey/],
      [
        "a PKCS#8 key",
        () => ({ privateKey: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----" }),
        /PKCS#8/,
        /privateKey/,
      ],
      ["an empty text", () => ({ privateKey: "" }), /not a private key/, /privateKey/],
    ];
    for (const [what, host, why, next] of unusable) {
      it(`named by the inventory is refused at once when it is ${what}`, async () => {
        const error = await refusal(at({ port: 1 }, host()));
        assert.equal(error.code, "privateKeyUnusable");
        assert.match(error.problem.message, why);
        assert.match(renderRemedies(error.problem.remedies), next);
      });
    }

    it("that nobody may read is refused by name", async function () {
      if (process.getuid?.() === 0) this.skip();
      chmodSync(write("mine", keys.ed.private), 0);
      assert.match((await refusal(at({ port: 1 }, { identityFile: "~/mine" }))).problem.message, /EACCES/);
    });

    it("of ssh_config that cannot be used is passed over while there is another, and named when there is none", async () => {
      const s = await known(trusting(keys.ed));
      write("locked", keys.locked.private);
      write("good", keys.ed.private);
      write(".ssh/config", "IdentityFile ~/locked\nIdentityFile ~/good\n");
      await dial(at(s));
      write(".ssh/config", "IdentityFile ~/locked\n");
      const error = await refusal(at(s));
      assert.equal(error.code, "privateKeyUnusable");
      assert.match(renderRemedies(error.problem.remedies), /hosts\.kvm-a\.passphrase/);
      await dial(at(await known(trusting(keys.locked)), { passphrase }));
    });

    it("refused names user, host, every key that was tried by file and fingerprint, and what was not offered", async () => {
      const s = await known({ allow: () => false });
      write("a", keys.ed.private);
      write("locked", keys.locked.private);
      write(".ssh/config", "IdentityFile ~/a\nIdentityFile ~/locked\nIdentityFile ~/nowhere\n");
      const error = await refusal(at(s, { agent: await agent(keys.ecdsa) }));
      assert.equal(error.code, "authRefused");
      assert.equal(
        error.problem.message,
        `root@127.0.0.1:${s.port} lets none of the keys in: offered agent key ecdsa-sha2-nistp256 ${keys.ecdsa.fingerprint}, ` +
          `~/a (ssh-ed25519 ${keys.ed.fingerprint}); not offered: ~/locked (it is encrypted and no passphrase is set), ~/nowhere (it does not exist)`,
      );
      assert.match(
        renderRemedies(error.problem.remedies),
        /authorized_keys of root there, or set user and identityFile of kvm-a/,
      );
    });

    it("that is not there at all: says what to give, and which agent could not be asked", async () => {
      const s = await known();
      const error = await refusal(at(s, { agent: "~/no-agent" }));
      assert.equal(error.code, "authRefused");
      assert.match(
        error.problem.message,
        /no key was offered; not offered: the ssh agent at .*no-agent \(it cannot be asked\)/,
      );
      assert.match(renderRemedies(error.problem.remedies), /give kvm-a a key: identityFile or privateKey/);
      assert.match((await refusal(at(s, { agent: true }))).problem.message, /SSH_AUTH_SOCK is not set/);
    });

    it("is not offered to a host that takes passwords only", async () => {
      const s = await known({ methods: ["password"], allow: () => false });
      const error = await refusal(at(s, { privateKey: keys.ed.private }));
      assert.match(error.problem.message, /the host takes password only/);
      assert.match(renderRemedies(error.problem.remedies), /PubkeyAuthentication yes/);
    });

    it("too many: when the host hangs up, it says how to offer fewer", async () => {
      const s = await known({ allow: () => false, maxAuthTries: 2 });
      const error = await refusal(at(s, { agent: await agent(keys.ecdsa, keys.other, keys.rsa, keys.ed) }));
      assert.equal(error.code, "authRefused");
      assert.match(error.problem.message, /it closed the connection/);
      assert.match(
        renderRemedies(error.problem.remedies),
        /agent: false and identityFile of kvm-a, or IdentitiesOnly yes/,
      );
    });
  });

  describe("a host that cannot be reached", () => {
    async function plainServer(onSocket: (socket: Socket) => void): Promise<{ port: number }> {
      const sockets = new Set<Socket>();
      const s: Server = createServer((socket) => {
        sockets.add(socket.on("error", () => {}));
        onSocket(socket);
      });
      await new Promise<void>((resolve) => s.listen(0, "127.0.0.1", resolve));
      closers.push(() => {
        sockets.forEach((socket) => socket.destroy());
        return new Promise((resolve) => s.close(resolve));
      });
      return s.address() as { port: number };
    }

    const cases: [what: string, host: () => Promise<Host>, why: RegExp, next: RegExp][] = [
      [
        "nothing listens",
        () => Promise.resolve(at({ port: 1 })),
        /127\.0\.0\.1:1: it refuses the connection: .*ECONNREFUSED/,
        /sshd/,
      ],
      [
        "nothing listens on any of its addresses",
        () => Promise.resolve(at({ port: 1 }, { address: "localhost" })),
        /localhost:1: .*ECONNREFUSED/,
        /sshd/,
      ],
      [
        "its name does not resolve",
        () => Promise.resolve(at({ port: 22 }, { address: "no-such-host.invalid" })),
        /no-such-host\.invalid:22: the name .* does not resolve .*(ENOTFOUND|EAI_AGAIN)/,
        /set the address of kvm-a/,
      ],
      ["it never greets", async () => at(await plainServer(() => {})), /no ssh handshake came within 0\.3 s/, /ssh -p/],
      ["it hangs up at once", async () => at(await plainServer((socket) => socket.end())), /handshake/, /ssh -p/],
      [
        "it is no ssh server",
        async () => at(await plainServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))),
        /handshake/,
        /ssh -p/,
      ],
    ];
    for (const [what, host, why, next] of cases) {
      it(`says so in the system's words: ${what}`, async () => {
        const error = await refusal(await host(), { connectTimeoutMs: 300 });
        assert.equal(error.code, "hostUnreachable");
        assert.match(error.problem.message, why);
        assert.match(renderRemedies(error.problem.remedies), next);
      });
    }

    it("is given up after ssh_config's ConnectTimeout", async () => {
      write(".ssh/config", "ConnectTimeout 1\n");
      const error = await refusal(at(await plainServer(() => {})), { connectTimeoutMs: 60_000 });
      assert.match(error.problem.message, /within 1 s/);
    });
  });

  describe("a jump host", () => {
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
      const shell = await dial(at(last, { proxyJump: "gate,inner" }), { inventory });
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
      const error = await refusal(at(last, { proxyJump: "gate,inner" }), { inventory });
      assert.equal(error.code, "hostKeyUnknown");
      assert.match(error.problem.message, /^jump host gate: the host key of \[127\.0\.0\.1\]:\d+ is not known/);
      assert.match(renderRemedies(error.problem.remedies), /vm-placement:hosts\.gate\.hostKey/);
      assert.equal(error.host, "kvm-a");
      assert.deepEqual([gate.offered, gate.forwarded], [[], []]);
    });

    it("of the chain that lets no key in is named", async () => {
      const { last, inventory } = await chain({ gate: { allow: () => false } });
      const error = await refusal(at(last, { proxyJump: "gate" }), { inventory });
      assert.equal(error.code, "authRefused");
      assert.match(error.problem.message, /^jump host gate: jump@127\.0\.0\.1:\d+ lets none of the keys in/);
    });

    it("that is down is named", async () => {
      const { gate, last, inventory } = await chain();
      await gate.close();
      const error = await refusal(at(last, { proxyJump: "gate" }), { inventory });
      assert.equal(error.code, "hostUnreachable");
      assert.match(error.problem.message, /^jump host gate: 127\.0\.0\.1:\d+: it refuses the connection/);
    });

    it("that cannot reach the host, or must not, says from where; no connection is left", async () => {
      const { gate, last, inventory } = await chain();
      await last.close();
      const down = await refusal(at(last, { proxyJump: "gate" }), { inventory });
      assert.equal(down.code, "hostUnreachable");
      assert.match(down.problem.message, /^127\.0\.0\.1:\d+: not reached from jump host gate: /);
      await eventually(() => gate.open() === 0);
      const forbidding = await chain({ gate: { forward: false } });
      const error = await refusal(at(forbidding.last, { proxyJump: "gate" }), { inventory: forbidding.inventory });
      assert.equal(error.code, "hostUnreachable");
    });

    it("that dies takes the connection with it", async () => {
      const { gate, last, inventory } = await chain();
      const shell = await dial(at(last, { proxyJump: "gate" }), { inventory });
      gate.drop();
      await eventually(() => !shell.alive);
      await assert.rejects(shell.exec("true"), { code: "connectionLost" });
      await eventually(() => last.open() === 0);
    });
  });

  async function eventually(holds: () => boolean): Promise<void> {
    for (let waitedMs = 0; !holds(); waitedMs += 5) {
      assert.ok(waitedMs < 2000, "it did not come true");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});
