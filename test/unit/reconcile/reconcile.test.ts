import assert from "node:assert/strict";
import type { PlacementError } from "../../../provider/core/errors";
import type { SimulatedDomain } from "../../../lab/simulated";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { type Asked, Placing } from "../../support/placing";
import { commandsOf } from "../../support/problems";

const off: Partial<SimulatedDomain> = { state: "shut off", reason: "shutdown" };
const onA = (domain: Partial<SimulatedDomain> = {}) => new Placing({ "kvm-a": [fakeDomain(domain)] });
const onB = (domain: Partial<SimulatedDomain> = {}) => new Placing({ "kvm-b": [fakeDomain(domain)] });

describe("placing a VM", () => {
  describe("that is where it should be", () => {
    for (const [uuid, title] of [
      [null, "adopts it"],
      [fakeUuid, "does nothing"],
    ] as const) {
      it(`${title}, and changes nothing on any host`, async () => {
        const world = onB();
        const { view, lastMigration } = await world.place({ uuid });
        assert.deepEqual([view.host, view.uuid, view.state], ["kvm-b", fakeUuid, "running"]);
        assert.equal(lastMigration, undefined);
        assert.deepEqual(world.commands, []);
        assert.deepEqual(world.rows, []);
      });
    }

    it("asks the whole inventory to adopt it, and only the known hosts once the state has it", async () => {
      const created = onB();
      await created.place({ uuid: null });
      assert.deepEqual(created.fakes.dialled.toSorted(), ["kvm-a", "kvm-b", "kvm-c"]);
      const updated = onB();
      await updated.place({ lastHost: "kvm-a" });
      assert.deepEqual(updated.fakes.dialled.toSorted(), ["kvm-a", "kvm-b"]);
    });
  });

  describe("that runs elsewhere", () => {
    it("leaves its room to the next one when virsh has ended, before both hosts are asked what came of it", async () => {
      const inventory = { "kvm-a": { name: "kvm-a", maxOutgoing: 1 }, "kvm-b": { name: "kvm-b" } };
      const world = new Placing({ "kvm-a": [fakeDomain()] }, inventory);
      world.lasts(2);
      const seen: string[] = [];
      world.onCommand = (host, command) => {
        if (!command.startsWith("migrate ")) return;
        seen.push(`asked on ${host.name}`);
        void world.hosts.withRoom(
          "kvm-a",
          "kvm-b",
          () => seen.push("waits"),
          () => Promise.resolve(seen.push(`begins after ${world.clock.elapsedMs} ms, row: ${world.rows.at(-1)}`)),
        );
      };
      await world.place();
      assert.deepEqual(seen.slice(0, 2), ["asked on kvm-a", "waits"]);
      assert.doesNotMatch(seen[2]!, /moved/);
      assert.match(seen[2]!, /^begins after 2\d{3} ms, row: live: verifying/);
    });

    it("moves it live by the planned command word for word, and records what both hosts show", async () => {
      const world = onA();
      world.lasts(2);
      const placed = await world.place({ options: { parallel: true, parallelConnections: 4 } });
      const command =
        "virsh migrate --live --p2p --persistent --undefinesource --parallel --parallel-connections 4 db-01 qemu+ssh://kvm-b/system";
      assert.equal(world.plan({ options: { parallel: true, parallelConnections: 4 } }).live, command);
      assert.deepEqual(
        world.host("kvm-a").commands.filter((line) => line.startsWith("migrate ")),
        [command.replace(/^virsh /, "")],
      );
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
      assert.deepEqual([placed.view.host, placed.view.state, placed.view.persistent], ["kvm-b", "running", true]);
      assert.deepEqual(placed.lastMigration, {
        from: "kvm-a",
        to: "kvm-b",
        startedAt: "2026-01-01T00:00:00.000Z",
        durationMs: 2000,
        downtimeMs: 43,
        totalBytes: 170_917_888,
        passes: 3,
        mode: "live",
        command,
        reason: "host is kvm-b",
      });
    });

    it("shows one row a second while it runs, and one lasting line at the end", async () => {
      const world = onA();
      world.lasts(3);
      await world.place();
      assert.deepEqual(world.rows.slice(0, 2), [
        "live: starting the live migration kvm-a → kvm-b",
        "live: pre-copy 50 % · 320 MiB/s · dirty 40 MiB/s · pass 2 · 1 s left",
      ]);
      assert.equal(world.rows.filter((row) => row.startsWith("live: pre-copy")).length, 3);
      assert.deepEqual(world.rows.slice(-2), [
        "live: verifying on both hosts",
        "info: moved kvm-a → kvm-b in 3 s, paused 43 ms, 163 MiB sent",
      ]);
    });

    it("keeps its autostart, which libvirt forgets on the way", async () => {
      const world = onA({ autostart: true });
      await world.place();
      assert.equal(world.host("kvm-b").find(fakeUuid)!.autostart, true);
      const plain = onA();
      await plain.place();
      assert.deepEqual(plain.commands, ["0 s kvm-a: migrate"]);
    });

    it("tells of one that was shut down when it had just arrived", async () => {
      const world = onA();
      world.onCommand = ({ name, domains }, command) => {
        if (name === "kvm-b" && command.startsWith("domjobinfo --completed"))
          Object.assign(domains[0]!, { state: "shut off", reason: "shutdown" });
      };
      const { view } = await world.place();
      assert.deepEqual([view.host, view.state], ["kvm-b", "shut off"]);
      assert.equal(
        world.rows.at(-1),
        "warn: db-01 is shut off (shutdown) on kvm-b: it ended there after it had arrived",
      );
    });

    it("leaves one that is paused paused", async () => {
      const world = onA({ state: "paused", reason: "user" });
      const { view } = await world.place();
      assert.equal(view.state, "paused");
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate"]);
    });

    it("takes the command of the host it chose from a list", async () => {
      const world = new Placing(
        { "kvm-a": [fakeDomain()] },
        { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b", maintenance: true }, "kvm-c": { name: "kvm-c" } },
      );
      const { lastMigration } = await world.place({ host: ["kvm-b", "kvm-c"] });
      assert.match(lastMigration!.command, / db-01 qemu\+ssh:\/\/kvm-c\/system$/);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: nothing, kvm-c: running (migrated)");
    });

    it("believes the hosts, not virsh: an error at the end of a move that is done is no failure", async () => {
      const world = onA();
      world.fakes.finalStderr = "End of file while reading data: : Input/output error";
      const { view } = await world.place();
      assert.equal(view.host, "kvm-b");
    });
  });

  describe("that is shut off elsewhere", () => {
    it("moves its definition, and needs no maximum downtime for that", async () => {
      const world = onA(off);
      const { view, lastMigration } = await world.place({ options: { maxDowntimeMs: 500 } });
      assert.deepEqual([view.host, view.state], ["kvm-b", "shut off"]);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: shut off (unknown), kvm-c: nothing");
      assert.equal(lastMigration!.mode, "offline");
      assert.match(lastMigration!.command, /^virsh migrate --offline --p2p --persistent --undefinesource db-01 /);
      assert.ok(!("downtimeMs" in lastMigration!) && !("totalBytes" in lastMigration!));
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate"]);
      assert.deepEqual(
        world.rows.filter((row) => row.startsWith("info: ")),
        [
          "info: db-01 is shut off (shutdown): migration.maxDowntime is not needed",
          "info: moved kvm-a → kvm-b (shut off) in 0 ms",
        ],
      );
    });
  });

  describe("refuses, and touches nothing", () => {
    const refusals: [title: string, world: () => Placing, asked: Asked, error: object][] = [
      [
        "in mode offline, while it runs",
        () => onA(),
        { options: { mode: "offline" } },
        { code: "domainStateUnfit", host: "kvm-a" },
      ],
      [
        "in mode live, while it is shut off",
        () => onA(off),
        { options: { mode: "live" } },
        { code: "domainStateUnfit" },
      ],
      [
        "what virsh does not describe, of which no rule could say anything",
        () => {
          const world = onA();
          world.host("kvm-a").failing.set("dumpxml", "internal error: out of order");
          return world;
        },
        {},
        {
          code: "unreadableAnswer",
          host: "kvm-a",
          message: /nothing is known of its disks and devices: virsh did not/,
        },
      ],
      ["where nobody has it", () => new Placing({}), {}, { code: "domainMissing", domain: "db-01" }],
      [
        "where it runs twice",
        () => new Placing({ "kvm-a": [fakeDomain()], "kvm-b": [fakeDomain()] }),
        { uuid: null },
        { code: "domainOnTwoHosts" },
      ],
      [
        "what loses guests",
        () => onA(),
        { options: { parallel: true, postCopy: true, postCopyAfterMs: 1000 } },
        {
          code: "unsafeCombination",
          phase: "preflight",
          message: /below QEMU 10\.1; kvm-a has 7\.2\.22.*kvm-b has 7\.2\.22/s,
        },
      ],
      [
        "one that arrived paused and has not run since, with QEMU 7.2",
        () => {
          const world = onA({ state: "paused", reason: "user", hasRun: false });
          const { answers: saying } = world.host("kvm-a");
          saying.set("dumpxml", `<domain type="kvm"><name>db-01</name><uuid>${fakeUuid}</uuid></domain>`);
          saying.set("-incoming", "received\n");
          return world;
        },
        {},
        { code: "unsafeCombination", phase: "preflight", host: "kvm-a", message: /virsh resume db-01/ },
      ],
      [
        "what virsh there does not know",
        () => onA(),
        { options: { switchoverBandwidthMiBps: 800 } },
        { code: "optionUnsupported", phase: "preflight", host: "kvm-a" },
      ],
      [
        "where the destination does not answer",
        () => {
          const world = onA();
          world.host("kvm-b").down = true;
          return world;
        },
        { lastHost: "kvm-a" },
        {
          code: "hostUnreachable",
          host: "kvm-b",
          message:
            /^cannot place db-01 on kvm-b \(decide, on kvm-b\): db-01 is on kvm-a, but kvm-b cannot be reached: connect ECONNREFUSED/,
        },
      ],
    ];
    for (const [title, make, asked, error] of refusals) {
      it(title, async () => {
        const world = make();
        const before = world.where;
        await assert.rejects(world.place(asked), error);
        assert.deepEqual(world.commands, []);
        assert.equal(world.where, before);
      });
    }
  });

  describe("that failed to move", () => {
    const stays: [stderr: string, code: string][] = [
      ["Unsafe migration: Migration without shared storage is unsafe", "unsafeStorage"],
      ["Cannot recv data: ssh: connect to host kvm-b port 22: No route to host", "peerUnreachable"],
      ["something that nobody has seen yet", "migrationFailed"],
    ];
    for (const [stderr, code] of stays) {
      it(`tells why, and where it still is: ${code}`, async () => {
        const world = onA();
        world.fakes.onMigrate = () => Promise.resolve(stderr);
        await assert.rejects(world.place(), (error: { problem: { seen: { host: string } } } & Error) => {
          assert.match(
            error.message,
            new RegExp(`^cannot move db-01 from kvm-a to kvm-b \\(migrate, on kvm-a\\): .*${stderr.slice(-20)}`),
          );
          assert.match(error.message, /db-01 is running \([a-z ]+\) on kvm-a as before/);
          assert.ok(error.message.endsWith(`[${code}]`), error.message);
          assert.equal(error.problem.seen.host, "kvm-a");
          return true;
        });
        assert.match(world.where, /^kvm-a: running .*, kvm-b: nothing/);
      });
    }
  });

  describe("with a maximum downtime", () => {
    it("sets it before the start, and leaves the destination's default where it has moved", async () => {
      const world = onA();
      await world.place({ options: { maxDowntimeMs: 750 } });
      assert.deepEqual(world.commands, ["0 s kvm-a: migrate-setmaxdowntime db-01 750", "0 s kvm-a: migrate"]);
      assert.equal(world.host("kvm-b").find(fakeUuid)!.maxDowntimeMs, 300);
    });

    it("puts the host's own value back where it stayed", async () => {
      const world = onA({ maxDowntimeMs: 420 });
      world.fakes.onMigrate = () => Promise.resolve("operation failed");
      await assert.rejects(world.place({ options: { maxDowntimeMs: 750 } }));
      assert.equal(world.host("kvm-a").find(fakeUuid)!.maxDowntimeMs, 420);
    });

    it("tells the command to type where the source cannot be asked to put it back", async () => {
      const world = onA({ maxDowntimeMs: 420 });
      world.fakes.onMigrate = () => {
        world.host("kvm-a").down = true;
        world.fakes.connectionsLost();
        return Promise.resolve("operation failed");
      };
      await assert.rejects(world.place({ options: { maxDowntimeMs: 750 } }));
      assert.deepEqual(
        world.rows.filter((row) => row.startsWith("warn: ")),
        [
          "warn: the maximum downtime of db-01 could not be put back to 420 ms on kvm-a: connect ECONNREFUSED. " +
            "If db-01 still runs there: `virsh migrate-setmaxdowntime db-01 420`",
        ],
      );
    });

    it("starts nothing where it cannot be set", async () => {
      const world = onA();
      world
        .host("kvm-a")
        .failing.set("migrate-setmaxdowntime", "Requested operation is not valid: domain is not running");
      await assert.rejects(world.place({ options: { maxDowntimeMs: 750 } }), { code: "domainStateUnfit" });
      assert.ok(!world.commands.some((command) => command.endsWith(": migrate")));
    });
  });

  describe("that has left something behind", () => {
    it("removes the definition that is shut off at the source, after a move that left it", async () => {
      const world = onA({ autostart: true });
      world.fakes.leavesDefinition = true;
      const { view, lastMigration } = await world.place();
      assert.equal(view.host, "kvm-b");
      assert.equal(lastMigration!.from, "kvm-a");
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
      assert.ok(world.commands.includes("0 s kvm-a: undefine --keep-nvram"));
      assert.equal(world.host("kvm-b").find(fakeUuid)!.autostart, true);
      assert.ok(world.rows.includes("info: removed the leftover definition of db-01 on kvm-a"));
    });

    it("removes it also where the state did not know that it was", async () => {
      const world = new Placing({ "kvm-c": [fakeDomain()] });
      world.fakes.leavesDefinition = true;
      await world.place({ lastHost: "kvm-a" });
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });

    it("removes it also when an earlier run left it, takes over its autostart and defines what is transient", async () => {
      const world = new Placing({
        "kvm-a": [fakeDomain({ state: "shut off", reason: "migrated", autostart: true })],
        "kvm-b": [fakeDomain({ reason: "migrated", persistent: false })],
      });
      const { view, lastMigration } = await world.place({ lastHost: "kvm-a" });
      assert.deepEqual([view.host, view.persistent, view.autostart], ["kvm-b", true, true]);
      assert.equal(lastMigration, undefined);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });

    it("removes nothing when the VM stops before it could", async () => {
      const world = new Placing({
        "kvm-a": [fakeDomain({ state: "shut off", reason: "migrated" })],
        "kvm-b": [fakeDomain({ reason: "migrated" })],
      });
      let queries = 0;
      world.onCommand = (host, command) => {
        if (host.name === "kvm-b" && command.startsWith("domstate") && ++queries === 2)
          Object.assign(host.find(fakeUuid)!, off);
      };
      await assert.rejects(world.place({ lastHost: "kvm-a" }), { code: "domainStateUnfit", host: "kvm-b" });
      assert.deepEqual(world.commands, []);
    });
  });

  describe("that changes while it is looked at", () => {
    /** What happens once the rules have been asked, right before the second look. */
    function meanwhile(world: Placing, change: () => void): void {
      world.onCommand = (host, command) => {
        if (host.name === "kvm-a" && command === "help migrate") change();
      };
    }

    it("is not moved when somebody else has just moved it", async () => {
      const world = onA();
      meanwhile(world, () => {
        world.host("kvm-b").domains = world.host("kvm-a").domains;
        world.host("kvm-a").domains = [];
      });
      const { view, lastMigration } = await world.place();
      assert.equal(view.host, "kvm-b");
      assert.equal(lastMigration, undefined);
      assert.deepEqual(world.commands, []);
    });

    it("is waited for, for minutes, while libvirt waits for its QEMU", async () => {
      const world = onA();
      const { failing } = world.host("kvm-a");
      failing.set("domjobinfo", "Timed out during operation: cannot acquire state change lock (held by monitor=x)");
      void world.clock.sleep(150_000).then(() => failing.delete("domjobinfo"));
      const { view } = await world.place();
      assert.equal(view.host, "kvm-b");
      assert.ok(
        world.rows.includes("live: waiting: db-01 is running (booted) on kvm-a, but its QEMU is not answering libvirt"),
      );
      assert.match(world.commands[0]!, /^15\d(\.\d)? s kvm-a: migrate$/);
    });

    it("is moved offline when it was shut down meanwhile", async () => {
      const world = onA();
      meanwhile(world, () => Object.assign(world.host("kvm-a").find(fakeUuid)!, off));
      const { lastMigration } = await world.place();
      assert.equal(lastMigration!.mode, "offline");
      assert.equal(world.where, "kvm-a: nothing, kvm-b: shut off (unknown), kvm-c: nothing");
    });

    it("is looked for once more where its preflight took long", async () => {
      const world = onA();
      world.onCommand = (host, command) => {
        if (host.name !== "kvm-b" || command !== "net-list --all --name") return;
        world.clock.pass(5000);
        world.host("kvm-b").domains = world.host("kvm-a").domains;
        world.host("kvm-a").domains = [];
      };
      const { view, lastMigration } = await world.place();
      assert.deepEqual([view.host, lastMigration, world.commands], ["kvm-b", undefined, []]);
    });

    it("is refused when it was shut down meanwhile and mode is live", async () => {
      const world = onA();
      meanwhile(world, () => Object.assign(world.host("kvm-a").find(fakeUuid)!, off));
      await assert.rejects(world.place({ options: { mode: "live" } }), { code: "domainStateUnfit" });
      assert.deepEqual(world.commands, []);
    });

    it("is given up when it never shows the same twice", async () => {
      const world = onA();
      let starts = 0;
      world.host("kvm-a").answers.set("dumpxml", `<domain><name>db-01</name><uuid>${fakeUuid}</uuid></domain>`);
      world.onCommand = (host, command) => {
        if (host.name !== "kvm-a" || !/^dumpxml (?!--)/.test(command)) return;
        Object.assign(host.find(fakeUuid)!, ++starts % 2 === 1 ? off : { state: "running", reason: "booted" });
      };
      const { code, seen } = await world.fails();
      assert.deepEqual([code, seen?.host], ["verificationFailed", "kvm-a"]);
      assert.deepEqual(world.commands, []);
    });
  });

  describe("whose migration already runs", () => {
    it("watches it to its end, starts no second one, and records it without a command", async () => {
      const world = onA();
      world.lasts(5);
      void (await world.fakes.dial({ name: "kvm-a" })).exec(world.plan({}).live as string);
      await new Promise((resolve) => setImmediate(resolve));
      const { view, lastMigration } = await world.place({ lastHost: "kvm-a" });
      assert.equal(view.host, "kvm-b");
      assert.equal(lastMigration!.command, "");
      assert.equal(lastMigration!.reason, "a migration from kvm-a to kvm-b is in progress");
      assert.equal(world.commands.filter((command) => command.endsWith(": migrate")).length, 1);
    });

    it("leaves the limits to libvirt that only a step has changed: what they were before is not known here", async () => {
      const world = onA({ maxDowntimeMs: 420, maxSpeedMiBps: 100 });
      world.lasts(60);
      void (await world.fakes.dial({ name: "kvm-a" })).exec(world.plan({}).live as string);
      await new Promise((resolve) => setImmediate(resolve));
      const convergence = [
        { when: { afterMs: 1000 }, action: { kind: "setBandwidth", mibps: 2048 } },
        { when: { afterMs: 2000 }, action: { kind: "raiseMaxDowntime", limitMs: 750 } },
        { when: { afterMs: 3000 }, action: { kind: "abort" } },
      ] as const;
      await assert.rejects(world.place({ lastHost: "kvm-a", options: { convergence } }), { code: "migrationTimedOut" });
      const { maxDowntimeMs, maxSpeedMiBps } = world.host("kvm-a").find(fakeUuid)!;
      assert.deepEqual([maxDowntimeMs, maxSpeedMiBps], [420, 100]);
      assert.equal(world.commands.filter((command) => command.includes("migrate-setspeed")).length, 1);
    });

    it("moves it on when that one went elsewhere", async () => {
      const world = onA();
      world.lasts(5);
      void (await world.fakes.dial({ name: "kvm-a" })).exec(world.plan({ host: "kvm-c" }).live as string);
      await new Promise((resolve) => setImmediate(resolve));
      const { lastMigration } = await world.place({ uuid: null });
      assert.deepEqual([lastMigration!.from, lastMigration!.to], ["kvm-c", "kvm-b"]);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });
  });

  describe("whose post-copy was interrupted", () => {
    const broken = () =>
      new Placing({
        "kvm-a": [fakeDomain({ state: "paused", reason: "post-copy failed" })],
        "kvm-b": [fakeDomain({ reason: "post-copy failed" })],
      });

    it("resumes it with the same command", async () => {
      const world = broken();
      world.fakes.onMigrate = ({ domain, destination }) => {
        Object.assign(domain, { reason: "post-copy" });
        Object.assign(destination.find(fakeUuid)!, { reason: "post-copy" });
        return world.clock.sleep(2000).then(() => undefined);
      };
      const { lastMigration } = await world.place({
        lastHost: "kvm-a",
        options: { postCopy: true, postCopyAfterMs: 1000 },
      });
      assert.equal(
        world.host("kvm-a").commands.find((line) => line.startsWith("migrate ")),
        "migrate --live --p2p --persistent --undefinesource --postcopy --postcopy-resume db-01 qemu+ssh://kvm-b/system",
      );
      assert.equal(lastMigration!.mode, "postCopy");
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });

    it("waits as long as QEMU goes on with what libvirt has given up, and clears up behind it", async () => {
      const world = broken();
      const [source, destination] = [world.host("kvm-a"), world.host("kvm-b")];
      source.find(fakeUuid)!.job = "outgoing";
      destination.find(fakeUuid)!.reason = "post-copy";
      let queries = 0;
      world.onCommand = (host, command) => {
        if (host !== source || !command.startsWith("domjobinfo")) return;
        queries++;
        source.statistics = source.statistics.replace(/^memory_processed: .*/m, `memory_processed: ${queries * 4096}`);
        if (queries < 100) return;
        source.domains = [fakeDomain({ state: "shut off", reason: "migrated" })];
        destination.find(fakeUuid)!.reason = "migrated";
      };
      await world.place({ lastHost: "kvm-a" });
      assert.ok(world.clock.elapsedMs > 90_000);
      assert.ok(!world.commands.some((command) => command.endsWith(": migrate")), world.commands.join());
      assert.equal(world.rows.filter((row) => row.includes("QEMU goes on with it")).length, 1);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });

    const arrived = (sent: string) => {
      const world = broken();
      world.host("kvm-a").sends = false;
      world.host("kvm-b").find(fakeUuid)!.reason = "migrated";
      const now = "now 1772359500\nup 90000.00\n2026-03-01 ";
      world.host("kvm-a").log = `${now}${sent}+0000: initiating migration`;
      world.host("kvm-b").log = `${now}10:00:00.000+0000: starting up\n-incoming`;
      return world;
    };

    it("ends the source of a failed post-copy after a minute, once the VM has arrived with all of its memory", async () => {
      const world = arrived("10:00:01.000");
      const { view, lastMigration } = await world.place({ lastHost: "kvm-a" });
      assert.deepEqual([view.host, view.reason, lastMigration], ["kvm-b", "migrated", undefined]);
      assert.ok(world.clock.elapsedMs >= 60_000);
      assert.equal(world.where, "kvm-a: nothing, kvm-b: running (migrated), kvm-c: nothing");
    });

    it("ends no post-copy source that the decision did not name: a definition that has become one in the meantime", async () => {
      const world = new Placing({
        "kvm-a": [fakeDomain({ state: "shut off", reason: "migrated" })],
        "kvm-b": [fakeDomain({ reason: "migrated" })],
      });
      let queries = 0;
      world.onCommand = (host, command) => {
        if (host.name === "kvm-a" && command.startsWith("domstate") && ++queries === 2)
          Object.assign(host.find(fakeUuid)!, { state: "paused", reason: "post-copy failed" });
      };
      await assert.rejects(world.place({ lastHost: "kvm-a" }), { code: "domainOnTwoHosts" });
      assert.ok(!world.host("kvm-a").commands.some((line) => line.startsWith("destroy")));
      assert.equal(world.host("kvm-a").domains.length, 1);
    });

    it("ends nothing where the logs do not show that the VM arrived by that very migration", async () => {
      const world = arrived("09:00:00.000");
      await assert.rejects(world.place({ lastHost: "kvm-a" }), { code: "migrationRunning" });
      assert.equal(world.where, "kvm-a: paused (post-copy failed), kvm-b: running (migrated), kvm-c: nothing");
    });

    it("refuses nothing while the destination says running (post-copy), though its libvirt crashes when resumed: it ends by itself", async () => {
      const world = broken();
      const [source, destination] = [world.host("kvm-a"), world.host("kvm-b")];
      Object.assign(destination.options, { libvirt: "11.3.0" });
      source.sends = false;
      destination.find(fakeUuid)!.reason = "post-copy";
      void world.clock.sleep(150_000).then(() => {
        source.domains = [];
        destination.find(fakeUuid)!.reason = "migrated";
      });
      const { view } = await world.place({ lastHost: "kvm-a" });
      assert.deepEqual([view.host, view.reason], ["kvm-b", "migrated"]);
      assert.deepEqual(world.commands, []);
      assert.ok(
        world.rows.includes("live: waiting: db-01 runs on kvm-b, and its post-copy migration may end by itself"),
      );
    });

    it("ends the wait after three minutes without a byte, and advises nothing but to wait", async function () {
      this.timeout(60_000);
      const world = broken();
      world.host("kvm-a").sends = false;
      world.host("kvm-b").find(fakeUuid)!.reason = "post-copy";
      const { code, message, remedies } = await world.fails({ lastHost: "kvm-a" });
      assert.equal(code, "postCopyInterrupted");
      assert.match(message, /nothing has been sent for 3 min/);
      assert.deepEqual(commandsOf(remedies), []);
      assert.deepEqual(world.commands, []);
    });

    for (const [libvirt, upgrade] of [
      ["9.0.0", /^bring the link between kvm-a and kvm-b back and run `pulumi up`/],
      ["11.3.0", /upgrade libvirt on kvm-b to 11\.4 or later and run `pulumi up`/],
    ] as const) {
      it(`says at once what the next \`up\` will do: libvirt ${libvirt}`, async () => {
        const world = onA();
        Object.assign(world.host("kvm-b").options, { libvirt });
        world.fakes.onMigrate = async ({ domain, destination }) => {
          Object.assign(domain, { state: "paused", reason: "post-copy failed" });
          world.host("kvm-a").sends = false;
          Object.assign(destination.find(fakeUuid)!, { state: "running", reason: "post-copy failed" });
          await world.clock.sleep(500_000);
          return undefined;
        };
        void world.clock.sleep(2000).then(() => world.host("kvm-a").drop());
        const { code, remedies } = await world.fails({ options: { postCopy: true, postCopyAfterMs: 60_000 } });
        assert.equal(code, "postCopyInterrupted");
        assert.match(remedies[0]!.do, upgrade);
        assert.deepEqual(commandsOf(remedies), [
          "kvm-b$ virsh destroy db-01",
          "kvm-b$ virsh start db-01",
          "$ pulumi up",
          "loses everything that was only in its memory",
        ]);
      });
    }

    it("names no command that ends the VM where it has arrived, while its source still has the interrupted post-copy", async () => {
      const world = onA();
      world.fakes.onMigrate = async ({ domain, destination }) => {
        Object.assign(domain, { state: "paused", reason: "post-copy failed" });
        world.host("kvm-a").sends = false;
        Object.assign(destination.find(fakeUuid)!, { state: "running", reason: "migrated" });
        await world.clock.sleep(500_000);
        return undefined;
      };
      void world.clock.sleep(2000).then(() => world.host("kvm-a").drop());
      await assert.rejects(
        world.place({ options: { postCopy: true, postCopyAfterMs: 60_000 } }),
        ({ code, problem }: PlacementError) => {
          assert.equal(code, "migrationRunning");
          const commands = commandsOf(problem.remedies);
          assert.ok(commands.includes("kvm-a$ virsh destroy db-01"), commands.join("\n"));
          assert.ok(!commands.includes("kvm-b$ virsh destroy db-01"), commands.join("\n"));
          assert.equal(problem.seen?.host, "kvm-b");
          return true;
        },
      );
    });

    it("does not resume it into a libvirt that crashes on that", async () => {
      const world = broken();
      Object.assign(world.host("kvm-b").options, { libvirt: "11.3.0" });
      const { code, host, remedies } = await world.fails({ lastHost: "kvm-a" });
      assert.deepEqual([code, host], ["unsafeCombination", "kvm-b"]);
      assert.match(remedies[0]!.do, /11\.4 or later/);
      assert.deepEqual(commandsOf(remedies), [
        "kvm-a$ virsh destroy db-01",
        "kvm-b$ virsh destroy db-01",
        "kvm-b$ virsh start db-01",
        "$ pulumi up",
        "loses everything that was only in its memory",
      ]);
      assert.deepEqual(world.commands, []);
    });
  });
});
