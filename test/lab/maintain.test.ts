import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithLab } from "../support/lab";

const root = join(__dirname, "../..");
const typescript = ["-r", "ts-node/register/transpile-only"];

/** Stands in for `pulumi up` with a stack: brings each VM to where the file has it. */
const up = (file: string, hosts: string) => `
const { readFileSync } = require("node:fs");
const { parse } = require("yaml");
const { Hosts } = require("./provider/observe/hosts");
const { systemClock: clock } = require("./provider/observe/clock");
const { reconcile } = require("./provider/reconcile/reconcile");
const { createDial } = require("./provider/ssh");
const { makePlan } = require("./provider/virsh/migrateCommand");
const given = JSON.parse(readFileSync(${JSON.stringify(hosts)}, "utf8"));
const inventory = Object.fromEntries(Object.entries(given).map(([name, host]) => [name, { name, ...host }]));
const uri = "qemu:///system";
const progress = { live: () => {}, info: () => {}, warn: () => {} };
(async () => {
  const all = new Hosts(createDial({ inventory }), inventory, uri, clock);
  for (const [domain, entry] of Object.entries(parse(readFileSync(${JSON.stringify(file)}, "utf8")).vms)) {
    const to = entry.host ?? entry;
    const options = { mode: "auto" };
    const plan = makePlan({ domain, hosts: [to], anyOf: false, options, inventory, uri });
    const desired = { domain, uuid: undefined, hosts: [to], options, plan, lastHost: to };
    await reconcile(all, desired, { clock, progress });
  }
  await all.close();
})().catch((error) => { console.error(error.message); process.exitCode = 1; });
`;

describeWithLab("vm-placement maintain", {}, (lab) => {
  let directory: string;
  let file: string;
  let hosts: string;
  const text = "# ours\nvms:\n  db-01: kvm-a\n  web-01: kvm-b\n";

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "vm-placement-maintain-"));
    [file, hosts] = [join(directory, "placements.yaml"), join(directory, "hosts.json")];
    writeFileSync(file, text);
    writeFileSync(hosts, JSON.stringify(lab().inventory()));
    const program = join(directory, "pulumi");
    const quoted = up(file, hosts).replaceAll("'", `'\\''`);
    writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${typescript.join(" ")} -e '${quoted}'\n`);
    chmodSync(program, 0o755);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    await lab().startGuest({ name: "web-01", host: "kvm-b" });
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const request = () => join(lab().dir, "reboot-kvm-a");
  const words = () => [
    ...["maintain", "kvm-a", "--run", "echo ran >>/root/ran; sleep 4; echo upgraded", "--reboot", "--yes"],
    ...["--reboot-command", `touch ${request()}`, "--file", file, "--inventory", hosts],
  ];

  /** @param until with this row the process is killed, and all that it began on this computer. */
  async function maintain(until?: RegExp): Promise<{ code: number | null; printed: string }> {
    const path = `${directory}:${process.env["PATH"]}`;
    const child = spawn(process.execPath, [...typescript, "provider/cli/index.ts", ...words()], {
      cwd: root,
      env: { ...process.env, PATH: path },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let printed = "";
    let killed = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        printed += chunk;
        // Once: what it had written before comes after it, when there is no such process any more.
        if (killed || !until?.test(printed)) return;
        killed = true;
        process.kill(-child.pid!, "SIGKILL");
      });
    }
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { code, printed };
  }

  it("goes on with the same command after five kills, reboots the host once, and loses nothing", async function () {
    this.timeout(400_000);
    const [a, b] = [lab().host("kvm-a"), lab().host("kvm-b")];
    const bootId = () => a.must("cat /proc/sys/kernel/random/boot_id");
    const before = await bootId();
    let reboots = 0;
    let rebooting: Promise<void> | undefined;
    const power = setInterval(() => {
      if (rebooting !== undefined || !existsSync(request())) return;
      rmSync(request());
      reboots++;
      rebooting = a.powerOff().then(() => a.powerOn());
    }, 100);
    try {
      const kills = [/file is edited/, /: pulumi up\n/, /; runs echo/, /; reboots/, /is healthy/];
      for (const until of kills) {
        const { code, printed } = await maintain(until);
        assert.equal(code, null, `${String(until)}: ${printed}`);
        assert.ok(existsSync(join(directory, ".placements-maintenance.json")), printed);
      }
      const { code, printed } = await maintain();
      assert.equal(code, 0, printed);
    } finally {
      clearInterval(power);
      await rebooting;
    }
    assert.equal(reboots, 1);
    assert.notEqual(await bootId(), before);
    assert.equal(await a.must("cat /root/ran"), "ran\n");
    assert.equal(readFileSync(file, "utf8"), text);
    assert.equal(existsSync(join(directory, ".placements-maintenance.json")), false);
    assert.equal((await a.virsh("domstate db-01")).trim(), "running");
    assert.equal((await b.virsh("domstate web-01")).trim(), "running");
    assert.doesNotMatch(await lab().serial("db-01", "kvm-a"), /!/);
  });
});
