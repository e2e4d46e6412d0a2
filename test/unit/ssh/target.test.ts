import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "../../../provider/core/model";
import { sshHome } from "../../support/ssh-home";

describe("ssh: the target of a host", () => {
  const { home, target } = sshHome();
  it("is what ssh would do with nothing configured", () => {
    const { address, port, user, keys, knownHostsFiles, proxyJump } = target({ name: "kvm-a" });
    assert.deepEqual(
      { address, port, user, proxyJump },
      { address: "kvm-a", port: 22, user: "me", proxyJump: undefined },
    );
    assert.deepEqual(
      keys.identityFiles,
      ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk"].map((name) => join(home(), ".ssh", name)),
    );
    assert.equal(keys.namedBy, "default");
    assert.deepEqual(knownHostsFiles, [join(home(), ".ssh/known_hosts"), join(home(), ".ssh/known_hosts2"), "/g"]);
  });

  it("takes every keyword of ssh_config in any spelling, with tokens, home and variables", () => {
    const config = `
hostname=fallback.example.net
Host kvm-a
HOSTNAME %h.example.net   # where it is
port 2222
User "admin"
IdentityFile ~/keys/%r@%h
IdentityFile "%d/keys/with space"
IdentityFile \${KEYS}/%n-%p-%u
IdentitiesOnly yes
IdentityAgent ~/agent.sock
UserKnownHostsFile ~/kh1 %d/kh2
GlobalKnownHostsFile none
HostKeyAlias alias-of-%%
ConnectTimeout 3
ServerAliveInterval 2m
ServerAliveCountMax 7
`;
    const t = target({ name: "kvm-a" }, config, { KEYS: "/k" });
    assert.equal(t.address, "fallback.example.net");
    const own = target({ name: "kvm-a" }, config.replace(/^hostname.*$/m, ""), { KEYS: "/k" });
    assert.equal(own.address, "kvm-a.example.net");
    assert.equal(own.port, 2222);
    assert.equal(own.user, "admin");
    assert.deepEqual(own.keys.identityFiles, [
      `${home()}/keys/admin@kvm-a.example.net`,
      `${home()}/keys/with space`,
      "/k/kvm-a-2222-me",
    ]);
    assert.equal(own.keys.identitiesOnly, true);
    assert.equal(own.keys.agentSocket, `${home()}/agent.sock`);
    assert.deepEqual(own.knownHostsFiles, [`${home()}/kh1`, `${home()}/kh2`]);
    assert.equal(own.connectTimeoutMs, 3000);
    assert.equal(own.keepaliveIntervalMs, 120_000);
    assert.equal(own.keepaliveCountMax, 7);
  });

  it("is the inventory's first; ssh_config supplies the rest under the inventory's name", () => {
    const config =
      "Host kvm-a\n HostName ssh.example.net\n Port 2222\n User admin\n IdentityFile ~/k\n ProxyJump gate\n";
    const host = {
      name: "kvm-a",
      address: "10.0.0.11",
      user: "root",
      identityFile: "~/mine",
      knownHostsFile: "~/kh",
    };
    const t = target(host, config);
    assert.deepEqual([t.address, t.port, t.user, t.proxyJump], ["10.0.0.11", 2222, "root", "gate"]);
    assert.deepEqual(t.keys.identityFiles, [`${home()}/mine`]);
    assert.deepEqual(t.knownHostsFiles, [`${home()}/kh`]);
    assert.equal(target({ ...host, port: 22, proxyJump: "none" }, config).proxyJump, undefined);
    assert.deepEqual(target({ ...host, privateKey: "text" }, config).keys.identityFiles, []);
    assert.equal(target({ name: "kvm-a", address: "[2001:db8::7]" }).address, "2001:db8::7");
  });

  it("takes account and port out of a name that no inventory knows", () => {
    const t = target({ name: "admin@kvm-a:2222" }, "Host kvm-a\n HostName 10.0.0.11\n");
    assert.deepEqual([t.address, t.port, t.user], ["10.0.0.11", 2222, "admin"]);
    assert.equal(target({ name: "admin@kvm-a" }).user, "admin");
  });

  const agents: [what: string, host: Partial<Host>, config: string, socket: string | undefined][] = [
    ["SSH_AUTH_SOCK by default", {}, "", "/run/agent"],
    ["none with agent: false", { agent: false }, "IdentityAgent /other", undefined],
    ["the inventory's path", { agent: "~/a" }, "IdentityAgent /other", "~/a"],
    ["SSH_AUTH_SOCK with agent: true", { agent: true }, "IdentityAgent none", "/run/agent"],
    ["ssh_config's path", {}, "IdentityAgent ~/b", "~/b"],
    ["ssh_config's none", {}, "IdentityAgent none", undefined],
    ["ssh_config's SSH_AUTH_SOCK", {}, "IdentityAgent SSH_AUTH_SOCK", "/run/agent"],
    ["ssh_config's variable", {}, "IdentityAgent $OTHER", "/run/other"],
  ];
  for (const [what, host, config, socket] of agents) {
    it(`uses as agent ${what}`, () => {
      const { keys } = target({ name: "kvm-a", ...host }, config, {
        SSH_AUTH_SOCK: "/run/agent",
        OTHER: "/run/other",
      });
      assert.equal(keys.agentSocket, socket?.replace("~", home()));
    });
  }

  it("is refused when ssh_config wants a ProxyCommand, and not when a jump host is named", () => {
    const config = "Host kvm-a\n ProxyCommand touch %d/ran\n";
    assert.throws(() => target({ name: "kvm-a" }, config), {
      code: "invalidInput",
      message: /ProxyCommand/,
    });
    assert.equal(target({ name: "kvm-a", proxyJump: "gate" }, config).proxyJump, "gate");
    assert.equal(target({ name: "kvm-a", proxyJump: "none" }, config).proxyJump, undefined);
    assert.equal(target({ name: "kvm-b" }, config).proxyJump, undefined);
    assert.equal(existsSync(join(home(), "ran")), false);
  });

  it("goes by the first of ProxyCommand and ProxyJump that is set, `none` too", () => {
    const config = `Host jump
  HostName 10.0.0.1
  ProxyCommand none
Host kvm-b
  ProxyCommand nc -X 5 -x 10.0.0.2:1080 %h %p
Host kvm-c
  ProxyJump none
Host *
  ProxyJump jump
Host *
  ProxyCommand nc %h %p
`;
    assert.equal(target({ name: "jump" }, config).proxyJump, undefined);
    assert.equal(target({ name: "kvm-a" }, config).proxyJump, "jump");
    assert.throws(() => target({ name: "kvm-b" }, config), { code: "invalidInput", message: /ProxyCommand/ });
    assert.throws(() => target({ name: "kvm-c" }, config), { code: "invalidInput", message: /ProxyCommand/ });
    assert.equal(target({ name: "kvm-c", proxyJump: "none" }, config).proxyJump, undefined);
  });

  it("offers only the named keys with IdentitiesOnly, in each spelling of yes", () => {
    for (const [value, only] of [
      ["true", true],
      ["YES", true],
      ["no", false],
      ["false", false],
    ] as const) {
      assert.equal(target({ name: "kvm-a" }, `IdentitiesOnly ${value}\n`).keys.identitiesOnly, only, value);
    }
  });

  const times: [text: string, ms: number | undefined][] = [
    ["90", 90_000],
    ["1m30s", 90_000],
    ["1M30", 90_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["0", undefined],
    ["none", undefined],
  ];
  for (const [text, ms] of times) {
    it(`reads the time ${text}`, () =>
      assert.equal(target({ name: "kvm-a" }, `ConnectTimeout ${text}\n`).connectTimeoutMs, ms));
  }

  it("is refused where a Match that is not evaluated would decide the way or the account, unless the inventory does", () => {
    const config = `Match host kvm-* !exec "ip route get 10.0.0.11 | grep -q vpn0"
  ProxyJump gate
Match originalhost kvm-a exec "test -e /etc/site-b"
  User admin
`;
    assert.throws(() => target({ name: "kvm-a" }, config), { code: "invalidInput", message: /Match exec .*User/ });
    assert.throws(() => target({ name: "kvm-b" }, config), { code: "invalidInput", message: /Match exec .*ProxyJump/ });
    assert.throws(() => target({ name: "kvm-b", user: "root" }, config), { code: "invalidInput" });
    assert.equal(target({ name: "kvm-a", user: "root", proxyJump: "none" }, config).user, "root");
    assert.equal(target({ name: "other" }, config).user, "me");
    assert.equal(target({ name: "kvm-a" }, `Host kvm-a\n User root\n ProxyJump none\n${config}`).user, "root");
  });

  const undecided: [keyword: string, value: string, decided: Partial<Host>][] = [
    ["AddressFamily", "inet6", { proxyJump: "gate" }],
    ["BindAddress", "10.0.0.1", { proxyJump: "gate" }],
    ["BindInterface", "eth1", { proxyJump: "gate" }],
    ["IdentityFile", "~/.ssh/id_b", { identityFile: "~/.ssh/id_kvm" }],
    ["IdentityAgent", "/run/b", { agent: false }],
  ];
  for (const [keyword, value, decided] of undecided) {
    it(`is refused where a Match exec sets ${keyword}, unless something before it decides`, () => {
      const config = `Match exec "test -e /etc/site-b"\n ${keyword} ${value}\n`;
      const named = { code: "invalidInput", message: new RegExp(`Match exec of ssh_config sets ${keyword},`) };
      assert.throws(() => target({ name: "kvm-a" }, config), named);
      assert.throws(() => target({ name: "kvm-a" }, config.replace("exec", "host kvm-* !exec")), named);
      assert.equal(target({ name: "kvm-a", ...decided }, config).undecided, undefined);
      // ssh takes all of its lines.
      const above = () => target({ name: "kvm-a" }, `${keyword} ${value}\n${config}`);
      if (keyword === "IdentityFile") assert.throws(above, named);
      else if (keyword !== "BindInterface") above();
    });
  }
});
