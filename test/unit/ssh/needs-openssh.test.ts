import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../../../provider/core/model";
import { readConfig } from "../../../provider/ssh/config";
import { surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget } from "../../../provider/ssh/target";
import { makeKey } from "../../../lab/simulated/ssh";

describe("ssh: what needs the ssh command", () => {
  const key = makeKey();
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
