import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorCode } from "../../provider/core/errorCodes";
import { assertFailed, assertPartial, hostsSay } from "../support/failure";
import { describeWithStack } from "../support/stack";
import { until } from "../support/until";

const names = ["kvm-a", "kvm-b", "kvm-c", "kvm-d"];
const passphrase = "correct-horse-7f3a9c";
const wrongPassphrase = "battery-staple-51d2e8";

describeWithStack("hosts that cannot be asked", { lab: { hosts: names } }, (lab, stack) => {
  const at = (domain: string, host: string) => ({ args: { domain, host } });
  let dir: string;
  let silent: Server;
  const sockets = new Set<Socket>();

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "vm-placement-keys-"));
    for (const [file, words] of [["other", ""] as const, ["locked", passphrase] as const]) {
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", words, "-C", file, "-f", join(dir, file)]);
    }
    silent = createServer((socket) => void sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
    for (const [name, host] of Object.entries({ db: "kvm-a", lost: "kvm-c", moved: "kvm-c", left: "kvm-d" })) {
      await lab().startGuest({ name, host, disk: "none", memoryMiB: 32 });
    }
    const b = lab().host("kvm-b");
    await b.addUser("outsider");
    await b.addUser("toolless", { libvirtGroup: true });
    await b.must(
      "mkdir /run/tools && ln -s $(command -v env) /run/tools/ && echo PATH=/run/tools >/run/home/toolless/.bashrc",
    );
    await b.must(`echo '${readFileSync(join(dir, "locked.pub"), "utf8").trim()}' >>/root/.ssh/authorized_keys`);
  });

  after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("that left the inventory, or are in maintenance, are named", async () => {
    const adopted = {
      db: at("db", "kvm-a"),
      lost: at("lost", "kvm-c"),
      moved: at("moved", "kvm-c"),
      left: at("left", "kvm-d"),
    };
    stack().declare(adopted);
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);

    const before = await hostsSay(lab());
    const inventory = lab().inventory();
    const { "kvm-d": _, ...rest } = inventory;
    stack().configure({ "vm-placement:hosts": { ...rest, "kvm-b": { ...inventory["kvm-b"], maintenance: true } } });
    stack().declare({ ...adopted, db: at("db", "kvm-b"), left: at("left", "kvm-a") });
    const result = await stack().up(["--continue-on-error"]);
    assertFailed(result, "left", "domainMissing", "it was last on kvm-d", "put kvm-d back into vm-placement:hosts");
    const text = assertFailed(result, "db", "hostMaintenance", "kvm-b is in maintenance", "set `host` to another host");
    assertPartial(stack(), "db", { host: "kvm-a", code: "hostMaintenance", text });
    assert.equal(stack().outputs("left")["currentHost"], "kvm-d");
    assert.deepEqual(await hostsSay(lab()), before);
    stack().configure({ "vm-placement:hosts": inventory });
  });

  it("matter where the VM may be on them, and not where it runs elsewhere", async () => {
    await lab().host("kvm-c").virsh("migrate --live --p2p --persistent --undefinesource moved qemu+ssh://kvm-b/system");
    const before = await hostsSay(lab());
    await lab().host("kvm-c").linkDown();
    stack().declare({
      db: at("db", "kvm-a"),
      lost: at("lost", "kvm-a"),
      moved: at("moved", "kvm-b"),
      left: at("left", "kvm-d"),
    });
    const result = await stack().up(["--continue-on-error"]);
    assertFailed(
      result,
      "lost",
      "hostUnreachable",
      "kvm-c cannot be asked",
      lab().host("kvm-c").address,
      "bring kvm-c back",
    );
    assert.equal(stack().outputs("lost")["currentHost"], "kvm-c");
    assert.equal(stack().outputs("moved")["currentHost"], "kvm-b");
    assert.equal(stack().resource("db")!.initErrors, undefined);
    assert.deepEqual(await hostsSay(lab()), before);
  });

  it("say what keeps us out, what was offered, and what to set", async () => {
    const b = lab().host("kvm-b");
    const other = readFileSync(join(dir, "other.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text);
      return join(dir, name);
    };
    const inventory = lab().inventory();
    const seen = b.hostKeyFingerprint;
    const line = `${b.address} ${b.hostKeyLine}`;
    const { port } = silent.address() as AddressInfo;
    const cases: Record<string, { set: Record<string, unknown>; code: ErrorCode; says: (string | RegExp)[] }> = {
      "unknown-key": {
        set: { knownHostsFile: file("empty", "") },
        code: "hostKeyUnknown",
        says: [seen, "pulumi config set --path 'vm-placement:hosts.unknown-key.hostKey'", line],
      },
      "changed-key": {
        set: { knownHostsFile: file("changed", `${b.address} ${other}\n`) },
        code: "hostKeyChanged",
        says: [seen, /holds ssh-ed25519 SHA256:/, "ssh-keygen -R", line],
      },
      "revoked-key": {
        set: { knownHostsFile: file("revoked", `${line}\n@revoked * ${b.hostKeyLine}\n`) },
        code: "hostKeyRevoked",
        says: [seen, "@revoked", "before anybody connects"],
      },
      "wrong-pin": {
        set: { hostKey: lab().host("kvm-a").hostKeyFingerprint },
        code: "hostKeyChanged",
        says: [seen, lab().host("kvm-a").hostKeyFingerprint, "'vm-placement:hosts.wrong-pin.hostKey'", seen],
      },
      "wrong-key": {
        set: { identityFile: join(dir, "other") },
        code: "authRefused",
        says: [`root@${b.address}`, /offered: .*other \(ssh-ed25519 SHA256:/, "authorized_keys of root"],
      },
      "locked-key": {
        set: { identityFile: join(dir, "locked") },
        code: "privateKeyUnusable",
        says: [
          "locked",
          "encrypted and no passphrase is set",
          "--secret --path 'vm-placement:hosts.locked-key.passphrase'",
        ],
      },
      "wrong-passphrase": {
        set: { identityFile: join(dir, "locked"), passphrase: wrongPassphrase },
        code: "privateKeyUnusable",
        says: ["its passphrase does not open it", "hosts.wrong-passphrase.passphrase"],
      },
      "no-key-file": {
        set: { identityFile: join(dir, "nowhere") },
        code: "privateKeyUnusable",
        says: ["nowhere", "does not exist", "hosts.no-key-file.identityFile"],
      },
      silent: {
        set: { address: "127.0.0.1", port },
        code: "hostUnreachable",
        says: ["is on kvm-a, but", "accepted the connection, but no ssh handshake came within", "bring silent back"],
      },
      "no-sshd": {
        // Of the ports that the lab lets this computer reach, the one that nothing listens on here.
        set: { port: 16_514 },
        code: "hostUnreachable",
        says: [
          "is on kvm-a, but",
          `${b.address}:16514: it refuses the connection: sshd does not run there`,
          "bring no-sshd back",
        ],
      },
      "no-name": {
        set: { address: "no-such-host.invalid" },
        code: "hostUnreachable",
        says: ["the name no-such-host.invalid does not resolve", "bring no-name back"],
      },
      "no-link": {
        set: inventory["kvm-c"] as unknown as Record<string, unknown>,
        code: "hostUnreachable",
        says: ["is on kvm-a, but", `${lab().host("kvm-c").address}:22`, "bring no-link back"],
      },
      "no-group": {
        set: { user: "outsider" },
        code: "socketPermission",
        says: ["Permission denied", "outsider on no-group", "`usermod -aG libvirt outsider`"],
      },
      "no-virsh": {
        set: { user: "toolless" },
        code: "virshMissing",
        says: ["cannot look for db on no-virsh", "virsh", "apt install libvirt-clients"],
      },
      "no-libvirt": {
        set: inventory["kvm-d"] as unknown as Record<string, unknown>,
        code: "libvirtDown",
        says: ["cannot look for db on no-libvirt", "libvirt-sock", "`libvirtd -d` on no-libvirt"],
      },
    };
    const home = Object.fromEntries(Object.keys(cases).map((name) => [name, at("db", "kvm-a")]));
    const left = { left: at("left", "kvm-d") };
    stack().declare({ ...home, ...left });
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);

    // From here on kvm-b stands in the inventory once for each thing that can be wrong with it.
    const all = Object.fromEntries(
      Object.entries(cases).map(([name, { set }]) => [name, { ...inventory["kvm-b"], ...set }]),
    );
    stack().configure({ "vm-placement:hosts": { ...inventory, ...all } });
    const qemu = await lab().host("kvm-d").qemuPid("left");
    await lab().host("kvm-d").signalLibvirtd("SIGTERM");
    await until("its libvirtd has ended", async () => (await lab().host("kvm-d").libvirtdPid()) === undefined);
    const before = await hostsSay(lab(), ["kvm-a", "kvm-b", "kvm-c"]);
    stack().declare({
      ...Object.fromEntries(Object.keys(cases).map((name) => [name, at("db", name)])),
      left: at("left", "kvm-a"),
    });
    const result = await stack().up(["--continue-on-error"]);
    for (const [name, { code, says }] of Object.entries(cases)) {
      const text = assertFailed(result, name, code, ...says);
      assert.ok(text.includes(" db "), text);
      const { inputs, outputs } = stack().resource(name)!;
      assert.equal(inputs!["host"], "kvm-a");
      assert.equal(outputs!["currentHost"], "kvm-a");
    }
    assertFailed(result, "left", "libvirtDown", "cannot look for left on kvm-d", "start libvirtd on kvm-d");
    assert.equal(stack().outputs("left")["currentHost"], "kvm-d");
    for (const secret of [wrongPassphrase, passphrase]) assert.ok(!result.stdout.includes(secret));
    assert.deepEqual(await hostsSay(lab(), ["kvm-a", "kvm-b", "kvm-c"]), before);
    assert.equal(await lab().host("kvm-d").qemuPid("left"), qemu);
    await lab().host("kvm-d").startLibvirtd();
    await lab().host("kvm-c").linkUp();
  });

  it("are reached with secrets that show nowhere: not in state, texts or a process list", async () => {
    const privateKey = readFileSync(join(dir, "locked"), "utf8");
    const { "kvm-a": a, "kvm-b": b } = lab().inventory();
    const { identityFile: _, ...guarded } = b!;
    stack().configure({ "vm-placement:hosts": { "kvm-a": a, guarded } });
    const secret = (field: string, value: string) =>
      stack().pulumi.expect([
        "config",
        "set",
        "--secret",
        "--path",
        `vm-placement:hosts.guarded.${field}`,
        "--",
        value,
      ]);
    await secret("privateKey", privateKey);
    await secret("passphrase", passphrase);

    const lists: string[] = [];
    let over = false;
    const sampled = (async () => {
      while (!over) {
        lists.push(execFileSync("ps", ["-ewwo", "args"], { encoding: "utf8" }));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    stack().declare({ moved: at("moved", "kvm-a") });
    const moved = await stack().up();
    over = true;
    await sampled;
    assert.equal(moved.code, 0, moved.stdout);
    assert.match(moved.stdout, /moved guarded → kvm-a/);

    await secret("passphrase", wrongPassphrase);
    stack().declare({ moved: at("moved", "guarded") });
    const refused = await stack().up();
    assertFailed(refused, "moved", "privateKeyUnusable", "its passphrase does not open it");

    const { stdout: state } = await stack().pulumi.expect(["stack", "export"]);
    const { stdout: shown } = await stack().pulumi.expect(["config"]);
    const body = privateKey.split("\n")[2]!;
    for (const text of [state, shown, moved.stdout, moved.stderr, refused.stdout, refused.stderr, ...lists]) {
      for (const part of [passphrase, wrongPassphrase, body]) assert.ok(!text.includes(part));
    }
    // The engine's secrets are ciphertext there; what it decrypts stands in no placement.
    const { deployment } = await stack().pulumi.stackExport({ showSecrets: true });
    const placements = deployment.resources!.filter(({ type }) => type.endsWith("VmPlacement"));
    for (const part of [passphrase, wrongPassphrase, body]) assert.ok(!JSON.stringify(placements).includes(part));
  });
});
