/** The plain procedures, all in one `up`: a placement that is new moves its VM like one that was changed. */
import assert from "node:assert/strict";
import type { GuestOptions } from "../../lab/libvirt";
import type { CommandResult } from "../../lab/pulumi";
import type { MigrationArgs } from "../../provider/core/args";
import { assertMemoryIntact } from "../support/memory";
import { assertMoved, type Expected } from "../support/move";
import { migrateFlags, migrationWithCap, openLog, requestWithCap } from "../support/monitor";
import { roomy } from "../support/roomy";
import { rowsOf } from "../support/rows";
import { describeWithStack, type Declared, type Stack } from "../support/stack";

interface Case {
  guest?: Partial<GuestOptions>;
  migration?: MigrationArgs;
  /** `domain` of the placement; by default the guest's name. */
  byUuid?: true;
}

/** Each cap is one VM's own: by it its migration is found in libvirt's log. None of them is ever reached. */
const cases = {
  "off-by-mode": { guest: { state: "shutOff", autostart: true }, migration: { mode: "offline" } },
  "off-by-itself": { guest: { state: "shutOff" }, migration: { maxDowntime: "500ms" } },
  plain: { guest: { autostart: true } },
  paused: { guest: { state: "paused" } },
  "by-uuid": { byUuid: true },
  channels: { migration: { parallel: { connections: 4 }, bandwidth: "1001MiB/s" } },
  patient: { migration: { maxDowntime: "701ms", bandwidth: "1002MiB/s" } },
  guarded: { migration: { changeProtection: true, abortOnError: true, bandwidth: "1003MiB/s" } },
  unsafe: { guest: { disk: "file" }, migration: { unsafe: true, bandwidth: "1004MiB/s" } },
  deltas: {
    migration: { compression: { methods: ["xbzrle"], xbzrleCache: "32MiB" }, bandwidth: "1005MiB/s" },
  },
  mapped: { guest: { state: "shutOff" }, migration: { networks: { br0: "br-lan" } } },
} satisfies Record<string, Case>;

const password = "s3cr3tVN";
const devices = `<interface type='bridge'><source bridge='br0'/></interface><graphics type='vnc' port='-1' passwd='${password}'/><video><model type='none'/></video>`;

