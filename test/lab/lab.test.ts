import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLab, listLabs, type Lab, type LabHost } from "../../lab/libvirt";
import { bootSector } from "../../lab/libvirt/guest/boot-sector";
import { layCable, removeCable } from "../../lab/libvirt/network";
import { findProgram } from "../../lab/libvirt/prerequisites";
import { describeOnLabComputer, describeWithLab } from "../support/lab";
import { assertMemoryIntact } from "../support/memory";
import { until } from "../support/until";

const root = join(__dirname, "../..");
const moveOptions = "--live --p2p --persistent --undefinesource";

function migrate(from: LabHost, to: string, guest: string, options = moveOptions) {
  return from.sh(`virsh -q migrate ${options} ${guest} qemu+ssh://${to}/system`, { timeoutMs: 60_000 });
}

describe("the lab's guest", () => {
  it("is what its source assembles to", function () {
    if (!findProgram("as") || !findProgram("ld")) return this.skip();
    const directory = mkdtempSync(join(tmpdir(), "boot-sector-"));
    try {
      const [object, binary] = [join(directory, "b.o"), join(directory, "b.bin")];
      execFileSync("as", ["--32", join(root, "lab/libvirt/guest/boot-sector.S"), "-o", object]);
      execFileSync("ld", ["-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-o", binary, object]);
      const bytes = bootSector({ dirtyMiB: 16, dirtyRate: 25, delay: 0 });
      assert.equal(bytes.toString("hex"), readFileSync(binary).toString("hex"));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describeWithLab("a lab of two hosts", {}, (lab) => {
  const hosts = () => [lab().host("kvm-a"), lab().host("kvm-b")] as const;

  it("has hosts of their own", async () => {
    const [a, b] = hosts();
    assert.equal(await a.must("hostname"), "kvm-a\n");
    assert.notEqual(await a.must("virsh capabilities | grep uuid"), await b.must("virsh capabilities | grep uuid"));
    await a.must("touch /tmp/of-a /root/of-a /etc/of-a /run/of-a");
    assert.equal((await b.sh("ls /tmp/of-a /root/of-a /etc/of-a /run/of-a")).stdout, "");
  });

  it("has hosts that reach each other by name and address without a question", async () => {
    const [a, b] = hosts();
    assert.equal(await a.must("ssh -o BatchMode=yes kvm-b hostname"), "kvm-b\n");
    assert.equal(await b.must(`ssh -o BatchMode=yes ${a.address} hostname`), "kvm-a\n");
  });

  it("lets the user's key in, and shows the host key that it names", async () => {
    const { keyFile, knownHostsFile } = lab();
    const [a] = hosts();
    const files = ["-F", "/dev/null", "-i", keyFile, "-o", `UserKnownHostsFile=${knownHostsFile}`];
    const strict = ["-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"];
    assert.equal(
      spawnSync("ssh", [...files, ...strict, `root@${a.address}`, "hostname"], { encoding: "utf8" }).stdout,
      "kvm-a\n",
    );
    assert.ok(readFileSync(knownHostsFile, "utf8").includes(`kvm-a,${a.address} ${a.hostKeyLine}`));
    const fingerprint = await a.must(
      "ssh-keygen -l -f /dev/stdin <<<$(ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key)",
    );
    assert.ok(fingerprint.includes(a.hostKeyFingerprint));
  });

  it("moves a running guest there and back with its memory intact", async () => {
    const [a, b] = hosts();
    const { uuid } = await lab().startGuest({ name: "there-and-back", host: "kvm-a" });
    assert.equal((await migrate(a, "kvm-b", "there-and-back")).stderr, "");
    assert.equal(await b.virsh(`domstate ${uuid}`), "running");
    assert.equal(await a.virsh("list --all --name"), "");
    await assertMemoryIntact(lab(), "there-and-back", "kvm-b");
    assert.equal((await migrate(b, a.address, "there-and-back")).stderr, "");
    await assertMemoryIntact(lab(), "there-and-back", "kvm-a");
    await a.virsh("destroy there-and-back");
    await a.virsh("undefine there-and-back");
  });

  it("has guests that notice wrong memory", async () => {
    const [a] = hosts();
    const name = "corrupted";
    await lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4 });
    // One page again with other contents, as a lost page is: QEMU's own memory is written to.
    await a.virsh(`suspend ${name}`);
    const pid = await a.qemuPid(name);
    // Guest memory is the mapping of exactly its size; 4 MiB into it lies a page that the guest uses.
    await a.must(`
      while read -r range _; do
        start=$((0x\${range%-*})) end=$((0x\${range#*-}))
        [ $((end - start)) = $((64 << 20)) ] && break
      done </proc/${pid}/maps
      dd if=/dev/zero of=/proc/${pid}/mem bs=4096 count=1 conv=notrunc seek=$((start / 4096 + 1024)) status=none`);
    await a.virsh(`resume ${name}`);
    await until("'!' on the serial line", async () => (await lab().serial(name, "kvm-a")).includes("!"));
    await a.virsh(`destroy ${name}`);
    await a.virsh(`undefine ${name}`);
  });

  it("defines guests in the states that are asked for", async () => {
    const [a] = hosts();
    await lab().startGuest({ name: "off", host: "kvm-a", state: "shutOff", autostart: true });
    await lab().startGuest({ name: "asleep", host: "kvm-a", state: "paused", disk: "none", vcpus: 2, memoryMiB: 32 });
    assert.equal(await a.virsh("domstate off"), "shut off");
    assert.match(await a.virsh("dominfo off"), /Autostart: +enable/);
    assert.equal(await a.virsh("domstate asleep"), "paused");
    await assert.rejects(lab().startGuest({ name: "x", host: "kvm-z" }), /no host kvm-z/);
    await a.must("virsh destroy asleep && virsh undefine asleep && virsh undefine off");
  });

  it("copies a disk of the host's own, which libvirt refuses to leave behind", async () => {
    const [a, b] = hosts();
    await lab().startGuest({ name: "local-disk", host: "kvm-a", disk: "file" });
    assert.match((await migrate(a, "kvm-b", "local-disk")).stderr, /Unsafe migration/);
    assert.equal((await migrate(a, "kvm-b", "local-disk", `${moveOptions} --copy-storage-all`)).stderr, "");
    const sums = await Promise.all([a, b].map((host) => host.must("sha256sum /var/lib/libvirt/images/local-disk.img")));
    assert.equal(sums[0], sums[1]);
    await b.must("virsh destroy local-disk && virsh undefine local-disk");
  });

  it("cuts and restores a host's network", async () => {
    const [a, b] = hosts();
    // Its time is for the whole handshake: one that is to succeed gets more than an idle computer needs.
    const reach = (withinSeconds = 1) => a.sh(`ssh -o BatchMode=yes -o ConnectTimeout=${withinSeconds} kvm-b true`);
    await b.linkDown();
    assert.match((await reach()).stderr, /No route to host|timed out/);
    await b.linkUp();
    await until("the link is up again", async () => (await reach(20)).code === 0);
    await b.blockPort(22);
    assert.match((await reach()).stderr, /Connection refused/);
    await b.unblock();
    await a.blockPort(22, { action: "drop", to: b.address });
    assert.match((await reach()).stderr, /timed out/);
    await a.unblock();
    await b.stopSshd();
    assert.match((await reach()).stderr, /Connection refused/);
    await b.startSshd();
    assert.equal((await reach(20)).code, 0);
  });

  it("slows a host's network down", async () => {
    const [a, b] = hosts();
    const fetch = async () => {
      const start = Date.now();
      assert.equal(await b.must("ssh kvm-a head -c 2000000 /dev/zero | wc -c"), "2000000\n");
      return Date.now() - start;
    };
    await a.limitBandwidth(4);
    assert.ok((await fetch()) > 3_000);
    await a.unlimit();
    assert.ok((await fetch()) < 3_000);
  });

  it("kills and starts libvirtd while its guests run on", async () => {
    const [a] = hosts();
    await lab().startGuest({ name: "survivor", host: "kvm-a" });
    const qemu = await a.qemuPid("survivor");
    await a.signalLibvirtd("SIGKILL");
    await until("libvirtd has ended", async () => (await a.libvirtdPid()) === undefined);
    assert.match((await a.sh("virsh list")).stderr, /Failed to connect socket/);
    await a.startLibvirtd();
    assert.notEqual(await a.libvirtdPid(), undefined);
    assert.equal(await a.virsh("domstate survivor"), "running");
    assert.equal(await a.qemuPid("survivor"), qemu);
    await a.must("virsh destroy survivor && virsh undefine survivor");
  });

  it("has accounts with and without the right to use libvirt", async () => {
    const [a] = hosts();
    await a.addUser("member", { libvirtGroup: true });
    await a.addUser("outsider");
    const list = (user: string) => {
      const files = ["-F", "/dev/null", "-i", lab().keyFile, "-o", `UserKnownHostsFile=${lab().knownHostsFile}`];
      const command = [`${user}@${a.address}`, "virsh -c qemu:///system list"];
      return spawnSync("ssh", [...files, "-o", "BatchMode=yes", ...command], { encoding: "utf8" });
    };
    assert.equal(list("member").status, 0);
    assert.match(list("outsider").stderr, /Permission denied/);
    await assert.rejects(a.addUser("member"), /already/);
  });

  it("runs beside another lab", async () => {
    const other = await createLab({ hosts: ["left"] });
    try {
      assert.notEqual(other.id, lab().id);
      assert.notEqual(other.host("left").address, hosts()[0].address);
      await Promise.all([
        other.startGuest({ name: "twin", host: "left" }),
        lab().startGuest({ name: "twin", host: "kvm-a" }),
      ]);
      assert.deepEqual((await other.status()).hosts[0]!.guests, [{ name: "twin", state: "running" }]);
    } finally {
      await other.down();
    }
    assert.equal(await hosts()[0].virsh("domstate twin"), "running");
  });
});

describeWithLab("a lab with certificates", { tls: true }, (lab) => {
  it("moves a guest over TLS, and not to a host with a bad certificate", async () => {
    const [a, b] = lab().hosts;
    await lab().startGuest({ name: "secret", host: a!.name });
    const move = () => a!.sh(`virsh migrate ${moveOptions} --tls secret qemu+tls://${b!.name}/system`);
    await b!.installCertificate({ expired: true });
    assert.match((await move()).stderr, /expired/);
    await b!.installCertificate();
    assert.equal((await move()).stderr, "");
    await assertMemoryIntact(lab(), "secret", b!.name);
  });

  it("lets clients of this computer in over TLS", () => {
    const uri = `qemu+tls://${lab().hosts[0]!.address}/system?pkipath=${lab().clientPkiDir}`;
    assert.equal(spawnSync("virsh", ["-c", uri, "list"], { encoding: "utf8" }).stderr, "");
  });
});

describeOnLabComputer("what a lab leaves behind", () => {
  /** A registry of its own: labs of other runs on this computer are not to be counted, let alone taken down. */
  let directory: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "lab-test-"));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    assert.equal(cli("down", "--all").status, 0);
    rmSync(directory, { recursive: true, force: true });
  });

  const environment = () => ({ ...process.env, TMPDIR: directory, DISABLE_V8_COMPILE_CACHE: "1" });
  const cli = (...words: string[]) =>
    spawnSync(process.execPath, ["-r", "ts-node/register", "lab/libvirt/cli.ts", ...words], {
      cwd: root,
      env: environment(),
      encoding: "utf8",
    });

  /** Another process with a lab; resolves when its guest runs. */
  function creator(): Promise<ChildProcess> {
    const program = `
      const { createLab } = require("./lab/libvirt");
      createLab({ hosts: 1 }).then(async (lab) => {
        await lab.startGuest({ name: "left", host: "kvm-a" });
        console.log("ready");
        setInterval(() => {}, 1000);
      });`;
    const child = spawn(process.execPath, ["-r", "ts-node/register", "-e", program], {
      cwd: root,
      env: environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return new Promise((resolve, reject) => {
      child.stdout.on("data", () => resolve(child));
      child.on("close", () => reject(new Error("the lab's creator ended early")));
    });
  }

  const ended = (child: ChildProcess) =>
    new Promise<string | null>((resolve) => child.on("close", (_, by) => resolve(by)));
  const mounts = () => readFileSync("/proc/mounts", "utf8");
  // Labs of other processes come and go meanwhile, each with two ends of a cable.
  const interfaces = () => readdirSync("/sys/class/net").filter((name) => !/^vmlab[0-9]+(-far)?$/.test(name));
  const named = () => execFileSync("ip", ["netns"], { encoding: "utf8" });
  /** By its token: a lab of another process may have its number by then. */
  const hasCable = ({ record: { number, token } }: Lab) => {
    try {
      return readFileSync(`/sys/class/net/vmlab${number}/ifalias`, "utf8").trim() === token;
    } catch {
      return false;
    }
  };

  it("is of this lab alone: the number of a lab with another temporary directory is not taken, its interface not removed", async () => {
    const lab = await createLab({ hosts: 1 });
    const other = { ...lab.record, token: "another lab's" };
    assert.equal(layCable(other), false);
    removeCable(other);
    assert.equal((await lab.hosts[0]!.must("hostname")).trim(), "kvm-a");
    await lab.down();
    assert.ok(!hasCable(lab));
  });

  it("is nothing after down(), which may be called twice", async () => {
    const before = { mounts: mounts(), interfaces: interfaces(), named: named() };
    const lab = await createLab({ dir: directory });
    await lab.startGuest({ name: "gone", host: "kvm-a" });
    const inside = processesOf(lab);
    assert.ok(inside.length >= 10, `seen: ${inside.length} processes`);
    await lab.down();
    await lab.down();
    assert.deepEqual(
      inside.filter((pid) => existsSync(`/proc/${pid}`)),
      [],
    );
    assert.deepEqual({ mounts: mounts(), interfaces: interfaces(), named: named() }, before);
    assert.ok(!hasCable(lab));
    assert.deepEqual(readdirSync(directory), []);
    assert.ok(!listLabs().some(({ token }) => token === lab.record.token));
  });

  it("is nothing after Ctrl-C", async () => {
    const child = await creator();
    const end = ended(child);
    child.kill("SIGINT");
    assert.equal(await end, "SIGINT");
    assert.deepEqual(readdirSync(directory), []);
    assert.deepEqual(processesMentioning(directory), []);
  });

  it("is removed by the next lab when the creator was killed", async () => {
    const child = await creator();
    const end = ended(child);
    child.kill("SIGKILL");
    await end;
    const [left] = readdirSync(directory);
    assert.match(left!, /^vm-placement-lab-/);
    assert.notDeepEqual(processesMentioning(directory), []);
    const up = cli("up", "--hosts", "1");
    assert.match(up.stderr, /removed lab-\d+, which a crash had left/);
    assert.equal(readdirSync(directory).length, 1);
    assert.equal(cli("down").status, 0);
    assert.deepEqual(readdirSync(directory), []);
    assert.deepEqual(processesMentioning(directory), []);
  });

  it("is what the command line says", () => {
    assert.equal(cli("status").stdout, "no lab is running\n");
    assert.equal(cli("ssh", "kvm-a", "hostname").stderr, "no lab is running: npm run lab -- up\n");
    const up = cli("up");
    assert.match(up.stdout, /vm-placement:hosts:\n {4}kvm-a: \{ address: "10\.77\.\d+\.1", user: "root"/);
    assert.equal(cli("ssh", "kvm-b", "hostname").stdout, "kvm-b\n");
    assert.equal(cli("guest", "db-01", "kvm-a").status, 0);
    assert.match(cli("status").stdout, /kvm-a .* db-01 \(running\)\n {2}kvm-b .* no guest\n/);
    assert.equal(cli("ssh", "kvm-q").stderr, "no host kvm-q in this lab: kvm-a, kvm-b\n");
    assert.match(cli("up", "--host", "2").stderr, /^not understood: --host\n/);
    assert.match(cli("down").stdout, /^lab-\d+ is down\n$/);
    assert.equal(cli("status").stdout, "no lab is running\n");
  });
});

/** Every process in one of the lab's network namespaces. */
function processesOf(lab: Lab): string[] {
  const links = new Map(processes().map((pid) => [pid, namespaceOf(pid)]));
  const recorded = readdirSync(join(tmpdir(), `vm-placement-${lab.id}`, "processes")).map(
    (name) => readFileSync(join(tmpdir(), `vm-placement-${lab.id}`, "processes", name), "utf8").split(" ")[0]!,
  );
  const spaces = recorded.map((pid) => links.get(pid));
  return [...links].filter(([, link]) => link !== undefined && spaces.includes(link)).map(([pid]) => pid);
}

function processesMentioning(text: string): string[] {
  return processes().filter((pid) => {
    try {
      return pid !== String(process.pid) && readFileSync(`/proc/${pid}/environ`, "latin1").includes(`LAB_DIR=${text}`);
    } catch {
      return false;
    }
  });
}

const processes = () => readdirSync("/proc").filter((name) => /^[0-9]+$/.test(name));

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}
