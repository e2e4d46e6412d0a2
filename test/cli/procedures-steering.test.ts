/** What the provider does to a migration that would never end by itself: each VM dirties more than its cap lets through. */
import assert from "node:assert/strict";
import type { LabHost } from "../../lab/libvirt";
import type { MigrationArgs, Plan } from "../../provider/core/args";
import type { CommandResult } from "../../lab/pulumi";
import { assertMemoryIntact } from "../support/memory";
import { migrationWithCap, openLog } from "../support/monitor";
import { assertMoved, type Expected } from "../support/move";
import { roomy } from "../support/roomy";
import { percentagesOf, rowsOf } from "../support/rows";
import { describeWithStack, type Declared } from "../support/stack";
import { until } from "../support/until";

/** A pass over 32 MiB takes about 3 s at 10 MiB/s, and meanwhile the guest has written all of it again. */
const busy = { dirtyMiB: 32, dirtyRate: 40 };

/** Caps of about 10 MiB/s, a VM each: they hold it in pre-copy and tell its migration in libvirt's log. The times leave room for some rows before and after. */
const cases = {
  "switch-by-clock": { bandwidth: "10MiB/s", postCopy: { after: "8s", bandwidth: "4MiB/s" } },
  "switch-at-timeout": { bandwidth: "11MiB/s", postCopy: true, timeout: "6s", onTimeout: "postCopy" },
  throttled: { bandwidth: "12MiB/s", autoConverge: { initial: 50, increment: 45 } },
  suspended: { bandwidth: "13MiB/s", timeout: "6s", onTimeout: "suspend" },
  "patient-later": { bandwidth: "14MiB/s", maxDowntime: { limit: "60s", after: "6s" } },
} satisfies Record<string, MigrationArgs>;
type Case = keyof typeof cases;

