import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { knownHostsName, knownKeysIn } from "../../../provider/ssh/known-hosts";
import { fingerprint, publicKeyIn } from "../../../provider/ssh/public-key";
import { dialling, kvmA } from "../../support/dialling";

const ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF9NXeDG54YwqFK/piPccJdRD9iUj8qlOgM2Qa9q1nQh";
const ecdsa =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBE2G81xALhSbjxpsy8t98hIWFAWfCUDkVvDsk8fJiPFfWNt2P3QpDZNsA9JU14CGo+qJnutNKyNlXt1vVNHTWPs=";

/** Written by `ssh-keygen -H` (OpenSSH 9.2) from the lines `kvm-a`, `[kvm-a]:2222` and `2001:db8::7`. */
const hashed = {
  "kvm-a": "|1|01BHUtW1q/4LxUGfQT5GpwsG54U=|CV97jdAavR2fn3hSVOB9LQIPu4Q=",
  "[kvm-a]:2222": "|1|uoOOXN1eRCOSuUc4FDYq4RaoZzU=|faGxoeLsOg4J4EoC1+xh22cl1xc=",
  "2001:db8::7": "|1|mHgCIKr3Bk6t3LlMQo53SvRvIho=|dBESmEiM9vZRQQj1uzD7l0Mqsmc=",
};

describe("known_hosts", () => {
  const cases: [what: string, names: string, name: string, known: boolean][] = [
    ["a plain name", "kvm-a", "kvm-a", true],
    ["one of several names", "kvm-b,kvm-a,10.0.0.11", "10.0.0.11", true],
    ["a name in capitals", "KVM-A", "kvm-a", true],
    ["another name", "kvm-b", "kvm-a", false],
    ["the start of a name", "kvm", "kvm-a", false],
    ["a name with a port", "[kvm-a]:2222", "[kvm-a]:2222", true],
    ["a name with another port", "[kvm-a]:2222", "[kvm-a]:2223", false],
    ["an IPv6 address with a port", "[2001:db8::7]:2222", "[2001:db8::7]:2222", true],
    ["any text by *", "kvm-*", "kvm-a", true],
    ["one character by ?", "kvm-?", "kvm-a", true],
    ["two characters by ?", "kvm-?", "kvm-ab", false],
    ["a dot as a dot", "10.0.0.1", "10x0x0x1", false],
    ["a negated name", "kvm-*,!kvm-a", "kvm-a", false],
    ["a name beside a negated one", "kvm-*,!kvm-a", "kvm-b", true],
    ["only a negated name", "!kvm-b", "kvm-a", false],
    ["a hashed name", hashed["kvm-a"], "kvm-a", true],
    ["a hashed name with a port", hashed["[kvm-a]:2222"], "[kvm-a]:2222", true],
    ["a hashed IPv6 address", hashed["2001:db8::7"], "2001:db8::7", true],
    ["another name's hash", hashed["kvm-a"], "kvm-b", false],
    ["a broken hash", "|1|AAAA", "kvm-a", false],
  ];
  for (const [what, names, name, known] of cases) {
    it(`${known ? "knows a host by" : "does not take it for the host:"} ${what}`, () => {
      assert.equal(knownKeysIn(`${names} ${ed25519} comment\n`, name, "f").length, known ? 1 : 0);
    });
  }

  it("tells file, line, type and marker of each key, and reads past what it cannot read", () => {
    const text = [
      "# comment",
      "",
      `kvm-a ${ed25519}`,
      "kvm-a",
      "kvm-a ssh-ed25519 AAAA",
      `kvm-a ssh-rsa ${ed25519.split(" ")[1]}`,
      `@revoked * ${ecdsa}`,
      `@cert-authority *.example.net,kvm-a ${ecdsa}`,
      `@unheard-of kvm-a ${ecdsa}`,
      `  kvm-a\t${ecdsa}\tcomment of several words\r`,
    ].join("\n");
    assert.deepEqual(
      knownKeysIn(text, "kvm-a", "known_hosts").map(({ where, key, marker }) => [where, key.type, marker]),
      [
        ["known_hosts:3", "ssh-ed25519", undefined],
        ["known_hosts:7", "ecdsa-sha2-nistp256", "revoked"],
        ["known_hosts:8", "ecdsa-sha2-nistp256", "cert-authority"],
        ["known_hosts:10", "ecdsa-sha2-nistp256", undefined],
      ],
    );
  });

  it("files a host under its address, with the port unless it is 22, and under an alias as it is", () => {
    assert.equal(knownHostsName("KVM-A", 22), "kvm-a");
    assert.equal(knownHostsName("10.0.0.1", 2222), "[10.0.0.1]:2222");
    assert.equal(knownHostsName("::1", 2222), "[::1]:2222");
    assert.equal(knownHostsName("10.0.0.1", 2222, "kvm-a"), "kvm-a");
  });
});

describe("a public key", () => {
  it("has the fingerprint that ssh-keygen -l prints", () => {
    assert.equal(fingerprint(publicKeyIn(ed25519)!), "SHA256:ImbuGsovhlOAP9WgTwkTpUsyUumziJU7doRNi2DFefM");
    assert.equal(fingerprint(publicKeyIn(ecdsa)!), "SHA256:BgQ5rljlZDVEi2vZmxWM7yvit0dkeDrHMJEQAUr61cc");
  });

  it("is found with a comment, without one, and in a line of known_hosts", () => {
    const blob = publicKeyIn(ed25519)!;
    for (const line of [ed25519, `${ed25519} root@kvm-a\n`, `[kvm-a]:2222 ${ed25519}`]) {
      assert.deepEqual(publicKeyIn(line), blob);
    }
    for (const line of ["", "ssh-ed25519", "ssh-ed25519 AAAA", "SHA256:abc", `ssh-rsa ${ed25519.split(" ")[1]}`]) {
      assert.equal(publicKeyIn(line), undefined);
    }
  });
});

describe("a known_hosts that is no file", () => {
  const { home, keys, server, dial, refusal, write } = dialling();

  it("knows nothing, holds nothing up, and keeps no other file from being read", async () => {
    const s = await server({ hostKeys: [keys.ed] });
    execFileSync("mkfifo", [join(home(), "pipe")]);
    const host = kvmA(s, { privateKey: keys.ed.private });
    for (const path of ["~/pipe", "~", "/dev/null", "~/nowhere"]) {
      write(".ssh/config", `UserKnownHostsFile ${path}\n`);
      assert.equal((await refusal(host)).code, "hostKeyUnknown", path);
      write("kept", s.knownHosts);
      write(".ssh/config", `UserKnownHostsFile ${path} ~/kept\n`);
      await dial(host);
    }
  });
});
