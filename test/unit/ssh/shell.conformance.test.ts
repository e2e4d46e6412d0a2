import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { Host, Inventory } from "../../../provider/core/model";
import type { Shell } from "../../../provider/core/ports";
import { createDial, type DialOptions } from "../../../provider/ssh";
import { type KeyFile, makeKeyFile, missingOpenSsh, signHostKey, signUserKey, startSshd } from "../../support/openssh";
import { assertCode, type Bench, shellConformance } from "../../support/shell-conformance";

describe("ssh: both ways to a real sshd", function () {
  this.timeout(60_000);
  let directory: string;
  let bench: Bench & { configured(text: string): string; authority: KeyFile; port2: number };
  const stops: (() => void)[] = [];
  let files = 0;

  const write = (text: string) => {
    const path = join(directory, `file-${++files}`);
    writeFileSync(path, text);
    return path;
  };

  before(async function () {
    const missing = missingOpenSsh();
    if (missing.length > 0) {
      console.log(`not tried with a real sshd: ${missing.join(", ")} not installed`);
      this.skip();
    }
    directory = mkdtempSync(join(tmpdir(), "conformance-"));
    const key = (name: string, ...options: string[]) => makeKeyFile(directory, name, ...options);
    const hostKeys = { ed: key("host-ed", "-t", "ed25519"), rsa: key("host-rsa", "-t", "rsa", "-b", "2048") };
    const userKey = key("user", "-t", "ed25519");
    const authority = key("authority", "-t", "ed25519");
    const passphrase = "correct horse";
    const locked = key("locked", "-t", "ed25519");
    execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", locked.path]);
    const ecdsa = key("user-ecdsa", "-t", "ecdsa", "-b", "521");
    const rsa = key("user-rsa", "-t", "rsa", "-b", "2048");
    const letIn = write([userKey, locked, ecdsa, rsa].map(({ line }) => `${line}\n`).join(""));
    const login = [
      `AuthorizedKeysFile ${letIn}`,
      "PermitRootLogin yes",
      `TrustedUserCAKeys ${authority.path}.pub`,
      "PermitUserEnvironment no",
    ];
    const keys = [hostKeys.ed, hostKeys.rsa];
    const main = await startSshd(directory, "main", keys, login);
    stops.push(main.stop);
    const second = await startSshd(directory, "second", keys, login);
    stops.push(second.stop);
    const single = await startSshd(directory, "single", keys, [...login, "MaxSessions 1"]);
    stops.push(single.stop);
    const banner = write("Host key verification failed.\nconfig line 1: Bad configuration options\n");
    const greeting = await startSshd(directory, "greeting", keys, [...login, `Banner ${banner}`]);
    stops.push(greeting.stop);
    const asking = await startSshd(directory, "asking", keys, [
      ...login,
      "ClientAliveInterval 1",
      "ClientAliveCountMax 1",
    ]);
    stops.push(asking.stop);
    const known = write(
      [main, second, single, asking, greeting].map(({ port }) => `[127.0.0.1]:${port} ${hostKeys.ed.line}\n`).join(""),
    );
    bench = {
      port: main.port,
      port2: second.port,
      portOfOneSession: single.port,
      portWithBanner: greeting.port,
      portThatAsks: asking.port,
      sshdPid: main.pid,
      hostKeys,
      userKey,
      authority,
      privateKey: readFileSync(userKey.path, "utf8"),
      ecdsaKey: readFileSync(ecdsa.path, "utf8"),
      rsaKey: readFileSync(rsa.path, "utf8"),
      lockedKey: { path: locked.path, passphrase },
      otherKey: key("other", "-t", "ed25519"),
      knownHosts: (...lines) => write(lines.map((line) => `${line}\n`).join("")),
      configured: (text) => write(`${text}\nHost *\n UserKnownHostsFile ${known}\n GlobalKnownHostsFile none\n`),
    };
  });
  after(() => {
    stops.forEach((stop) => stop());
    if (directory) rmSync(directory, { recursive: true, force: true });
  });

  function dial(ssh: DialOptions["ssh"], host: Partial<Host>, config = "", more: Partial<DialOptions> = {}) {
    const options = { ...(ssh && { ssh }), home: directory, env: {}, sshConfigFile: bench.configured(config) };
    const given: Host = {
      ...{ name: "kvm-a", address: "127.0.0.1", port: bench.port, user: userInfo().username },
      ...host,
    };
    const entry =
      "identityFile" in host || "privateKey" in host ? given : { ...given, identityFile: bench.userKey.path };
    return createDial({ inventory: undefined, sessionWaitMs: 6000, ...options, ...more })(entry);
  }

  const shells: Shell[] = [];
  const opened = async (shell: Promise<Shell>) => {
    shells.push(await shell);
    return shell;
  };
  const says = async (shell: Promise<Shell>) => {
    assert.equal((await (await opened(shell)).exec("echo in")).stdout, "in\n");
  };
  afterEach(async () => {
    await Promise.all(shells.splice(0).map((shell) => shell.close()));
  });

  for (const ssh of ["ssh2", "openssh"] as const) {
    describe(ssh, () => {
      shellConformance(
        () => bench,
        (host) => dial(ssh, host),
      );

      it("goes by jump hosts of the inventory, each with its own key and its own verified host key", async () => {
        const gate: Host = {
          ...{ name: "gate", address: "127.0.0.1", port: bench.port2, user: userInfo().username },
          ...{ identityFile: bench.userKey.path, hostKey: bench.hostKeys.ed.line },
        };
        const inventory: Inventory = { gate };
        await says(dial(ssh, { proxyJump: "gate" }, "", { inventory }));
        const strange: Inventory = { gate: { ...gate, hostKey: bench.otherKey.line } };
        await assert.rejects(
          dial(ssh, { proxyJump: "gate" }, "", { inventory: strange }),
          assertCode("hostKeyChanged"),
        );
        const stranger: Inventory = { gate: { ...gate, identityFile: bench.otherKey.path, agent: false } };
        await assert.rejects(dial(ssh, { proxyJump: "gate" }, "", { inventory: stranger }), assertCode("authRefused"));
        await assert.rejects(
          dial(ssh, { proxyJump: "gate", port: 1 }, "", { inventory }),
          assertCode("hostUnreachable"),
        );
      });

      it("lets no configuration accept a key that is not known", async () => {
        const lax = `Host *\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n NoHostAuthenticationForLocalhost yes\n VerifyHostKeyDNS yes\n CheckHostIP no\n LogLevel QUIET\n`;
        await assert.rejects(dial(ssh, {}, lax), assertCode("hostKeyUnknown"));
      });
    });
  }

  describe("what only the system's ssh does", () => {
    /** Refused or not let in by ssh2 alone; `auto` takes ssh for it, and says so once. */
    const onlyBySsh = async (host: Partial<Host>, config: string) => {
      const notes: string[] = [];
      await assert.rejects(dial("ssh2", host, config));
      await says(dial("openssh", host, config));
      await says(dial("auto", host, config, { note: (text) => notes.push(text) }));
      assert.equal(notes.length, 1);
    };

    it("a user certificate", async () => {
      const key = makeKeyFile(directory, "certified", "-t", "ed25519");
      signUserKey(bench.authority, key, [userInfo().username]);
      await onlyBySsh({ identityFile: key.path }, "");
    });

    it("a ProxyCommand", async () => {
      const script = write(
        `const s = require("net").connect(+process.argv[3], process.argv[2]); process.stdin.pipe(s).pipe(process.stdout);`,
      );
      await onlyBySsh({}, `Host kvm-a\n ProxyCommand ${process.execPath} ${script} %h %p\n`);
    });

    it("a KnownHostsCommand", async () => {
      const line = `[127.0.0.1]:${bench.port} ${bench.hostKeys.ed.line}`;
      await onlyBySsh({}, `Host *\n UserKnownHostsFile none\n KnownHostsCommand /bin/echo ${line}\n`);
    });

    it("a Match exec", async () => {
      await onlyBySsh(
        { identityFile: bench.userKey.path },
        `Match exec true\n HostKeyAlias known\nMatch exec false\n UserKnownHostsFile none\n`.replace(
          " HostKeyAlias known\n",
          ` UserKnownHostsFile ${bench.knownHosts(`[127.0.0.1]:${bench.port} ${bench.hostKeys.ed.line}`)}\n`,
        ),
      );
    });

    it("a host certificate", async () => {
      const key = makeKeyFile(directory, "signed-host", "-t", "ed25519");
      signHostKey(bench.authority, key, ["127.0.0.1"]);
      const letIn = write(`${bench.userKey.line}\n`);
      const { port, stop } = await startSshd(
        directory,
        "signed",
        [key],
        [`HostCertificate ${key.path}-cert.pub`, `AuthorizedKeysFile ${letIn}`, "PermitRootLogin yes"],
      );
      stops.push(stop);
      const known = bench.knownHosts(`@cert-authority * ${bench.authority.line}`);
      await onlyBySsh({ port }, `Host *\n UserKnownHostsFile ${known}\n`);
    });
  });

  it("auto takes ssh2 where nothing asks for more, and then needs no ssh command", async () => {
    await says(dial("auto", {}, "", { env: { PATH: "/nowhere" } }));
  });

  it("says what to install where a host needs an ssh command that is not there", async () => {
    const config = "Host kvm-a\n ProxyCommand false\n";
    for (const ssh of ["auto", "openssh"] as const) {
      await assert.rejects(dial(ssh, {}, config, { env: { PATH: "/nowhere" } }), (error: Error) => {
        assertCode("invalidInput")(error as never);
        assert.match(error.message, /openssh-client/);
        return true;
      });
    }
  });

  it("leaves neither a directory nor a process, and no key in a file", async () => {
    const ours = () => readdirSync(tmpdir()).filter((name) => name.startsWith("vmp-"));
    const before = ours();
    const shell = await dial("openssh", { privateKey: bench.privateKey });
    assert.deepEqual(ours(), before);
    await shell.close();
    await assert.rejects(dial("openssh", { privateKey: bench.privateKey, port: 1 }));
    assert.deepEqual(ours(), before);
  });
});