describeWithStack("the procedures", {}, (lab, stack) => {
  let up: CommandResult;
  const uuids: Record<string, string> = {};
  const moved = (name: string, expected: Partial<Expected> = {}) =>
    assertMoved(lab(), stack(), up, { name, from: "kvm-a", to: "kvm-b", mode: "live", ...expected });
  const source = () => lab().host("kvm-a");
  const destination = () => lab().host("kvm-b");

  before(async function () {
    this.timeout(180_000);
    await openLog(lab().hosts);
    for (const [name, { guest }] of Object.entries<Case>(cases)) {
      ({ uuid: uuids[name] } = await lab().startGuest({
        name,
        host: "kvm-a",
        dirtyMiB: 4,
        dirtyRate: 4,
        ...guest,
      }));
    }
    await source().must("ip link add br0 type bridge && ip link set br0 up");
    await destination().must("ip link add br-lan type bridge && ip link set br-lan up");
    const xml = (await source().must("virsh dumpxml mapped")).replace(/<video>[^]*<\/video>/, "");
    await source().must("cat | virsh -q define /dev/stdin && virsh -q start mapped", {
      input: xml.replace("</devices>", `${devices}</devices>`),
    });
    stack().configure({ "vm-placement:hosts": roomy(lab()) });
    stack().declare(declared(uuids, "kvm-b"));
    up = await stack().up();
    assert.equal(up.code, 0, up.stdout);
  });

  it("moves a definition alone with mode offline, and keeps its autostart", async () => {
    await moved("off-by-mode", { mode: "offline", state: "shut off" });
    assert.match(await destination().virsh("dominfo off-by-mode"), /Autostart: +enable/);
  });

  it("chooses offline by itself for a VM that is shut off, where no pause is to be limited", async () => {
    const last = await moved("off-by-itself", { mode: "offline", state: "shut off" });
    assert.match(last.command, /^virsh migrate --offline --p2p --persistent --undefinesource off-by-itself /);
    assert.ok(
      rowsOf(up.stdout, "off-by-itself").includes("off-by-itself is shut off: migration.maxDowntime is not needed"),
      up.stdout,
    );
  });

  it("moves a running VM, and keeps its autostart", async () => {
    await moved("plain");
    assert.match(await destination().virsh("dominfo plain"), /Autostart: +enable/);
    const rows = rowsOf(up.stdout, "plain");
    assert.equal(rows[0], "starting the live migration kvm-a → kvm-b");
    assert.ok(rows.includes("verifying on both hosts"), rows.join("\n"));
  });

  it("leaves a paused VM paused, with its memory intact when it goes on", async () => {
    await moved("paused", { state: "paused" });
    await destination().virsh("resume paused");
    await assertMemoryIntact(lab(), "paused", "kvm-b");
  });

  it("connects it to the bridge of the destination, and shows no secret of its definition", async () => {
    await moved("mapped");
    assert.match(await destination().must("ls /sys/class/net/br-lan/brif"), /^vnet\d+$/m);
    const outputs = stack().outputs("mapped");
    const { live, mapped } = outputs["plan"] as { live: string; mapped: string[] };
    assert.match(live, / --xml \/dev\/fd\/3 --persistent-xml \/dev\/fd\/4 mapped /);
    assert.deepEqual(mapped, ["network br0: br-lan"]);
    assert.match(await destination().must("virsh dumpxml --security-info mapped"), new RegExp(`passwd='${password}'`));
    assert.ok(!`${up.stdout}${up.stderr}${JSON.stringify(outputs)}`.includes(password));
  });

  it("takes a UUID for a domain", async () => {
    const last = await moved("by-uuid");
    assert.ok(last.command.includes(` ${uuids["by-uuid"]} qemu+ssh://`), last.command);
  });

  it("sends over as many connections as were asked for", async () => {
    await moved("channels");
    const { capabilities, parameters } = await migrationWithCap(source(), 1001);
    assert.ok(capabilities.has("multifd"));
    assert.equal(parameters["multifd-channels"], 4);
  });

  it("sets the maximum downtime before the start, as the plan says", async () => {
    await moved("patient");
    assert.deepEqual(stack().outputs("patient")["plan"], {
      before: ["virsh migrate-setmaxdowntime patient 701"],
      live: `virsh migrate --live --p2p --persistent --undefinesource --bandwidth 1002 patient qemu+ssh://${destination().address}/system`,
      offline: `virsh migrate --offline --p2p --persistent --undefinesource patient qemu+ssh://${destination().address}/system`,
    });
    assert.equal((await migrationWithCap(source(), 1002)).parameters["downtime-limit"], 701);
    assert.equal(await destination().virsh("migrate-getmaxdowntime patient"), "300");
  });

  it("passes changeProtection and abortOnError on", async () => {
    await moved("guarded");
    const { flags } = await requestWithCap(source(), 1003);
    assert.equal(flags & migrateFlags.changeProtection, migrateFlags.changeProtection);
    assert.equal(flags & migrateFlags.abortOnError, migrateFlags.abortOnError);
    assert.equal((await requestWithCap(source(), 1002)).flags & migrateFlags.abortOnError, 0);
  });

  it("moves what libvirt finds unsafe where the user answers for it", async () => {
    await moved("unsafe");
    assert.match(up.stdout, /warning: vda of unsafe: .* on kvm-b is a different file /);
    const { flags } = await requestWithCap(source(), 1004);
    assert.equal(flags & migrateFlags.unsafe, migrateFlags.unsafe);
  });

  it("compresses by XBZRLE with the cache that was asked for", async () => {
    await moved("deltas");
    const { capabilities, parameters } = await migrationWithCap(source(), 1005);
    assert.ok(capabilities.has("xbzrle"));
    assert.equal(parameters["xbzrle-cache-size"], 32 * 2 ** 20);
  });

  it("takes the domain's UUID for the same VM, and another VM for a replacement", async () => {
    const all = declared(uuids, "kvm-b");
    const renamed = { ...all, plain: { args: { ...all["plain"]!.args, domain: uuids["plain"]! } } };
    stack().declare(renamed);
    const update = await stack().up();
    assert.equal(update.code, 0, update.stdout);
    assert.match(update.stdout, /VmPlacement plain updated/);
    assert.doesNotMatch(update.stdout, /replaced/);
    assert.equal(stack().resource("plain")!.id, uuids["plain"]);

    stack().declare({ ...renamed, plain: { args: { domain: "guarded", host: "kvm-b" } } });
    const replacement = await stack().up();
    assert.equal(replacement.code, 0, replacement.stdout);
    assert.match(replacement.stdout, /VmPlacement plain created replacement/);
    assert.equal(stack().resource("plain")!.id, uuids["guarded"]);
    assert.match(await destination().virsh(`domstate --reason ${uuids["plain"]}`), /^running/);
    assert.match(replacement.stdout, /guarded is also placed by /);
  });

  it("refuses a compression that this libvirt lacks, and the VM stays", async function () {
    const methods = ["zlib", "zstd"] as const;
    const { stdout: help } = await destination().sh("virsh help migrate");
    if (help.includes("--comp-zstd-level")) return this.skip();
    for (const method of methods) {
      stack().declare({
        channels: {
          args: {
            domain: "channels",
            host: "kvm-a",
            migration: { parallel: true, compression: { methods: [method] } },
          },
        },
      });
      const { code, stdout } = await stack().up(["--target", urnOf(stack(), "channels")]);
      assert.notEqual(code, 0, stdout);
      assert.ok(stdout.includes(`(preflight, on kvm-b): kvm-b cannot compress a migration with "${method}": `), stdout);
      assert.match(stdout, /\[optionUnsupported\]/);
      assert.match(await destination().virsh("domstate --reason channels"), /^running \(migrated\)/);
      assert.equal(stack().outputs("channels")["currentHost"], "kvm-b");
    }
  });
});

function urnOf(stack: Stack, name: string): string {
  return stack.resource(name)!.urn;
}

function declared(uuids: Record<string, string>, host: string): Record<string, Declared> {
  return Object.fromEntries(
    Object.entries<Case>(cases).map(([name, { migration, byUuid }]) => [
      name,
      { args: { domain: byUuid ? uuids[name]! : name, host, ...(migration && { migration }) } },
    ]),
  );
}
