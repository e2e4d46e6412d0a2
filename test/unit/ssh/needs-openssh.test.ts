import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ParsedKey, utils } from "ssh2";
import type { Host } from "../../../provider/core/model";
import type { Shell } from "../../../provider/core/ports";
import { choose } from "../../../provider/ssh/choose";
import { readConfig } from "../../../provider/ssh/config";
import { serveKeys } from "../../../provider/ssh/openssh/key-agent";
import { publicKeyLine } from "../../../provider/ssh/public-key";
import { surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget } from "../../../provider/ssh/target";
import { wireString } from "../../../provider/ssh/wire";
import { makeKey } from "../../../lab/simulated/ssh";

describe("ssh: what needs the ssh command", () => {
  const key = makeKey();
  const securityKey = Buffer.concat(["sk-ssh-ed25519@openssh.com", "k".repeat(32), "ssh:"].map(wireString));
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "needs-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }

  function needs(config: string, host: Partial<Host> = {}, env: NodeJS.ProcessEnv = {}): number {
    write(".ssh/config", config);
    const around = surroundings({ home, env, systemConfigFile: "/nowhere", globalKnownHostsFiles: [] });
    const entry = { name: "kvm-a", ...host };
    return resolveTarget(entry, { host: "kvm-a" }, readConfig(around), around).needsOpenSsh.length;
  }

  const demanding: [config: string, host?: Partial<Host>, env?: NodeJS.ProcessEnv][] = [
    ["ProxyCommand nc %h %p"],
    ["CertificateFile ~/.ssh/x-cert.pub"],
    ["BindInterface eth0"],
    ["AddressFamily inet6\n HostName 10.0.0.11"],
    ["PKCS11Provider /lib/p11.so"],
    ["PubkeyAuthentication no"],
    ["PreferredAuthentications gssapi-with-mic"],
    ["PubkeyAcceptedAlgorithms -rsa-sha2-256"],
    ["ProxyJump none\nProxyCommand nc %h %p"],
    ["Match exec true\n ServerAliveInterval 5"],
    ["KnownHostsCommand /bin/keys %H"],
    ["CanonicalizeHostname yes\nCanonicalDomains example.net"],
    ["Match exec true\n ProxyJump gate"],
    ["Match exec true\n UserKnownHostsFile /x"],
    ["GSSAPIAuthentication yes", {}, { KRB5CCNAME: "FILE:/x" }],
  ];
  for (const [config, host, env] of demanding) {
    it(`is ${config.replace(/\n/g, "; ")}`, () => assert.equal(needs(config, host, env), 1));
  }

  it("is a certificate beside a key, a key in a security key, a host known by an authority only", () => {
    write(".ssh/id_ed25519_sk", "x");
    assert.equal(needs(""), 1);
    write(".ssh/id_ed25519", key.private);
    assert.equal(needs(""), 0);
    write(".ssh/id_ed25519-cert.pub", "x");
    assert.equal(needs(""), 1);
    assert.equal(needs("", { privateKey: key.private }), 0);
    write(".ssh/known_hosts", `@cert-authority * ${key.public}\n`);
    assert.equal(needs("", { privateKey: key.private }), 1);
    assert.equal(needs("", { privateKey: key.private, hostKey: key.fingerprint }), 0);
  });

  it("is an identity file in a security key, by its public half in the file or beside it", () => {
    write(".ssh/id_work.pub", `${publicKeyLine(securityKey)} me@here\n`);
    assert.equal(needs("IdentityFile ~/.ssh/id_work"), 1);
    assert.equal(needs("IdentityFile ~/.ssh/id_work.pub\nIdentitiesOnly yes"), 1);
    assert.equal(needs("", { identityFile: "~/.ssh/id_work" }), 1);
    write(".ssh/id_work.pub", key.public);
    assert.equal(needs("IdentityFile ~/.ssh/id_work"), 0);
  });

  describe("with a security key (FIDO) in the agent only", () => {
    let server: { close(): void } | undefined;
    afterEach(() => server?.close());

    /** Which ssh opens the way. */
    async function way(blobs: Buffer[], config = "", host: Partial<Host> = {}): Promise<string> {
      write(".ssh/config", config);
      const socketPath = join(home, "agent");
      server = await serveKeys(
        socketPath,
        blobs.map((blob) => ({ label: "", key: { getPublicSSH: () => blob } as ParsedKey })),
      );
      const env = { SSH_AUTH_SOCK: socketPath, PATH: process.env.PATH };
      const around = surroundings({ home, env, systemConfigFile: "/nowhere", globalKnownHostsFiles: [] });
      const target = resolveTarget({ name: "kvm-a", ...host }, { host: "kvm-a" }, readConfig(around), around);
      let taken = "";
      const notes: string[] = [];
      const open = (name: string) => () => ((taken = name), Promise.resolve({} as Shell));
      await choose("auto", around, (note) => notes.push(note))([target], {
        ssh2: open("ssh2"),
        openssh: open("openssh"),
      });
      assert.equal(notes.length, taken === "openssh" ? 1 : 0);
      server.close();
      return taken;
    }

    it("is that there is no other key to offer", async () => {
      const plain = utils.parseKey(key.private) as ParsedKey;
      assert.equal(await way([securityKey]), "openssh");
      assert.equal(await way([securityKey], "IdentityFile ~/.ssh/nowhere"), "openssh");
      assert.equal(await way([securityKey, plain.getPublicSSH()]), "ssh2");
      assert.equal(await way([plain.getPublicSSH()]), "ssh2");
      assert.equal(await way([]), "ssh2");
      assert.equal(await way([securityKey], "", { privateKey: key.private }), "ssh2");
      assert.equal(await way([securityKey], "IdentitiesOnly yes"), "ssh2");
      assert.equal(await way([securityKey], "PubkeyAcceptedAlgorithms ssh-ed25519"), "ssh2");
      write(".ssh/id_ed25519", key.private);
      chmodSync(join(home, ".ssh/id_ed25519"), 0o600);
      assert.equal(await way([securityKey]), "ssh2");
    });
  });

  it("is nothing that distributions set for everybody, or that the inventory decides", () => {
    write(".ssh/id_ed25519", key.private);
    const rhel = "Match final all\n GSSAPIAuthentication yes\n ForwardX11Trusted yes\n";
    const systemd = "Host unix/* vsock/*\n ProxyCommand systemd-ssh-proxy %h %p\n ProxyUseFdpass yes\n";
    assert.equal(needs(rhel + systemd, {}, { KRB5CCNAME: "FILE:/x" }), 0);
    assert.equal(needs("ProxyCommand nc %h %p", { proxyJump: "gate" }), 0);
    assert.equal(needs("KnownHostsCommand /bin/keys %H", { hostKey: key.fingerprint }), 0);
    assert.equal(needs("Match exec true\n Compression yes"), 0);
  });
});
