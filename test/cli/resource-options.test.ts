/** Pulumi's means beyond the inputs: hooks, retries, transforms, options of deletion, targets, and state that moves to another project. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeWithStack } from "../support/stack";
import { until } from "../support/until";

/** `notes` gets a line for each hook that ran; what `fixed` stands for ends the wait of the error hook. */
const program = `
const pulumi = require("@pulumi/pulumi");
const { appendFileSync, existsSync, readFileSync } = require("fs");
const { VmPlacement } = require("pulumi-vm-placement");
const asked = JSON.parse(readFileSync(__dirname + "/program.json", "utf8"));
const note = (text) => appendFileSync(__dirname + "/notes", text + "\\n");

if (asked.defaults) {
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
    type !== "pulumi-nodejs:dynamic/libvirt:VmPlacement"
      ? undefined
      : { props: { ...props, migration: { ...asked.defaults, ...props.migration } }, opts },
  );
}
const announce = new pulumi.ResourceHook("announce", ({ oldOutputs, newInputs }) => {
  note("before " + oldOutputs.currentHost + " " + newInputs.host);
  if (asked.veto) throw new Error(asked.veto);
});
const report = new pulumi.ResourceHook("report", ({ newOutputs }) => {
  note("after " + newOutputs.currentHost + " " + newOutputs.lastMigration.mode);
});
const retry = new pulumi.ErrorHook("retry", async ({ failedOperation, errors }) => {
  const code = /\\[(\\w+)\\]/.exec(errors[0])?.[1];
  note(failedOperation + " " + code);
  if (!asked.retried.includes(code)) return false;
  for (const end = Date.now() + 60_000; !existsSync(__dirname + "/fixed"); ) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
});
const hooks = asked.hooked && { beforeUpdate: [announce], afterUpdate: [report] };
const made = {};
for (const [name, { args, options = {} }] of Object.entries(asked.placements)) {
  const deletedWith = made[options.deletedWith];
  const all = { ...hooks, ...(asked.retried && { onError: [retry] }) };
  made[name] = new VmPlacement(name, args, { ...options, deletedWith, hooks: all });
}
`;

