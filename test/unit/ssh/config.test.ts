import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Host } from "../../../provider/core/model";
import { sshConfigHosts } from "../../../provider/ssh";
import { readConfig } from "../../../provider/ssh/config";
import { parseDestination } from "../../../provider/ssh/destination";
import { routeTo } from "../../../provider/ssh/route";
import { surroundings } from "../../../provider/ssh/surroundings";
import { resolveTarget } from "../../../provider/ssh/target";

describe("ssh: from a name to a target", () => {
  let home: string;
  beforeEach(() => (home = mkdtempSync(join(tmpdir(), "ssh-config-"))));
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function write(path: string, text: string): string {
    const file = join(home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  function options(env: NodeJS.ProcessEnv = {}) {
    return {
      home,
      env,
      localUser: "me",
      systemConfigFile: join(home, "etc/ssh_config"),
      globalKnownHostsFiles: ["/g"],
    };
  }

  function target(host: Host, config = "", env?: NodeJS.ProcessEnv) {
    write(".ssh/config", config);
    const around = surroundings(options(env));
    return resolveTarget(host, { host: host.name }, readConfig(around), around);
  }

  describe("the target of a host", () => {
    it("is what ssh would do with nothing configured", () => {
      const { address, port, user, keys, knownHostsFiles, proxyJump } = target({ name: "kvm-a" });
      assert.deepEqual(
        { address, port, user, proxyJump },
        { address: "kvm-a", port: 22, user: "me", proxyJump: undefined },
      );
      assert.deepEqual(
        keys.identityFiles,
        ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(home, ".ssh", name)),
      );
      assert.equal(keys.namedBy, "default");
      assert.deepEqual(knownHostsFiles, [join(home, ".ssh/known_hosts"), join(home, ".ssh/known_hosts2"), "/g"]);
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
        `${home}/keys/admin@kvm-a.example.net`,
        `${home}/keys/with space`,
        "/k/kvm-a-2222-me",
      ]);
      assert.equal(own.keys.identitiesOnly, true);
      assert.equal(own.keys.agentSocket, `${home}/agent.sock`);
      assert.deepEqual(own.knownHostsFiles, [`${home}/kh1`, `${home}/kh2`]);
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
      assert.deepEqual(t.keys.identityFiles, [`${home}/mine`]);
      assert.deepEqual(t.knownHostsFiles, [`${home}/kh`]);
      assert.equal(target({ ...host, port: 22, proxyJump: "none" }, config).proxyJump, undefined);
      assert.deepEqual(target({ ...host, privateKey: "text" }, config).keys.identityFiles, []);
      assert.equal(target({ name: "kvm-a", address: "[2001:db8::7]" }).address, "2001:db8::7");
    });

    it("reads a name that no inventory knows as ssh reads its destination", () => {
      const t = target({ name: "ssh://admin@kvm-a:2222" }, "Host kvm-a\n HostName 10.0.0.11\n");
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
        assert.equal(keys.agentSocket, socket?.replace("~", home));
      });
    }

    it("is refused when ssh_config wants a ProxyCommand, and not when a jump host is named", () => {
      const config = "Host kvm-a\n ProxyCommand touch %d/ran\n";
      assert.throws(() => target({ name: "kvm-a" }, config), {
        code: "invalidInput",
        message: /ProxyCommand.*\n.*proxyJump in the inventory, or ProxyJump in ssh_config/,
      });
      assert.equal(target({ name: "kvm-a", proxyJump: "gate" }, config).proxyJump, "gate");
      assert.equal(target({ name: "kvm-a", proxyJump: "none" }, config).proxyJump, undefined);
      assert.equal(target({ name: "kvm-a" }, `${config} ProxyJump gate\n`).proxyJump, "gate");
      assert.equal(target({ name: "kvm-b" }, config).proxyJump, undefined);
      assert.equal(existsSync(join(home, "ran")), false);
    });
  });

  describe("ssh_config", () => {
    const matches: [what: string, criteria: string, applies: boolean][] = [
      ["all", "all", true],
      ["originalhost", "originalhost kvm-*", true],
      ["another originalhost", "originalhost kvm-b", false],
      ["host after HostName", "host 10.0.0.*", true],
      ["host before HostName", "host kvm-a", false],
      ["a negated host", "!host kvm-a", true],
      ["host with =", "host=10.0.0.11", true],
      ["user", "user root,admin", true],
      ["another user", "user nobody", false],
      ["localuser and host", "localuser me host *", true],
      ["final", "final", true],
      ["final and another host", "final host kvm-b", false],
      ["a negated exec", '!exec "true"', false],
      ["something unheard of", "tagged x", false],
    ];
    for (const [what, criteria, applies] of matches) {
      it(`${applies ? "applies" : "does not apply"} Match by ${what}`, () => {
        const config = `Host kvm-a\n HostName 10.0.0.11\n User admin\nMatch ${criteria}\n Port 2222\n`;
        assert.equal(target({ name: "kvm-a" }, config).port, applies ? 2222 : 22);
      });
    }

    it("matches an address in its canonical form in the final pass only, as ssh does", () => {
      for (const [pattern, applies] of [
        ["127.1", false],
        ["127.0.0.1", true],
      ] as const) {
        const config = `Host kvm-a\n HostName 127.1\nMatch final host ${pattern}\n Port 2222\n`;
        assert.equal(target({ name: "kvm-a" }, config).port, applies ? 2222 : 22, pattern);
      }
    });

    it("never runs a command: not for Match exec, canonical names, KnownHostsCommand or LocalCommand", () => {
      const config = `
CanonicalizeHostname yes
CanonicalDomains example.net
KnownHostsCommand /bin/sh -c "touch ${home}/ran"
PermitLocalCommand yes
LocalCommand touch ${home}/ran
Match exec "touch ${home}/ran"
  Port 2222
Match originalhost kvm-a exec "touch ${home}/ran"
  Port 2223
`;
      assert.equal(target({ name: "kvm-a" }, config).port, 22);
      assert.equal(existsSync(join(home, "ran")), false);
    });

    it("keeps the first value, adds identity files up, and leaves negated hosts out", () => {
      const config =
        "Host * !kvm-b\n User first\n IdentityFile /1\nHost kvm-*\n User second\n IdentityFile /2\n IdentityFile /1\n";
      const t = target({ name: "kvm-a" }, config);
      assert.deepEqual([t.user, t.keys.identityFiles], ["first", ["/1", "/2"]]);
      assert.equal(target({ name: "kvm-b" }, config).user, "second");
    });

    it("includes files by pattern, in order, relative to ~/.ssh, and only where their Host applies", () => {
      write(".ssh/conf.d/10-a", "Host kvm-a\n Port 1001\n");
      write(".ssh/conf.d/20-b", "User included\nHost kvm-b\n Port 1002\n");
      write("other", "Port 1003\n");
      const config = `Include conf.d/* "~/nothing"\nHost kvm-c\n Include ~/other\nHost kvm-d\n User outer\n`;
      assert.equal(target({ name: "kvm-a" }, config).port, 1001);
      assert.equal(target({ name: "kvm-b" }, config).port, 1002);
      assert.equal(target({ name: "kvm-c" }, config).port, 1003);
      assert.deepEqual(
        [target({ name: "kvm-d" }, config).port, target({ name: "kvm-d" }, config).user],
        [22, "included"],
      );
    });

    it("of the system comes after the user's, and not at all when a file is named", () => {
      write("etc/ssh_config", "Host kvm-a\n User system\n Port 2222\n Include more\n");
      write("etc/more", "ConnectTimeout 4\n");
      const t = target({ name: "kvm-a" }, "Host kvm-a\n User mine\n");
      assert.deepEqual([t.user, t.port, t.connectTimeoutMs], ["mine", 2222, 4000]);
      const { configFiles } = surroundings({ home, sshConfigFile: "/named" });
      assert.deepEqual(configFiles, ["/named"]);
      assert.deepEqual(surroundings({ home }).configFiles, [join(home, ".ssh/config"), "/etc/ssh/ssh_config"]);
    });

    it("that includes itself, or cannot be read, is refused by the name of the file", () => {
      write(".ssh/config", "Include config\n");
      assert.throws(() => sshConfigHosts(options()), {
        code: "invalidInput",
        message: /config.*\n?.*Include is nested/,
      });
      write(".ssh/config", 'Host "kvm-a\n');
      assert.throws(() => sshConfigHosts(options()), { code: "invalidInput", message: /\.ssh\/config/ });
    });

    it("names its hosts: literal ones, once each, from included files too", () => {
      write(
        ".ssh/config",
        "Host kvm-a kvm-b *.net !kvm-z kvm-?\nHost *\n Include more\nMatch host kvm-m\nHost kvm-a\n",
      );
      write(".ssh/more", "Host kvm-c\n");
      assert.deepEqual(sshConfigHosts(options()), ["kvm-a", "kvm-b", "kvm-c"]);
      rmSync(join(home, ".ssh"), { recursive: true });
      assert.deepEqual(sshConfigHosts(options()), []);
    });
  });

  describe("a destination", () => {
    const cases: [text: string, expected: object | undefined][] = [
      ["gate", { host: "gate" }],
      [" admin@gate:2222 ", { host: "gate", user: "admin", port: 2222 }],
      ["me@corp@gate", { host: "gate", user: "me@corp" }],
      ["[2001:db8::7]:2222", { host: "2001:db8::7", port: 2222 }],
      ["admin@[::1]", { host: "::1", user: "admin" }],
      ["ssh://admin@gate:2222/", { host: "gate", user: "admin", port: 2222 }],
      ["", undefined],
      ["@gate", undefined],
      ["gate:", undefined],
      ["gate:70000", undefined],
      ["2001:db8::7", undefined],
      ["two words", undefined],
    ];
    for (const [text, expected] of cases) {
      it(`${JSON.stringify(text)} is ${expected ? JSON.stringify(expected) : "none"}`, () =>
        assert.deepEqual(parseDestination(text), expected));
    }
  });

  describe("the way to a host", () => {
    function way(host: Host, inventory: Record<string, Host> | undefined, config = "") {
      write(".ssh/config", config);
      const around = surroundings(options());
      return routeTo(host, inventory, readConfig(around), around).map(
        ({ user, address, port, hop }) => `${hop ?? "-"} ${user}@${address}:${port}`,
      );
    }

    it("is direct without a ProxyJump, and with none", () => {
      assert.deepEqual(way({ name: "kvm-a" }, undefined), ["- me@kvm-a:22"]);
      assert.deepEqual(way({ name: "kvm-a", proxyJump: "none" }, undefined, "ProxyJump gate"), ["- me@kvm-a:22"]);
    });

    it("goes over the hops in order; the inventory is asked first, then ssh_config", () => {
      const inventory = { gate: { name: "gate", address: "10.0.0.1", user: "jump", port: 2200 } };
      const config = "Host inner\n HostName 10.1.0.1\n User in\nHost gate\n HostName unused\n";
      assert.deepEqual(way({ name: "kvm-a", proxyJump: "gate, x@inner:2201,[::1]:2202" }, inventory, config), [
        "gate jump@10.0.0.1:2200",
        "inner x@10.1.0.1:2201",
        "::1 me@::1:2202",
        "- me@kvm-a:22",
      ]);
      assert.deepEqual(way({ name: "kvm-a", proxyJump: "other@gate:22" }, inventory)[0], "gate other@10.0.0.1:22");
    });

    it("honours the first hop's own ProxyJump, and not that of the later ones", () => {
      const config = "Host gate\n ProxyJump outer\nHost inner\n ProxyJump unused\nHost kvm-a\n ProxyJump gate,inner\n";
      assert.deepEqual(way({ name: "kvm-a" }, undefined, config), [
        "outer me@outer:22",
        "gate me@gate:22",
        "inner me@inner:22",
        "- me@kvm-a:22",
      ]);
    });

    it("is refused when it never ends: a name made of each name, in ssh_config and in the inventory", () => {
      assert.throws(() => way({ name: "kvm-a" }, undefined, "Host *\n ProxyJump jump-%n\n"), {
        code: "invalidInput",
        message: /more than 16: kvm-a → jump-kvm-a → jump-jump-kvm-a → [^]*ProxyJump none/,
      });
      const chain = Object.fromEntries(
        Array.from({ length: 1000 }, (_, at) => [`h${at}`, { name: `h${at}`, proxyJump: `h${at + 1}` }]),
      );
      assert.throws(() => way(chain["h0"]!, chain), { code: "invalidInput", message: /more than 16: h0 → h1 → h2 / });
      assert.equal(way(chain["h990"]!, chain).length, 11);
      const list = Array.from({ length: 100_000 }, (_, at) => `j${at}`).join(",");
      assert.throws(() => way({ name: "kvm-a", proxyJump: list }, undefined), {
        message: /more than 16: kvm-a → j0 → …/,
      });
      assert.throws(() => way({ name: "a" }, undefined, `Host *\n ProxyJump ${"x".repeat(100_000)}%n\n`), {
        code: "invalidInput",
      });
    });

    it("is refused when it is a circle of any length, through inventory and ssh_config", () => {
      for (let length = 1; length <= 15; length++) {
        const next = (at: number) => `h${(at + 1) % length}`;
        const hosts = Array.from({ length }, (_, at) => at);
        const config = hosts.map((at) => `Host h${at}\n ProxyJump ${next(at)}\n`).join("");
        const inventory = Object.fromEntries(
          hosts.filter((at) => at % 2 === 0).map((at) => [`h${at}`, { name: `h${at}`, proxyJump: next(at) }]),
        );
        for (const known of [undefined, inventory]) {
          assert.throws(() => way(known?.["h0"] ?? { name: "h0" }, known, config), {
            code: "invalidInput",
            message: /circle: h0 → .*h0/,
          });
        }
      }
    });

    it("is refused when it goes round in a circle, and when a hop cannot be read", () => {
      assert.throws(() => way({ name: "kvm-a" }, undefined, "Host *\n ProxyJump gate\n"), {
        code: "invalidInput",
        message: /kvm-a → gate → gate[^]*"none"/,
      });
      const circle = "Host a\n ProxyJump b\nHost b\n ProxyJump a\n";
      assert.throws(() => way({ name: "a" }, undefined, circle), { message: /a → b → a/ });
      assert.throws(() => way({ name: "a", proxyJump: "b,,c" }, undefined), {
        code: "invalidInput",
        message: /jump host/,
      });
    });
  });
});
