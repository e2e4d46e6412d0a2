/** A host that the program makes, and a VM that moves there in the same `up`. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../lab/pulumi/run-command";
import { describeWithStack } from "../support/stack";

const commandLine = join(__dirname, "../../dist/cli/index.js");

const program = `
const pulumi = require("@pulumi/pulumi");
const { readFileSync } = require("fs");
const { VmPlacement } = require("pulumi-vm-placement");
const { host, made } = JSON.parse(readFileSync(__dirname + "/program.json", "utf8"));
const makesHosts = { create: async ({ address }) => ({ id: "host", outs: { address } }) };
class MadeHost extends pulumi.dynamic.Resource {
  constructor(name, { address, ...rest }) {
    super(makesHosts, name, { address });
    this.entry = { ...rest, address: this.address };
  }
}
const inventory = made && Object.fromEntries(Object.entries(made).map(([name, args]) => [name, new MadeHost(name, args).entry]));
exports.where = new VmPlacement("db", { domain: "db-01", host, inventory }).currentHost;
`;

describeWithStack("a host that the program makes", { stack: { program } }, (lab, stack) => {
  const entryOf = (name: string) => {
    const { address, user, knownHostsFile } = lab().inventory()[name]!;
    return { address, user, knownHostsFile, privateKey: readFileSync(lab().keyFile, "utf8") };
  };
  const write = (more: Record<string, unknown>) =>
    writeFileSync(join(stack().dir, "project/program.json"), JSON.stringify(more));
  const keyLines = () =>
    entryOf("kvm-b")
      .privateKey.split("\n")
      .filter((line) => line.length > 20);

  before(async function () {
    this.timeout(120_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a", disk: "none", memoryMiB: 32 });
    stack().configure({ "vm-placement:hosts": { "kvm-a": lab().inventory()["kvm-a"] } });
    write({ host: "kvm-a" });
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);
  });

  it("takes a VM in the same up, and its key is nowhere in the clear", async function () {
    this.timeout(300_000);
    write({ host: "kvm-b", made: { "kvm-b": entryOf("kvm-b") } });
    const previewed = await stack().preview();
    assert.equal(previewed.code, 0, previewed.stdout);
    const moved = await stack().up();
    assert.equal(moved.code, 0, moved.stdout);
    assert.match(await lab().host("kvm-b").virsh("domstate db-01"), /running/);
    const refreshed = await stack().refresh();
    assert.equal(refreshed.code, 0, refreshed.stdout);
    const again = await stack().preview(["--expect-no-changes"]);
    assert.equal(again.code, 0, again.stdout);
    const state = JSON.stringify(stack().saved());
    const shown = [previewed, moved, refreshed, again].map(({ stdout, stderr }) => stdout + stderr).join("");
    for (const line of keyLines()) assert.ok(!state.includes(line) && !shown.includes(line));
  });

  it("is known to the command line, which reads it in the state and shows no key", async function () {
    this.timeout(120_000);
    const vmPlacement = (env: Record<string, string> = {}) =>
      runCommand(process.execPath, [commandLine, "doctor", "--json"], {
        cwd: join(stack().dir, "project"),
        env: { ...stack().pulumi.env, ...env },
      });
    const { code, stdout, stderr } = await vmPlacement();
    assert.equal(code, 0, stdout + stderr);
    const { hosts, pairs } = JSON.parse(stdout) as { hosts: { host: string }[]; pairs: unknown[] };
    assert.deepEqual([hosts.map(({ host }) => host).sort(), pairs.length], [["kvm-a", "kvm-b"], 2]);
    for (const line of keyLines()) assert.ok(!(stdout + stderr).includes(line));
    const locked = await vmPlacement({ PULUMI_CONFIG_PASSPHRASE: "another" });
    assert.match(locked.stderr, /passphrase/);
  });

  it("is left again, for a host of the stack", async function () {
    this.timeout(300_000);
    write({ host: "kvm-a", made: { "kvm-b": entryOf("kvm-b") } });
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);
    assert.match(await lab().host("kvm-a").virsh("domstate db-01"), /running/);
  });

  it("is not known without its entry", async () => {
    write({ host: "kvm-b" });
    const { code, stdout, stderr } = await stack().preview();
    assert.notEqual(code, 0);
    assert.match(stdout + stderr, /\[unknownHost\]/);
  });
});