describeWithStack("a placement with Pulumi's resource options", { stack: { program } }, (lab, stack) => {
  const inProject = (name: string) => join(stack().dir, "project", name);
  const place = (domain: string, host: string, options?: object) => ({ args: { domain, host }, options });
  const program = (placements: object, more: object = {}) =>
    writeFileSync(inProject("program.json"), JSON.stringify({ placements, ...more }));
  const notes = () =>
    existsSync(inProject("notes")) ? readFileSync(inProject("notes"), "utf8").trim().split("\n") : [];
  const clearNotes = () => writeFileSync(inProject("notes"), "");
  const urnOf = (name: string) =>
    stack()
      .saved()
      .resources!.find(({ urn }) => urn.endsWith(`::${name}`))!.urn;
  /** Where both VMs run, by one process each since the tests began or their last move. */
  const running = async () => {
    const lists = await Promise.all(lab().hosts.map((host) => host.virsh("list --name")));
    return lists.map((list) =>
      list
        .split("\n")
        .filter((name) => name !== "")
        .sort()
        .join(" "),
    );
  };
  const up = async (args: string[] = []) => {
    const { code, stdout, stderr } = await stack().up(args);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };

  /** The data port is open again once the error hook waits. */
  async function upWhileBlocked(host: string, note: string): Promise<string> {
    await lab().host(host).blockPort("49152-49215");
    const upping = up();
    try {
      await until("the error hook runs", () => notes().includes(note));
    } finally {
      await lab().host(host).unblock();
      writeFileSync(inProject("fixed"), "");
    }
    return upping;
  }

  before(async function () {
    this.timeout(120_000);
    for (const name of ["db-01", "web-01"]) {
      await lab().startGuest({ name, host: "kvm-a", disk: "none", memoryMiB: 32, dirtyMiB: 4, dirtyRate: 4 });
    }
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-a") });
    await up();
  });

  it("runs hooks right before and after the move, and none in a preview", async () => {
    program({ db: place("db-01", "kvm-b"), web: place("web-01", "kvm-a") }, { hooked: true });
    const preview = await stack().preview();
    assert.equal(preview.code, 0, preview.stdout);
    assert.deepEqual(notes(), []);
    await up();
    assert.deepEqual(notes(), ["before kvm-a kvm-b", "after kvm-b live"]);
    assert.deepEqual(await running(), ["web-01", "db-01"]);
  });

  it("moves nothing where a hook before the move fails", async () => {
    clearNotes();
    program(
      { db: place("db-01", "kvm-a"), web: place("web-01", "kvm-a") },
      { hooked: true, veto: "the backup still runs" },
    );
    const { code, stdout } = await stack().up();
    assert.notEqual(code, 0);
    assert.match(stdout, /the backup still runs/);
    assert.deepEqual(notes(), ["before kvm-b kvm-a"]);
    assert.deepEqual(await running(), ["web-01", "db-01"]);
    assert.equal(stack().outputs("db")["currentHost"], "kvm-b");
  });

  it("tries a failed move again when an error hook says so", async () => {
    clearNotes();
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-a") }, { retried: ["peerUnreachable"] });
    assert.match(
      await upWhileBlocked("kvm-a", "update peerUnreachable"),
      /retrying update due to on-error hook request/,
    );
    assert.deepEqual(notes(), ["update peerUnreachable"]);
    assert.deepEqual(await running(), ["db-01 web-01", ""]);
    assert.equal(stack().outputs("db")["currentHost"], "kvm-a");
  });

  it("tries a failed adoption again as a creation, and adopts the VM once", async () => {
    clearNotes();
    rmSync(inProject("fixed"));
    await stack().pulumi.expect(["state", "delete", urnOf("web"), "--yes"]);
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-b") }, { retried: ["peerUnreachable"] });
    assert.match(
      await upWhileBlocked("kvm-b", "create peerUnreachable"),
      /retrying create due to on-error hook request/,
    );
    assert.deepEqual(notes(), ["create peerUnreachable"]);
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });

  it("keeps the message of the failed attempt until the next up, which moves nothing", async () => {
    const kept = () =>
      stack()
        .saved()
        .resources!.filter(({ initErrors }) => initErrors?.length);
    assert.ok(kept().every(({ initErrors }) => initErrors!.every((text) => text.includes("[peerUnreachable]"))));
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-b") });
    assert.doesNotMatch(await up(), /moved kvm-/);
    assert.deepEqual(kept(), []);
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });

  it("takes migration defaults from a transform, which a placement's own options override", async () => {
    program(
      {
        db: { args: { domain: "db-01", host: "kvm-b", migration: { autoConverge: false } } },
        web: place("web-01", "kvm-a"),
      },
      { defaults: { autoConverge: true, bandwidth: "900MiB/s" } },
    );
    const preview = await stack().preview();
    assert.match(preview.stdout, /=> "virsh migrate --live .*--auto-converge.* web-01 /);
    await up();
    const command = (name: string) => stack().outputs(name)["lastMigration"] as { command: string };
    assert.match(command("web").command, / --auto-converge .*--bandwidth 900/);
    assert.doesNotMatch(command("db").command, /--auto-converge/);
    assert.match(command("db").command, /--bandwidth 900/);
    assert.deepEqual(await running(), ["web-01", "db-01"]);
  });

  it("moves the targeted VM alone", async () => {
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-b") });
    await up(["--target", urnOf("web")]);
    assert.deepEqual(await running(), ["", "db-01 web-01"]);
    assert.equal(stack().outputs("db")["currentHost"], "kvm-b");
    await up(["--target", urnOf("db")]);
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });

  it("refreshes with today's inventory and program by --run-program", async () => {
    const hosts = lab().inventory();
    stack().configure({ "vm-placement:hosts": { "kvm-a": hosts["kvm-a"], backup: hosts["kvm-b"] } });
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "backup") });
    const refreshed = await stack().refresh(["--run-program"]);
    assert.equal(refreshed.code, 0, refreshed.stdout + refreshed.stderr);
    assert.equal(stack().outputs("web")["currentHost"], "backup");
    stack().configure({ "vm-placement:hosts": hosts });
    program({ db: place("db-01", "kvm-a"), web: place("web-01", "kvm-b") });
    await up(["--refresh", "--run-program"]);
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });

  it("goes to another project by state move, and no VM moves", async () => {
    const other = join(stack().dir, "other");
    cpSync(inProject(""), other, { recursive: true, verbatimSymlinks: true });
    writeFileSync(
      join(other, "Pulumi.yaml"),
      readFileSync(inProject("Pulumi.yaml"), "utf8").replace("placements", "web"),
    );
    const inOther = (...args: string[]) => stack().pulumi.expect(["-C", other, ...args]);
    await inOther("stack", "init", "test");
    const pids = await Promise.all(lab().hosts.map(({ name }, i) => lab().host(name).qemuPid(["db-01", "web-01"][i]!)));
    const ends = ["--source", "organization/placements/test", "--dest", "organization/web/test"];
    const moved = await stack().pulumi.run(["state", "move", "--yes", ...ends, urnOf("web")]);
    assert.equal(moved.code, 0, moved.stdout + moved.stderr);
    program({ db: place("db-01", "kvm-a") });
    assert.match(await up(), /2 unchanged/);
    writeFileSync(join(other, "program.json"), JSON.stringify({ placements: { web: place("web-01", "kvm-b") } }));
    writeFileSync(join(other, "Pulumi.test.yaml"), readFileSync(inProject("Pulumi.test.yaml"), "utf8"));
    const preview = await inOther("preview", "--diff", "--expect-no-changes");
    assert.match(preview.stdout, /2 unchanged/);
    assert.match((await inOther("up", "--yes", "--skip-preview")).stdout, /2 unchanged/);
    assert.deepEqual(
      await Promise.all(lab().hosts.map(({ name }, i) => lab().host(name).qemuPid(["db-01", "web-01"][i]!))),
      pids,
    );
    await inOther("refresh", "--yes");
    await inOther("destroy", "--yes");
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });

  it("forgets by deletedWith and retainOnDelete without asking a host, and the VM runs on", async () => {
    program({
      db: place("db-01", "kvm-a", { retainOnDelete: true }),
      web: place("web-01", "kvm-b", { deletedWith: "db" }),
    });
    await up();
    program({});
    for (const host of lab().hosts) await host.stopSshd();
    try {
      assert.match(await up(), /3 deleted|2 deleted/);
    } finally {
      for (const host of lab().hosts) await host.startSshd();
    }
    for (const name of ["db", "web"]) assert.equal(stack().resource(name), undefined);
    assert.deepEqual(await running(), ["db-01", "web-01"]);
  });
});
