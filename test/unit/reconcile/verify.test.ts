import assert from "node:assert/strict";
import type { DomainView, JobInfo } from "../../../provider/core/domain";
import { judge, type Verdict, verify } from "../../../provider/reconcile/verify";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { migrationOf } from "../../support/migrations";
import { Placing } from "../../support/placing";
import { view } from "../../support/views";

describe("the verdict of both hosts", () => {
  const a = (state: string, differing: Partial<DomainView> = {}) => view("kvm-a", state, differing);
  const b = (state: string) => view("kvm-b", state);
  const job: JobInfo = { type: "unbounded", operation: "outgoing" };

  const cases: [
    how: "live" | "offline",
    source: DomainView | undefined,
    destination: DomainView | undefined,
    Verdict["outcome"],
  ][] = [
    ["live", undefined, b("running (migrated)"), "moved"],
    ["live", undefined, b("paused (user)"), "moved"],
    ["live", a("shut off (migrated)"), b("running (migrated)"), "leftover"],
    ["live", a("shut off (migrated)"), b("running (post-copy)"), "inProgress"],
    ["live", a("running (booted)"), undefined, "stayed"],
    ["live", a("running (migration canceled)"), undefined, "stayed"],
    ["live", a("paused (user)"), undefined, "stayed"],
    ["live", a("running (booted)"), b("shut off (shutdown)"), "stayed"],
    ["live", a("running (booted)", { job }), undefined, "inProgress"],
    ["live", a("running (booted)"), b("paused (migrating)"), "inProgress"],
    ["live", a("paused (migrating)"), undefined, "inProgress"],
    ["live", a("paused (post-copy)"), b("running (post-copy)"), "inProgress"],
    ["live", a("paused (post-copy failed)"), b("running (post-copy failed)"), "postCopyFailed"],
    ["live", a("paused (post-copy failed)"), b("running (post-copy)"), "postCopyGoesOn"],
    ["live", a("paused (post-copy failed)"), b("running (migrated)"), "unnoticed"],
    ["live", undefined, b("running (post-copy failed)"), "peerLost"],
    ["live", a("paused (post-copy failed)"), undefined, "peerLost"],
    ["live", a("paused (post-copy failed)"), b("shut off (crashed)"), "peerLost"],
    ["live", a("shut off (crashed)"), b("running (post-copy failed)"), "peerLost"],
    ["live", undefined, undefined, "unclear"],
    ["live", a("running (booted)"), b("running (migrated)"), "unclear"],
    ["live", a("shut off (migrated)"), undefined, "unclear"],
    ["live", a("shut off (migrated)"), b("shut off (crashed)"), "unclear"],
    ["live", undefined, b("shut off (crashed)"), "crashedOnDestination"],
    ["live", undefined, b("crashed (panicked)"), "moved"],
    ["live", undefined, b("shut off (shutdown)"), "moved"],
    ["live", a("shut off (shutdown)"), undefined, "ended"],
    ["live", a("shut off (crashed)"), undefined, "ended"],
    ["offline", undefined, b("shut off (unknown)"), "moved"],
    ["offline", a("shut off (shutdown)"), undefined, "stayed"],
    ["offline", a("shut off (shutdown)"), b("shut off (unknown)"), "unclear"],
    ["offline", a("running (booted)"), b("shut off (unknown)"), "unclear"],
    ["offline", undefined, b("running (booted)"), "unclear"],
    ["offline", undefined, undefined, "unclear"],
  ];
  const shown = (onDestination: DomainView | undefined) =>
    onDestination
      ? `${onDestination.state} (${onDestination.reason})${onDestination.job ? " with a job" : ""}`
      : "nothing";
  for (const [how, source, destination, outcome] of cases) {
    it(`${how}, source ${shown(source)}, destination ${shown(destination)}: ${outcome}`, () =>
      assert.equal(judge(source, destination, how), outcome));
  }

  const migration = migrationOf();
  const ended = { state: "running", reason: "migrated" };

  describe("while the destination says running (post-copy)", () => {
    const bothInterrupted = () =>
      new Placing({
        "kvm-a": [fakeDomain({ state: "paused", reason: "post-copy failed", job: "outgoing" })],
        "kvm-b": [fakeDomain({ state: "running", reason: "post-copy" })],
      });

    it("is waited for, also when nothing is sent for minutes: QEMU ends it by itself", async () => {
      const world = bothInterrupted();
      world.host("kvm-a").sends = false;
      void world.clock.sleep(90_000).then(() => {
        Object.assign(world.host("kvm-b").find(fakeUuid)!, ended);
        world.host("kvm-a").domains = [];
      });
      const rows: string[] = [];
      const verdict = await verify(world.hosts, migration, world.clock, 0, (row) => rows.push(row));
      assert.equal(verdict.outcome, "moved");
      assert.equal(rows.length, 18);
      assert.match(rows[0]!, /kvm-a has given the migration up, but db-01 runs on kvm-b .*waiting for the end/);
      await world.hosts.close();
    });

    it("ends by a deadline when nothing is sent, and not before while anything is", async () => {
      const world = bothInterrupted();
      void world.clock.sleep(900_000).then(() => (world.host("kvm-a").sends = false));
      assert.equal((await verify(world.hosts, migration, world.clock)).outcome, "postCopyGoesOn");
      assert.ok(world.clock.elapsedMs >= 1_079_000 && world.clock.elapsedMs < 1_090_000, String(world.clock.elapsedMs));
      await world.hosts.close();
    });

    it("is the VM's arrival where it reports running (migrated) then, even if the source is still interrupted", async () => {
      const world = bothInterrupted();
      void world.clock.sleep(60_000).then(() => Object.assign(world.host("kvm-b").find(fakeUuid)!, ended));
      assert.equal((await verify(world.hosts, migration, world.clock)).outcome, "unnoticed");
      await world.hosts.close();
    });

    it("fails once the destination has stopped too", async () => {
      const world = bothInterrupted();
      void world.clock.sleep(60_000).then(() => {
        world.host("kvm-a").sends = false;
        Object.assign(world.host("kvm-b").find(fakeUuid)!, { reason: "post-copy failed" });
      });
      assert.equal((await verify(world.hosts, migration, world.clock)).outcome, "postCopyFailed");
      assert.ok(world.clock.elapsedMs >= 89_000 && world.clock.elapsedMs < 95_000, String(world.clock.elapsedMs));
      await world.hosts.close();
    });
  });

  it("is waited for while a host still clears up", async () => {
    const world = new Placing({ "kvm-b": [fakeDomain({ state: "paused", reason: "migrating" })] });
    void world.clock.sleep(4000).then(() => Object.assign(world.host("kvm-b").find(fakeUuid)!, ended));
    const verdict = await verify(world.hosts, migration, world.clock);
    assert.equal(verdict.outcome, "moved");
    assert.equal(verdict.seen, "kvm-a: not there; kvm-b: running (migrated)");
    assert.ok(world.clock.elapsedMs >= 4000);
    await world.hosts.close();
  });

  it("is not given while a host cannot be asked, and tells which one could not", async () => {
    const world = new Placing({ "kvm-b": [fakeDomain(ended)] });
    world.host("kvm-a").down = true;
    void world.clock.sleep(10_000).then(() => (world.host("kvm-a").down = false));
    assert.equal((await verify(world.hosts, migration, world.clock)).outcome, "moved");
    assert.ok(world.clock.elapsedMs >= 10_000);
    world.host("kvm-a").drop();
    world.host("kvm-a").down = true;
    const { outcome, seen, silent } = await verify(world.hosts, migration, world.clock);
    assert.equal(outcome, "unseen");
    assert.equal(seen, "kvm-a: cannot be asked (connect ECONNREFUSED); kvm-b: running (migrated)");
    assert.deepEqual([silent.source?.code, silent.destination], ["hostUnreachable", undefined]);
    await world.hosts.close();
  });

  it("is that none is to be seen, after some seconds", async () => {
    const world = new Placing({ "kvm-b": [fakeDomain({ state: "paused", reason: "migrating" })] });
    assert.equal((await verify(world.hosts, migration, world.clock)).outcome, "inProgress");
    assert.ok(world.clock.elapsedMs >= 45_000 && world.clock.elapsedMs < 50_000);
    await world.hosts.close();
  });
});
