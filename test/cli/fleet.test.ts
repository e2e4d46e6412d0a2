/** A host is emptied and filled again, with the real CLI on real hosts, also where something fails on the way. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { endProcessesIn } from "../../lab/end-processes-in";
import type { LabHost } from "../../lab/libvirt";
import { describeWithStack } from "../support/stack";
import { until } from "../support/until";

const commandLine = join(__dirname, "../../dist/cli/index.js");
const program = `
const { VmFleet } = require("pulumi-vm-placement");
exports.hosts = new VmFleet("prod").hosts;
`;
/** Where the VMs are between the tests. */
const home = { "kvm-a": ["db-01", "web-01", "cache-01"], "kvm-b": ["web-02"], "kvm-c": [] };
const placements = (more = "") =>
  `vms:\n  db-01: kvm-a\n  web-01: kvm-a # the first\n  cache-01: kvm-a\n  web-02: kvm-b\n${more}`;

describeWithStack("a host is emptied and filled again", { lab: { hosts: 3 }, stack: { program } }, (lab, stack) => {
  const file = () => join(stack().dir, "project/placements.yaml");
  const write = (text: string) => writeFileSync(file(), text);
  const read = () => readFileSync(file(), "utf8");

  before(async () => {
    for (const [host, names] of Object.entries(home)) for (const name of names) await lab().startGuest({ name, host });
    writeFileSync(join(stack().dir, "hosts.json"), JSON.stringify(lab().inventory()));
    write(placements());
    await up();
  });

  afterEach(async () => {
    write(placements());
    await up();
    assert.deepEqual(await running(), home);
  });

  async function up(): Promise<string> {
    const { code, stdout, stderr } = await stack().up(["--continue-on-error"]);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  /** `vm-placement`, as the package has it. */
  function command(...words: string[]) {
    const inventory = join(stack().dir, "hosts.json");
    const args = [commandLine, ...words, "--file", file(), "--inventory", inventory];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return { code: status, text: stdout + stderr };
  }

  function planned(...words: string[]): string {
    const { code, text } = command(...words, "--write");
    assert.equal(code, 0, text);
    return text;
  }

  async function runningOn(host: LabHost): Promise<string[]> {
    const names = await host.must("virsh -q list --name --state-running");
    return names.split(/\s+/).filter(Boolean);
  }

  async function running() {
    const all = await Promise.all(lab().hosts.map(async (host) => [host.name, await runningOn(host)] as const));
    const order = Object.values(home).flat();
    return Object.fromEntries(
      all.map(([host, names]) => [host, names.sort((a, b) => order.indexOf(a) - order.indexOf(b))]),
    );
  }

  it("by evacuate and restore; the file is as before", async () => {
    const before = read();
    assert.match(planned("evacuate", "kvm-a"), /^evacuate kvm-a: 3 moves, about /);
    assert.equal((await up()).match(/moved kvm-a → kvm-[bc] in /g)!.length >= 3, true);
    assert.deepEqual((await running())["kvm-a"], []);
    assert.match(planned("restore", "kvm-a"), /^restore kvm-a: 3 moves, about /);
    assert.equal(read(), before);
    await up();
    assert.deepEqual(await running(), home);
  });

  it("in the order that a rule needs: at no moment do two VMs meet that may not", async () => {
    write(placements("rules:\n  - apart: [web-01, web-02]\n  - { only: [web-01], on: [kvm-a, kvm-b] }\n"));
    assert.match(planned("evacuate", "kvm-a"), /web-01 +kvm-a → kvm-b +web-02 /);
    const met: string[] = [];
    let over = false;
    const watch = (async () => {
      while (!over) {
        for (const [host, names] of Object.entries(await running()))
          if (names.includes("web-01") && names.includes("web-02")) met.push(host);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    await up();
    over = true;
    await watch;
    assert.deepEqual(met, []);
    const { "kvm-a": left, "kvm-b": kept } = await running();
    assert.deepEqual([left, kept!.includes("web-01")], [[], true]);
    // Back as it was takes the same care.
    assert.match(planned("restore", "kvm-a"), /web-01 +kvm-b → kvm-a/);
    await up();
  });

  it("not at all where a VM cannot leave or has no room; nothing is written", () => {
    const pinned = placements().replace("db-01: kvm-a", "db-01: { host: kvm-a, pinned: true }");
    const full = placements("hosts:\n  kvm-b: { limits: { cpu: 50% } }\n  kvm-c: { limits: { cpu: 50% } }\n");
    for (const [text, expected] of [
      [pinned, /db-01 .*pinned/],
      [full, /cannot both leave kvm-a: the other hosts have not enough virtual CPUs within `limits\.cpu`/],
    ] as const) {
      write(text);
      const { code, text: printed } = command("evacuate", "kvm-a", "--write");
      assert.deepEqual([code, read()], [1, text], printed);
      assert.match(printed, expected);
    }
    write(`${placements("hosts:\n  kvm-b: { limits: { cpu: 50% } }\n")}`);
    assert.equal(planned("evacuate", "kvm-a").match(/kvm-a → kvm-c/g)!.length, 3);
  });

  it("as far as it goes where one move fails; the others go on, and the next up makes up for it", async () => {
    planned("evacuate", "kvm-a");
    const destination = /db-01: (kvm-[bc])/.exec(read())![1]!;
    const other = lab().host(destination);
    const xml = (await lab().host("kvm-a").virsh("dumpxml db-01")).replace(/<uuid>.*?<\/uuid>/, "");
    await other.must("cat | virsh -q define /dev/stdin", { input: xml });
    const { code, stdout, stderr } = await stack().up(["--continue-on-error"]);
    assert.notEqual(code, 0, stdout + stderr);
    assert.match(stdout, /db-01 .*\[domainConflict\]|another VM named db-01/);
    assert.match(stdout, /moved kvm-a → kvm-[bc] in /);
    assert.deepEqual((await running())["kvm-a"], ["db-01"]);
    await other.must("virsh -q undefine db-01");
    assert.match(await up(), /moved kvm-a → kvm-[bc] in /);
    assert.deepEqual((await running())["kvm-a"], []);
  });

  it("with a VM that was moved by hand: it stays, or the up stops, or it comes back, as onDrift says", async () => {
    const placedWith = (onDrift: string) =>
      placements().replace("db-01: kvm-a", `db-01: { host: kvm-a, onDrift: ${onDrift} }`);
    write(placedWith("adopt"));
    await up();
    const { address } = lab().host("kvm-c");
    await lab()
      .host("kvm-a")
      .virsh(`migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://${address}/system`);
    const refreshed = await stack().refresh();
    assert.equal(refreshed.code, 0, refreshed.stdout + refreshed.stderr);
    assert.match(refreshed.stdout, /db-01 was moved to kvm-c by something else than `up`: it stays there/);
    assert.match(await up(), /unchanged/);
    assert.deepEqual((await running())["kvm-c"], ["db-01"]);

    write(placedWith("fail"));
    const { code, stdout, stderr } = await stack().up();
    assert.notEqual(code, 0, stdout);
    assert.match(stdout + stderr, /db-01 is on kvm-c, and `up` left it on kvm-a.*\[driftFound\]/s);
    assert.deepEqual((await running())["kvm-c"], ["db-01"]);

    write(placedWith("moveBack"));
    assert.match(await up(), /moved kvm-c → kvm-a in /);
  });

  it("not to a host that was filled since the plan: what is there then counts", async () => {
    write(placements("limits: { memory: 1% }\n").replace("db-01: kvm-a", "db-01: kvm-c"));
    // With db-01 it is over a hundredth of the host's memory.
    const memoryMiB = Math.floor(totalmem() / 100 / 2 ** 20) - 32;
    const other = lab().host("kvm-c");
    await lab().startGuest({ name: "other", host: "kvm-c", memoryMiB });
    const { code, stdout } = await stack().up();
    assert.notEqual(code, 0, stdout);
    assert.match(
      stdout,
      /on kvm-c, db-01 with other would take .* of memory \(limits\.memory: .*, 1% of .*\).*\[migrationRefused\]/s,
    );
    assert.deepEqual((await running())["kvm-c"], ["other"]);
    await other.must("virsh -q destroy other && virsh -q undefine other");
    assert.match(await up(), /moved kvm-a → kvm-c in /);
  });

  it("also by an up that was killed in the middle, and run again", async () => {
    planned("evacuate", "kvm-a");
    const source = lab().host("kvm-a");
    await source.slowMigrations(4000);
    const first = stack().pulumi.spawn(["up", "--yes", "--skip-preview", "--continue-on-error"]);
    const ended = new Promise((resolve) => first.once("close", resolve));
    const jobs = async () => (await source.sh("for vm in db-01 web-01 cache-01; do virsh -q domjobinfo $vm; done")).stdout.match(/Unbounded/g)?.length ?? 0; // prettier-ignore
    await until("two VMs are on their way", () => jobs().then((count) => count === 2), 90_000);
    endProcessesIn(stack().dir);
    await ended;
    const counted = Object.values(await running()).flat();
    assert.equal(new Set(counted).size, counted.length, "a VM runs on two hosts");
    await source.unlimit();
    await stack().pulumi.expect(["cancel", "--yes"]);
    await up();
    const now = await running();
    assert.deepEqual(now["kvm-a"], []);
    assert.equal(Object.values(now).flat().length, 4);
  });
});
