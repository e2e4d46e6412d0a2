import assert from "node:assert/strict";
import { renderRemedies } from "../../../provider/core/problem";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { Placing } from "../../support/placing";

/** The host is gone at once, and so is every connection to it. */
function losesPower(world: Placing, ...names: string[]): void {
  for (const name of names) world.host(name).down = true;
  for (const name of names) world.host(name).drop();
}

describe("a power cut in a move", () => {
  it("of the destination in pre-copy: it stayed, and that is said without a wait", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    world.fakes.onMigrate = async () => {
      await world.clock.sleep(5000);
      losesPower(world, "kvm-b");
      return "internal error: client socket is closed";
    };
    const { code, phase, host, message, seen } = await world.fails();
    assert.deepEqual([code, phase, host, seen?.host], ["hostUnreachable", "verify", "kvm-b", "kvm-a"]);
    assert.match(message, /libvirt gave the migration up: .*; db-01 is running \(.*\) on kvm-a as before$/);
    assert.ok(world.clock.elapsedMs < 10_000, `${world.clock.elapsedMs} ms`);
  });

  it("of the destination in an offline move: its definition may be there, so nothing is claimed", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain({ state: "shut off", reason: "shutdown" })] });
    world.fakes.onMigrate = () => {
      losesPower(world, "kvm-b");
      return Promise.resolve("internal error: client socket is closed");
    };
    assert.match((await world.fails()).action, /^cannot tell how the move of db-01 from kvm-a to kvm-b ended/);
  });

  it("of the destination in post-copy: the state names it, and nothing is promised", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    world.fakes.onMigrate = async ({ domain }) => {
      while (domain.reason !== "post-copy") await world.clock.sleep(100);
      losesPower(world, "kvm-b");
      Object.assign(domain, { state: "paused", reason: "post-copy failed" });
      await world.clock.sleep(600_000);
      return undefined;
    };
    const { action, remedies, seen } = await world.fails({ options: { postCopy: true, postCopyAfterMs: 1000 } });
    assert.match(action, /^the post-copy migration of db-01 from kvm-a to kvm-b was interrupted/);
    assert.doesNotMatch(JSON.stringify(remedies), /nothing is lost/);
    assert.equal(seen?.host, "kvm-b");
  });

  const silentSource: [title: string, destination: { state: string; reason: string } | undefined, caution: RegExp][] = [
    ["nothing of it there", undefined, /if kvm-a has lost power, what was only in the VM's memory there is lost/],
    [
      "an interrupted post-copy destination",
      { state: "running", reason: "post-copy failed" },
      /if kvm-a has lost power, a part of the memory is gone/,
    ],
    ["it has arrived", { state: "running", reason: "migrated" }, /has arrived on kvm-b/],
  ];
  for (const [title, onDestination, warns] of silentSource) {
    it(`of the source, ${title}: what the destination shows is reported`, async () => {
      const world = new Placing({ "kvm-a": [fakeDomain()] });
      world.fakes.onMigrate = async ({ destination: to }) => {
        await world.clock.sleep(3000);
        const kept = to.find(fakeUuid)!;
        to.domains = onDestination ? [Object.assign(kept, onDestination)] : [];
        losesPower(world, "kvm-a");
        await world.clock.sleep(600_000);
        return undefined;
      };
      const { action, message, caution, seen } = await world.fails();
      assert.match(action, /^lost contact with kvm-a/);
      assert.ok(
        message.includes(
          `kvm-b shows: ${onDestination ? `${onDestination.state} (${onDestination.reason})` : "not there"}`,
        ),
        message,
      );
      assert.match(caution!, warns);
      assert.equal(seen?.host, onDestination ? "kvm-b" : "kvm-a");
    });
  }

  it("of the destination, which is back: the next `up` asks when it booted, and gives the commands", async () => {
    const world = new Placing({
      "kvm-a": [fakeDomain({ state: "paused", reason: "post-copy failed" })],
      "kvm-b": [fakeDomain({ state: "shut off", reason: "unknown" })],
    });
    const now = 1_772_359_500;
    world.host("kvm-a").log = `now ${now}\nup 90000.00\n2026-03-01 10:00:00.000+0000: initiating migration`;
    world.host("kvm-b").log = `now ${now}\nup 60.10`;
    const { code, message, remedies } = await world.fails({ lastHost: "kvm-a" });
    assert.equal(code, "postCopyInterrupted");
    assert.match(message, /began 5 min ago, but its destination kvm-b was restarted 1 min ago/);
    assert.match(renderRemedies(remedies), /`virsh destroy db-01` on kvm-a, then `virsh start db-01` on kvm-b/);
    assert.deepEqual(world.commands, []);
  });
});
