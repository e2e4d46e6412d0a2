/** What a broken move leaves and the next `up` puts right, beyond the cases of the fault matrix. */
import assert from "node:assert/strict";
import type { LabHost } from "../../lab/libvirt";
import { phases } from "../../lab/faults/phases";
import type { Running } from "../../lab/faults/running";
import { guest, Fixture } from "../../lab/faults/fixture";
import { killLibvirtd, killProvider, restartLibvirtd, twoCtrlC } from "../../lab/faults/inject";
import { passesGoOn, violations } from "../../lab/faults/invariants";
import { describeWithFaultFixtures } from "../support/fault-fixtures";
import { until } from "../support/until";

const endMs = 150_000;
const byHand = "migrate --live --p2p";
const peer = "qemu+ssh://kvm-b/system";
/** The same name, another VM. */
const otherUuid = "0f8dfd2e-4bb4-4d0e-9a63-6d6ad3f40c11";

describeWithFaultFixtures("what a broken move leaves, and the next up", (template) => {
  let fixture: Fixture;
  beforeEach(async () => {
    fixture = await Fixture.create(template());
  });
  afterEach(() => fixture.close());

  const state = async (host: LabHost) => {
    const { code, stdout } = await host.sh(`virsh -q domstate --reason ${guest}`);
    return code === 0 ? stdout.trim() : "not there";
  };
  const both = async () => (await Promise.all([fixture.source, fixture.destination].map(state))).join(", ");
  const definition = (host: LabHost, xml: string) => host.must("cat | virsh -q define /dev/stdin", { input: xml });

  async function run(...args: string[]): Promise<Running> {
    const command = fixture.pulumi(...args);
    await command.ended(endMs);
    return command;
  }

  async function upSucceeds(...output: RegExp[]): Promise<void> {
    const up = await run("up", "--yes", "--skip-preview");
    assert.equal(up.code, 0, up.text);
    for (const text of output) assert.match(up.text, text);
  }

  /** It runs on the destination alone, with all of its memory, defined, and the state says so. */
  async function assertMoved(): Promise<void> {
    assert.deepEqual(await violations(fixture, {}), []);
    assert.ok(await passesGoOn(fixture, fixture.destination), "the guest makes no progress");
  }

  /** It runs on the source as before; nothing of the move is left on either host. */
  async function assertStayed(): Promise<void> {
    assert.match(await both(), /^running \([^)]*\), not there$/);
    assert.doesNotMatch(await fixture.source.virsh(`domjobinfo ${guest}`), /Unbounded/);
    assert.ok(await passesGoOn(fixture, fixture.source), "the guest makes no progress");
    const { outputs } = fixture.stack.resource("db")!;
    assert.deepEqual([outputs!["currentHost"], outputs!["state"]], ["kvm-a", "running"]);
  }

  /** An `up` whose move stays in this phase until it is let go. */
  async function upHeldIn(name: "pre-copy" | "post-copy"): Promise<Running> {
    const phase = phases[name];
    fixture.declareMove(phase.migration);
    await phase.hold!(fixture);
    const up = (fixture.up = fixture.startUp());
    await until(`it is in ${name}`, () => (assert.equal(up.code, undefined, up.text), phase.reached(fixture)), 120_000);
    return up;
  }

  /** A migration that was started by hand, held in its first phase. */
  async function heldByHand(): Promise<{ end: Promise<unknown> }> {
    await phases["pre-copy"].hold!(fixture);
    const end = fixture.source.sh(`virsh -q ${byHand} --persistent --undefinesource ${guest} ${peer}`);
    await until("it sends memory", () => phases["pre-copy"].reached(fixture));
    return { end };
  }

  const letGo = () => fixture.source.unlimit();

  it("is cancelled by the second Ctrl-C where the stack asks for that, and begun again", async () => {
    fixture.stack.configure({ "vm-placement:onInterrupt": "abort" });
    const up = await upHeldIn("pre-copy");
    await twoCtrlC(fixture);
    assert.notEqual(await up.ended(endMs), 0, up.text);
    assert.match(
      up.text,
      /interrupted: the migration of db-01 was cancelled, and it is running \(.+\) on kvm-a\. The next `pulumi up` starts a new one/,
    );
    await assertStayed();
    await letGo();
    await upSucceeds(/moved kvm-a → kvm-b/);
    await assertMoved();
  });

  it("is a migration that was started by hand: it is watched, and a limit of ours goes back to libvirt's default", async () => {
    await fixture.source.virsh(`migrate-setmaxdowntime ${guest} 700`);
    const { end } = await heldByHand();
    fixture.declareMove({ maxDowntime: "700ms" });
    const up = fixture.startUp();
    assert.ok(await up.printed(/watching it, no second one is started[^]*pre-copy \d/, 90_000), up.text);
    await fixture.source.virsh(`domjobabort ${guest}`);
    await end;
    assert.notEqual(await up.ended(endMs), 0, up.text);
    assert.match(up.text, /the maximum downtime of db-01 on kvm-a is libvirt's default again \(300 ms\)/);
    // Only the `virsh migrate` that started it gets the error that it was cancelled.
    assert.match(up.text, /the migration ended without having moved it; db-01 is running \(.+\) on kvm-a as before/);
    assert.match(up.text, /\[migrationFailed\]/);
    assert.equal(await fixture.source.virsh(`migrate-getmaxdowntime ${guest}`), "300");
    await assertStayed();
    await letGo();
    await upSucceeds(/moved kvm-a → kvm-b/);
    await assertMoved();
  });

  it("is a migration that was started by hand: a timeout counts from its beginning", async () => {
    const { end } = await heldByHand();
    const elapsed = /^time_elapsed: ([6-9]|\d\d+)\d{3}$/m;
    const job = () => fixture.source.virsh(`domjobinfo --rawstats ${guest}`);
    await until("it has run for 6 s", async () => elapsed.test(await job()));
    fixture.declareMove({ timeout: "6s" });
    const up = await run("up", "--yes", "--skip-preview");
    await end;
    assert.notEqual(up.code, 0, up.text);
    assert.match(up.text, /the timeout of 6 s is over: cancelling the migration/);
    assert.match(up.text, /it was cancelled; db-01 is running \(.+\) on kvm-a as before/);
    assert.match(up.text, /\[migrationTimedOut\]/);
    // It was over when it was first observed: from then on there would have been a row for each of the six seconds.
    assert.ok(up.text.split(/pre-copy \d/).length <= 4, up.text);
    await assertStayed();
    await letGo();
    fixture.declareMove({});
    await upSucceeds(/moved kvm-a → kvm-b/);
    await assertMoved();
  });

  /** A post-copy of a run that is gone; it does not get on until it is let go. */
  async function postCopyLeftAlone(): Promise<void> {
    const up = await upHeldIn("post-copy");
    await until("it runs on kvm-b", async () => (await both()) === "paused (post-copy), running (post-copy)");
    await fixture.source.slowMigrations(400);
    await killProvider(fixture);
    assert.notEqual(await up.ended(endMs), 0, up.text);
  }

  it("is a definition that libvirt forgets when its daemon is restarted in post-copy", async () => {
    await postCopyLeftAlone();
    await killLibvirtd(fixture.source);
    await fixture.source.startLibvirtd();
    await letGo();
    await until("it has arrived", async () => (await both()) === "shut off (migrated), running (migrated)", endMs);
    await upSucceeds(
      /is on kvm-b; a leftover definition is on kvm-a \(shut off \(migrated\)\)/,
      /removed the leftover definition of db-01 on kvm-a/,
    );
    await assertMoved();
  });

  it("is a post-copy that libvirt gave up on, and QEMU did not", async () => {
    const { source, destination } = fixture;
    // The silent daemon over there is given up on after 3 seconds, not 30.
    await source.must(`printf '%s\\n' 'keepalive_interval = 1' 'keepalive_count = 2' >>/etc/libvirt/qemu.conf`);
    await restartLibvirtd(source);
    await postCopyLeftAlone();
    await source.blockPort(22, { to: destination.address, action: "drop" });
    await until("kvm-a has given up", async () => (await state(source)) === "paused (post-copy failed)");
    await source.unblock();
    assert.equal(await both(), "paused (post-copy failed), running (post-copy)");
    const up = fixture.startUp();
    const goesOn = /libvirt on kvm-a has given the migration up, but QEMU goes on with it: waiting for its end/;
    assert.ok(await up.printed(goesOn, 90_000), up.text);
    await letGo();
    assert.equal(await up.ended(endMs), 0, up.text);
    assert.match(up.text, /removed the leftover definition of db-01 on kvm-a/);
    await assertMoved();
  });

  it("is a leftover definition: it is removed, its NVRAM kept, and the VM keeps its autostart", async () => {
    const { source, destination } = fixture;
    const nvram = "/var/lib/libvirt/qemu/nvram.fd";
    await source.virsh(`autostart ${guest}`);
    await source.virsh(`${byHand} --persistent ${guest} ${peer}`);
    const xml = await source.virsh(`dumpxml --inactive ${guest}`);
    const firmware = `<loader readonly='yes' type='pflash'>/usr/share/firmware.fd</loader><nvram>${nvram}</nvram>`;
    await source.must(`echo variables >${nvram}`);
    await definition(source, xml.replace("</os>", `${firmware}</os>`));
    fixture.declareMove({});
    await upSucceeds(
      /is on kvm-b; a leftover definition is on kvm-a \(shut off \(migrated\)\)/,
      /removed the leftover definition of db-01 on kvm-a/,
    );
    assert.match(await destination.virsh(`dominfo ${guest}`), /Autostart: +enable/);
    assert.equal(await source.must(`cat ${nvram}`), "variables\n");
    await assertMoved();
  });

  it("is a VM that would be gone after a shutdown: it is defined", async () => {
    await fixture.source.virsh(`${byHand} --undefinesource ${guest} ${peer}`);
    fixture.declareMove({});
    await upSucceeds(
      /runs on kvm-b but is not defined there: it would disappear at its next shutdown/,
      /defined db-01 on kvm-b/,
    );
    await assertMoved();
  });

  it("is cleaned up also where only a refresh has found it", async () => {
    await fixture.source.virsh(`${byHand} ${guest} ${peer}`);
    fixture.declareMove({});
    const refresh = await run("refresh", "--yes");
    assert.equal(refresh.code, 0, refresh.text);
    assert.match(refresh.text, /a migration of db-01 is not finished: kvm-a says shut off \(migrated\)/);
    assert.equal(fixture.stack.outputs("db")["currentHost"], "kvm-b");
    await upSucceeds(/removed the leftover definition of db-01 on kvm-a/, /defined db-01 on kvm-b/);
    await assertMoved();
    await upSucceeds(/2 unchanged/);
  });

  it("is never another VM of the same name, neither on the destination nor on the source", async () => {
    const { source, destination } = fixture;
    const xml = (await source.virsh(`dumpxml --inactive ${guest}`)).replaceAll(fixture.uuid, otherUuid);
    await definition(destination, xml);
    fixture.declareMove({});
    const up = await run("up", "--yes", "--skip-preview");
    assert.notEqual(up.code, 0, up.text);
    assert.match(up.text, new RegExp(`kvm-b has another VM named db-01 \\(UUID ${otherUuid}`));
    assert.match(up.text, /\[domainConflict\]/);
    assert.equal(await both(), "running (booted), shut off (unknown)");
    assert.equal(await destination.virsh("list --all --uuid"), otherUuid);

    await destination.virsh(`undefine ${otherUuid}`);
    await source.virsh(`${byHand} --persistent --undefinesource ${guest} ${peer}`);
    await definition(source, xml);
    await upSucceeds();
    assert.equal(await both(), "shut off (unknown), running (migrated)");
    assert.equal(await source.virsh("list --all --uuid"), otherUuid);
    await source.virsh(`undefine ${otherUuid}`);
    await assertMoved();
  });
});
