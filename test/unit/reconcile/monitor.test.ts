import assert from "node:assert/strict";
import type { MigrationOptions } from "../../../provider/core/options";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { commandsOf } from "../../support/problems";
import { Placing } from "../../support/placing";

const second = 1000;
const onA = () => new Placing({ "kvm-a": [fakeDomain()] });

describe("watching a migration", () => {
  const steered: [
    title: string,
    options: Partial<MigrationOptions>,
    commands: string[],
    mode: string,
    message: RegExp,
  ][] = [
    [
      "switches to post-copy after the time given",
      { postCopy: true, postCopyAfterMs: 20 * second },
      ["0 s kvm-a: migrate", "20 s kvm-a: migrate-postcopy"],
      "postCopy",
      /^info: 20 s are over: switching to post-copy$/,
    ],
    [
      "switches to post-copy at the timeout",
      { postCopy: true, timeoutMs: 60 * second, onTimeout: "postCopy" },
      ["0 s kvm-a: migrate", "60 s kvm-a: migrate-postcopy"],
      "postCopy",
      /^info: the timeout of 1 min is over: switching to post-copy$/,
    ],
    [
      "pauses the VM at the timeout",
      { timeoutMs: 60 * second, onTimeout: "suspend" },
      ["0 s kvm-a: migrate", "60 s kvm-a: suspend"],
      "suspended",
      /pausing the VM until it has moved$/,
    ],
    [
      "raises the maximum downtime, and then switches",
      { maxDowntimeMs: 900, maxDowntimeAfterMs: 10 * second, postCopy: true, postCopyAfterMs: 15_100 },
      ["0 s kvm-a: migrate", "10 s kvm-a: migrate-setmaxdowntime 900", "15.1 s kvm-a: migrate-postcopy"],
      "postCopy",
      /^info: 10 s are over: the maximum downtime is now 900 ms$/,
    ],
  ];
  for (const [title, options, commands, mode, message] of steered) {
    it(title, async () => {
      const world = onA();
      world.lasts(undefined);
      const { view, lastMigration } = await world.place({ options });
      assert.deepEqual(world.commands, commands);
      assert.equal(lastMigration!.mode, mode);
      assert.deepEqual([view.host, view.state], ["kvm-b", "running"]);
      assert.equal(world.rows.filter((row) => message.test(row)).length, 1, world.rows.join("\n"));
      assert.deepEqual(
        world.rows.filter((row) => row.startsWith("warn: ")),
        [],
      );
    });
  }

  it("does nothing of it where the migration is over before", async () => {
    const world = onA();
    world.lasts(5);
    await world.place({ options: { timeoutMs: 60 * second, postCopy: true, postCopyAfterMs: 20 * second } });
    assert.deepEqual(world.commands, ["0 s kvm-a: migrate"]);
  });

  it("shows post-copy, and reports no pause for it, which libvirt does not know", async () => {
    const world = onA();
    world.lasts(undefined, 3);
    const { lastMigration } = await world.place({ options: { postCopy: true, postCopyAfterMs: 2 * second } });
    assert.ok(world.rows.some((row) => row.startsWith("live: pre-copy ")));
    assert.ok(world.rows.some((row) => row.startsWith("live: post-copy ")));
    assert.ok(!("downtimeMs" in lastMigration!));
    assert.match(
      world.rows.at(-1)!,
      /^info: moved kvm-a → kvm-b in 5(\.\d)? s, by post-copy, pause not reported by libvirt/,
    );
  });

  it("only warns of a timeout in post-copy", async () => {
    const world = onA();
    world.lasts(undefined, 10);
    await world.place({ options: { postCopy: true, postCopyAfterMs: 2 * second, timeoutMs: 5 * second } });
    assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "2 s kvm-a: migrate-postcopy"]);
    assert.deepEqual(
      world.rows.filter((row) => row.startsWith("warn: ")),
      ["warn: the timeout of 5 s is over, but in post-copy a migration can only be waited for"],
    );
  });

  it("cancels at the timeout, and says what could help", async () => {
    const world = onA();
    world.lasts(undefined);
    const failure = await world.fails({ options: { timeoutMs: 60 * second, bandwidthMiBps: 40 } });
    assert.deepEqual([failure.code, failure.seen?.host], ["migrationTimedOut", "kvm-a"]);
    assert.deepEqual(
      failure.remedies.map(({ do: what }) => /migration\.(\w+)/.exec(what)?.[1]),
      ["autoConverge", "postCopy", "bandwidth", "timeout"],
    );
    assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "60 s kvm-a: domjobabort"]);
    assert.match(world.where, /^kvm-a: running .*, kvm-b: nothing/);
  });

  describe("with a timeout per GiB", () => {
    // The VM has 256 MiB.
    const options = { timeoutMsPerGiB: 60 * second, onTimeout: "suspend" } as const;

    it("counts it for the memory of the VM", async () => {
      const world = onA();
      world.lasts(undefined);
      await world.place({ options });
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "15 s kvm-a: suspend"]);
    });

    const takenOver = () => {
      const world = onA();
      const source = world.host("kvm-a");
      source.domains = [fakeDomain({ job: "outgoing" })];
      source.statistics = source.statistics.replace(/time_elapsed: \d+/, "time_elapsed: 0");
      source.outgoing.set(fakeUuid, { postCopy: false, cancel: () => delete source.domains[0]!.job });
      world.host("kvm-b").domains = [fakeDomain({ state: "paused", reason: "migrating", job: "incoming" })];
      return world;
    };

    it("counts it for a migration that is taken over", async () => {
      const world = takenOver();
      await world.fails({ options: { ...options, onTimeout: "abort" } });
      assert.deepEqual(world.commands, ["15 s kvm-a: domjobabort"]);
    });

    it("warns where libvirt does not tell the memory, and lets the migration go on", async () => {
      const world = takenOver();
      const source = world.host("kvm-a");
      source.failing.set("dumpxml", "internal error: no");
      world.onCommand = () => {
        if (world.clock.elapsedMs > 60 * second) delete source.domains[0]!.job;
      };
      await world.fails({ options: { ...options, onTimeout: "abort" } });
      assert.deepEqual(world.commands, []);
      assert.ok(
        world.rows.some((row) => /^warn: .*does not tell the memory of db-01: migration.timeout does not/.test(row)),
      );
    });
  });

  it("goes on watching when an action is refused, and does not repeat it", async () => {
    const world = onA();
    world.lasts(5);
    world
      .host("kvm-a")
      .failing.set(
        "migrate-postcopy",
        "Requested operation is not valid: post-copy can only be started while outgoing migration is in progress",
      );
    await world.place({ options: { postCopy: true, postCopyAfterMs: 2 * second } });
    assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "2 s kvm-a: migrate-postcopy"]);
    const [warning, ...more] = world.rows.filter((row) => row.startsWith("warn: "));
    assert.match(warning!, /post-copy can only be started while outgoing migration is in progress/);
    assert.deepEqual(more, []);
  });

  describe("that sends nothing any more", function () {
    // Ten minutes are some thousand looks.
    this.timeout(60_000);

    it("is reported after 30 s with a remedy, cancelled after 10 min, and says what to check", async () => {
      const world = onA();
      world.lasts(undefined);
      world.host("kvm-a").sends = false;
      const { code, message, remedies, seen } = await world.fails();
      assert.deepEqual([code, seen?.host], ["migrationTimedOut", "kvm-a"]);
      assert.match(message, /nothing has been sent for 10 min/);
      assert.match(remedies[0]!.do, /check the link between kvm-a and kvm-b/);
      assert.deepEqual([remedies.length, commandsOf(remedies)], [1, []]);
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "600.25 s kvm-a: domjobabort"]);
      assert.equal(
        world.rows.filter((row) => /^warn: nothing has been sent for 30 s; .*`virsh domjobabort db-01`/.test(row))
          .length,
        1,
      );
      assert.ok(world.rows.some((row) => /^live: pre-copy .* · nothing sent for 5 min/.test(row)));
    });

    it("is reported as a switch that does not happen, where one was asked for; an abort that never ends names the receiving end", async () => {
      const world = onA();
      world.lasts(undefined);
      const source = world.host("kvm-a");
      source.sends = false;
      source.answers.set("migrate-postcopy", "");
      source.answers.set("domjobabort", "");
      const { code, remedies } = await world.fails({ options: { postCopy: true, postCopyAfterMs: 20 * second } });
      assert.equal(code, "migrationRunning");
      assert.deepEqual(commandsOf(remedies), ["kvm-b$ virsh domstate --reason db-01", "kvm-b$ virsh destroy db-01"]);
      delete source.find(fakeUuid)!.job;
      assert.ok(world.clock.elapsedMs < 12 * 60 * second, String(world.clock.elapsedMs));
      assert.ok(
        world.rows.some((row) => /^warn: .*the switch to post-copy that was asked for has not happened/.test(row)),
      );
    });

    it("in post-copy ends the watch after 10 min, and destroys and resumes nothing", async () => {
      const world = onA();
      world.lasts(undefined, 100_000);
      void world.clock.sleep(5 * second).then(() => (world.host("kvm-a").sends = false));
      const { code, message, remedies, seen } = await world.fails({
        options: { postCopy: true, postCopyAfterMs: 2 * second },
      });
      assert.deepEqual([code, seen?.host], ["migrationRunning", "kvm-b"]);
      assert.match(message, /nothing has been sent for 10 min/);
      assert.deepEqual(commandsOf(remedies), []);
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "2 s kvm-a: migrate-postcopy"]);
    });

    it("is not one that is slow for a quarter of an hour", async () => {
      const world = onA();
      world.lasts(900);
      const { view } = await world.place();
      assert.equal(view.host, "kvm-b");
      assert.deepEqual(
        world.rows.filter((row) => row.startsWith("warn: ")),
        [],
      );
    });
  });

  describe("when libvirt waits for a QEMU that does not answer", () => {
    const held =
      "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainMigratePerform3Params)";
    const hangs = (world: Placing, ms: number) => {
      const { failing } = world.host("kvm-a");
      void world.clock.sleep(second).then(() => failing.set("domjobinfo", held));
      void world.clock.sleep(ms).then(() => failing.delete("domjobinfo"));
    };

    it("waits too, as long as the maximum downtime and a minute", async () => {
      const world = onA();
      world.lasts(120);
      hangs(world, 119 * second);
      const { view } = await world.place({ options: { maxDowntimeMs: 100 * second } });
      assert.equal(view.host, "kvm-b");
      assert.ok(world.rows.includes("live: libvirt on kvm-a waits for the VM's QEMU"));
    });

    it("gives up after a minute and the maximum downtime, tells what is true then, and stops nothing", async () => {
      const world = onA();
      world.lasts(1000);
      hangs(world, 1000 * second);
      await assert.rejects(world.place({ options: { maxDowntimeMs: 30 * second } }), (error: Error) => {
        assert.match(
          error.message,
          /db-01 is running \(booted\) on kvm-a, but its QEMU is not answering libvirt, for 1 min 30 s/,
        );
        assert.match(error.message, /the VM does not run twice.*\[migrationRunning\]$/s);
        return true;
      });
      assert.ok(world.clock.elapsedMs > 90 * second && world.clock.elapsedMs < 95 * second, `${world.clock.elapsedMs}`);
      assert.deepEqual(world.commands.slice(1), ["0 s kvm-a: migrate"]);
    });
  });

  describe("when the connection to the source breaks", () => {
    /** Breaks it at a time of the fake clock; `back` brings the host back. */
    const breakAt = (world: Placing, ms: number, downForMs: number) => {
      void world.clock.sleep(ms).then(async () => {
        world.host("kvm-a").down = downForMs > 0;
        world.host("kvm-a").drop();
        await world.clock.sleep(downForMs);
        world.host("kvm-a").down = false;
      });
    };

    it("connects again and sees the migration to its end, which needed neither virsh nor us", async () => {
      const world = onA();
      world.lasts(10);
      breakAt(world, 3 * second, 0);
      const { view, lastMigration } = await world.place();
      assert.equal(view.host, "kvm-b");
      assert.deepEqual(
        world.fakes.dialled.filter((name) => name === "kvm-a"),
        ["kvm-a", "kvm-a"],
      );
      assert.ok(lastMigration!.durationMs >= 10 * second && lastMigration!.durationMs < 12 * second);
      assert.equal(world.commands.filter((command) => command.endsWith(": migrate")).length, 1);
    });

    it("does what fell due meanwhile as soon as the host answers again", async () => {
      const world = onA();
      world.lasts(undefined);
      breakAt(world, 3 * second, 10 * second);
      const { lastMigration } = await world.place({ options: { postCopy: true, postCopyAfterMs: 5 * second } });
      assert.equal(lastMigration!.mode, "postCopy");
      const at = Number(/^([\d.]+) s kvm-a: migrate-postcopy$/.exec(world.commands[1]!)![1]);
      assert.ok(at >= 13 && at < 15, world.commands.join("\n"));
    });

    it("gives up after a minute of silence, says that the migration goes on, and stops nothing", async () => {
      const world = onA();
      world.lasts(300);
      breakAt(world, 3 * second, 1000 * second);
      const { code, phase, host, message, caution, seen } = await world.fails();
      assert.deepEqual([code, phase, host, seen?.host], ["hostUnreachable", "watch", "kvm-a", "kvm-a"]);
      assert.match(message, /kvm-b shows: paused \(migrating\)/);
      assert.match(caution!, /While both hosts have power, the migration continues/);
      assert.ok(world.clock.elapsedMs > 62 * second && world.clock.elapsedMs < 70 * second, `${world.clock.elapsedMs}`);
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate"]);
      assert.equal(world.host("kvm-a").find(fakeUuid)!.job, "outgoing");
    });
  });
});