describeWithStack("a migration that would never end by itself", {}, (lab, stack) => {
  const source = () => lab().host("kvm-a");
  const destination = () => lab().host("kvm-b");

  before(async () => {
    await openLog(lab().hosts);
    stack().configure({ "vm-placement:hosts": roomy(lab()) });
  });

  describe("and is steered to its end", () => {
    let up: CommandResult;
    /** `domstate --reason` of a VM on both hosts, while it was in post-copy. */
    let inPostCopy: string[];
    const moved = (name: Case, mode: Expected["mode"]) =>
      assertMoved(lab(), stack(), up, { name, from: "kvm-a", to: "kvm-b", mode });

    before(async function () {
      this.timeout(300_000);
      for (const name of Object.keys(cases)) await lab().startGuest({ name, host: "kvm-a", ...busy });
      stack().declare(
        Object.fromEntries(
          Object.entries(cases).map(([name, migration]): [string, Declared] => [
            name,
            { args: { domain: name, host: "kvm-b", migration } },
          ]),
        ),
      );
      let ended = false;
      const running = stack()
        .up()
        .finally(() => (ended = true));
      const see = (host: LabHost) => host.sh("virsh -q domstate --reason switch-by-clock");
      await until(
        "it is in post-copy",
        async () => {
          inPostCopy = (await Promise.all(lab().hosts.map(see))).map(({ stdout }) => stdout.trim());
          return ended || inPostCopy.every((state) => state.endsWith("(post-copy)"));
        },
        180_000,
      );
      up = await running;
      assert.equal(up.code, 0, up.stdout);
    });

    it("switches to post-copy after the time that was given", async () => {
      assert.deepEqual(inPostCopy, ["paused (post-copy)", "running (post-copy)"]);
      const last = await moved("switch-by-clock", "postCopy");
      assert.ok(last.durationMs >= 8000);
      const rows = rowsOf(up.stdout, "switch-by-clock");
      const switched = rows.findIndex((row) => row === "8 s are over: switching to post-copy");
      assert.ok(switched > 0, up.stdout);
      assert.ok(
        rows.slice(0, switched).some((row) => /^pre-copy \d+ % · .*MiB\/s · .*pass \d/.test(row)),
        rows.join("\n"),
      );
      assert.ok(
        rows.slice(switched).some((row) => /^post-copy \d+ % · /.test(row)),
        rows.join("\n"),
      );
    });

    it("caps the second phase too", async () => {
      const { capabilities, parameters } = await migrationWithCap(source(), 10);
      assert.ok(capabilities.has("postcopy-ram"));
      assert.equal(parameters["max-postcopy-bandwidth"], 4 * 2 ** 20);
      const other = await migrationWithCap(source(), 12);
      assert.ok(!other.capabilities.has("postcopy-ram"));
    });

    it("switches to post-copy at the timeout", async () => {
      await moved("switch-at-timeout", "postCopy");
      assert.ok(rowsOf(up.stdout, "switch-at-timeout").includes("the timeout of 6 s is over: switching to post-copy"));
    });

    it("throttles the guest as it was told, and shows by how much", async () => {
      await moved("throttled", "live");
      const { capabilities, parameters } = await migrationWithCap(source(), 12);
      assert.ok(capabilities.has("auto-converge"));
      assert.equal(parameters["cpu-throttle-initial"], 50);
      assert.equal(parameters["cpu-throttle-increment"], 45);
      const shown = rowsOf(up.stdout, "throttled").flatMap((row) => /throttled (\d+) %/.exec(row)?.[1] ?? []);
      assert.equal(shown[0], "50", up.stdout);
    });

    it("pauses the VM at the timeout until it has moved, and it runs on", async () => {
      const last = await moved("suspended", "suspended");
      assert.ok(
        rowsOf(up.stdout, "suspended").includes("the timeout of 6 s is over: pausing the VM until it has moved"),
      );
      assert.ok(last.downtimeMs! >= 0);
      assert.match(await destination().virsh("domstate suspended"), /^running/);
    });

    it("raises the maximum downtime while it runs", async () => {
      await moved("patient-later", "live");
      assert.ok(
        rowsOf(up.stdout, "patient-later").includes("6 s are over: the maximum downtime is now 1 min"),
        up.stdout,
      );
      const { parameters, later } = await migrationWithCap(source(), 14);
      // On a busy host QEMU is not yet migrating when the time is over.
      assert.deepEqual(
        [parameters, ...later].flatMap((set) => set["downtime-limit"] ?? []),
        [60_000],
      );
      const { before } = stack().outputs("patient-later")["plan"] as Plan;
      assert.equal(before, undefined);
    });

    it("shows a row a second at most, and none that goes back", () => {
      for (const name of Object.keys(cases)) {
        const rows = rowsOf(up.stdout, name);
        const percentages = percentagesOf(rows);
        assert.ok(percentages.length >= 3, `${name}: ${rows.join("\n")}`);
        assert.deepEqual(
          percentages,
          [...percentages].sort((a, b) => a - b),
          name,
        );
      }
    });
  });

  describe("and is cancelled at its timeout", () => {
    const place = (migration: MigrationArgs) =>
      stack().declare({ stubborn: { args: { domain: "stubborn", host: "kvm-b", migration } } });
    const limits = () =>
      Promise.all(
        ["migrate-getspeed", "migrate-getmaxdowntime"].map((command) => source().virsh(`${command} stubborn`)),
      );

    before(async () => {
      await lab().startGuest({ name: "stubborn", host: "kvm-a", ...busy });
    });

    it("leaves the VM where it was, with its limits as they were, and a state that says so", async () => {
      await source().virsh("migrate-setmaxdowntime stubborn 321");
      const before = await limits();
      const migration = { bandwidth: "15MiB/s", maxDowntime: "45ms", timeout: "8s" };
      place(migration);
      const started = Date.now();
      const seen: { text: string; atMs: number }[] = [];
      const { code, stdout } = await stack().up([], {
        onLine: (text) => seen.push({ text, atMs: Date.now() - started }),
      });
      assert.notEqual(code, 0);
      assert.match(
        stdout,
        /\* cannot move stubborn from kvm-a to kvm-b \(watch, on kvm-a\): the timeout of 8 s is over: cancelling the migration; it was cancelled; stubborn is running \(.*\) on kvm-a as before\n +What to do: set migration\.autoConverge: true; or .* \[migrationTimedOut\]/,
      );
      const { parameters } = await migrationWithCap(source(), 15);
      assert.equal(parameters["downtime-limit"], 45);
      assert.deepEqual(await limits(), before);
      assert.match(await source().virsh("domstate --reason stubborn"), /^running \((booted|migration canceled)\)/);
      assert.doesNotMatch(await destination().virsh("list --all --name"), /stubborn/);
      await assertMemoryIntact(lab(), "stubborn", "kvm-a");

      const { id, outputs, initErrors } = stack().resource("stubborn")!;
      assert.ok(id);
      assert.equal(outputs!["currentHost"], "kvm-a");
      assert.equal(outputs!["state"], "running");
      assert.equal(outputs!["lastMigration"], undefined);
      assert.match(initErrors!.join(), /\[migrationTimedOut\]$/);

      const rows = seen.filter(({ text }) => /pre-copy \d+ %/.test(text));
      const spanMs = rows.at(-1)!.atMs - rows[0]!.atMs;
      // The first may come late, and the others not.
      assert.ok(rows.length >= 3 && rows.length <= spanMs / 1000 + 3, `${rows.length} rows in ${spanMs} ms`);
    });

    it("is moved by the next up, with better options", async () => {
      place({ bandwidth: "200MiB/s", maxDowntime: "1s", timeout: "2m" });
      const up = await stack().up();
      assert.equal(up.code, 0, up.stdout);
      await assertMoved(lab(), stack(), up, { name: "stubborn", from: "kvm-a", to: "kvm-b", mode: "live" });
      assert.equal(stack().resource("stubborn")!.initErrors, undefined);
    });
  });
});
