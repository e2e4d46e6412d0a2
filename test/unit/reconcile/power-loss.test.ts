import assert from "node:assert/strict";
import type { PlacementError } from "../../../provider/core/errors";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { Placing } from "../../support/placing";
import { commandsOf } from "../../support/problems";

/** The host is gone at once, and so is every connection to it. */
function losesPower(world: Placing, ...names: string[]): void {
  for (const name of names) world.host(name).down = true;
  for (const name of names) world.host(name).drop();
}

async function failureOf(world: Placing, options = {}): Promise<PlacementError> {
  let failure: PlacementError | undefined;
  await assert.rejects(world.place(options), (error: PlacementError) => {
    failure = error;
    return true;
  });
  return failure!;
}

describe("a power cut in a move", () => {
  it("of the destination in pre-copy: it stayed, and that is said without a wait", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    world.fakes.onMigrate = async () => {
      await world.clock.sleep(5000);
      losesPower(world, "kvm-b");
      return "internal error: client socket is closed";
    };
    const { code, problem, message } = await failureOf(world);
    assert.equal(code, "hostUnreachable");
    assert.match(
      message,
      /^cannot move db-01 from kvm-a to kvm-b \(verify, on kvm-b\): kvm-b cannot be reached \(connect ECONNREFUSED\), and libvirt gave the migration up: .*; db-01 is running \(.*\) on kvm-a as before\n/,
    );
    assert.match(message, /bring kvm-b back and run `pulumi up` again, or name another host; db-01 stays on kvm-a/);
    assert.equal(problem.seen?.host, "kvm-a");
    assert.ok(world.clock.elapsedMs < 10_000, `${world.clock.elapsedMs} ms`);
  });

  it("of the destination in an offline move: its definition may be there, so nothing is claimed", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain({ state: "shut off", reason: "shutdown" })] });
    world.fakes.onMigrate = () => {
      losesPower(world, "kvm-b");
      return Promise.resolve("internal error: client socket is closed");
    };
    assert.match((await failureOf(world)).message, /^cannot tell how the move of db-01 from kvm-a to kvm-b ended/);
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
    const { problem, message } = await failureOf(world, { options: { postCopy: true, postCopyAfterMs: 1000 } });
    assert.match(message, /^the post-copy migration of db-01 from kvm-a to kvm-b was interrupted/);
    assert.match(message, /tells what is lost where a host has lost power/);
    assert.doesNotMatch(message, /nothing is lost/);
    assert.equal(problem.seen?.host, "kvm-b");
  });

  const silentSource: [title: string, destination: { state: string; reason: string } | undefined, says: RegExp][] = [
    ["nothing of it there", undefined, /kvm-b says: not there; .*if kvm-a has lost it, what was only in the memory/s],
    [
      "half of it there",
      { state: "running", reason: "post-copy failed" },
      /kvm-b says: running \(post-copy failed\); .*if it has lost it, a part of the memory is gone/s,
    ],
    ["it has arrived", { state: "running", reason: "migrated" }, /It has arrived on kvm-b/],
  ];
  for (const [title, there, says] of silentSource) {
    it(`of the source, ${title}: what the destination says is told`, async () => {
      const world = new Placing({ "kvm-a": [fakeDomain()] });
      world.fakes.onMigrate = async ({ to }) => {
        await world.clock.sleep(3000);
        const kept = to.find(fakeUuid)!;
        to.domains = there ? [Object.assign(kept, there)] : [];
        losesPower(world, "kvm-a");
        await world.clock.sleep(600_000);
        return undefined;
      };
      const { problem, message } = await failureOf(world);
      assert.match(message, /^lost sight of the migration of db-01/);
      assert.match(message, says);
      assert.doesNotMatch(message, /nothing is lost/);
      assert.equal(problem.seen?.host, there ? "kvm-b" : "kvm-a");
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
    const { code, problem } = await failureOf(world, { lastHost: "kvm-a" });
    assert.equal(code, "postCopyInterrupted");
    assert.match(problem.message, /began 5 min ago, and kvm-b, where the other half was, was restarted 1 min ago/);
    assert.deepEqual(commandsOf(problem.remedies), [
      "kvm-a$ virsh destroy db-01",
      "kvm-b$ virsh start db-01",
      "$ pulumi up",
      "loses everything that was only in its memory",
    ]);
    assert.deepEqual(world.deeds, []);
  });
});
