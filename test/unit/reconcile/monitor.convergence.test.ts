import assert from "node:assert/strict";
import type { ConvergenceStep } from "../../../provider/core/convergence/step";
import type { MigrationOptions } from "../../../provider/core/options";
import { migrationSchema } from "../../../provider/schema";
import { fakeDomain } from "../../../lab/simulated";
import { Placing } from "../../support/placing";

const second = 1000;
const mib = 2 ** 20;

/** 256 MiB are sent at 40 MiB/s once, and then again and again the 64 MiB that the guest writes to in less than a pass. */
function neverConverges(throttle?: (seconds: number) => number): Placing {
  const world = new Placing({ "kvm-a": [fakeDomain()] });
  world.lasts(undefined);
  const source = world.host("kvm-a");
  world.onCommand = (host, command) => {
    if (host !== source || !command.startsWith("domjobinfo")) return;
    const seconds = world.clock.elapsedMs / second;
    const sent = seconds * 40;
    const pass = sent < 256 ? 1 : 2 + Math.floor((sent - 256) / 64);
    const left = sent < 256 ? 256 - sent : 64 - ((sent - 256) % 64);
    const slowed = throttle?.(seconds) ?? 0;
    source.statistics = [
      "Job type: 2",
      "operation: 5",
      `time_elapsed: ${Math.round(seconds * second)}`,
      `memory_total: ${256 * mib}`,
      `memory_processed: ${Math.round(sent * mib)}`,
      `memory_remaining: ${Math.round(left * mib)}`,
      `memory_bps: ${40 * mib}`,
      `memory_dirty_rate: ${pass === 1 ? 0 : 81920}`,
      "memory_page_size: 4096",
      `memory_iteration: ${pass}`,
      ...(slowed > 0 ? [`auto_converge_throttle: ${slowed}`] : []),
    ].join("\n");
  };
  return world;
}

const stepsOf = (...convergence: ConvergenceStep[]): Partial<MigrationOptions> => ({ convergence });
const written = (convergence: unknown) => migrationSchema.parse({ convergence });
const told = ({ rows }: Placing) => rows.filter((row) => !row.startsWith("live: "));

describe("a migration that does not converge", () => {
  it("is finished by the preset, step by step, each with its reason", async () => {
    const world = neverConverges();
    const { lastMigration } = await world.place({ options: written("finish") });
    assert.equal(lastMigration!.mode, "postCopy");
    // The second pass, of 64 MiB, begins at 6.4 s and is sent at 8.
    assert.deepEqual(world.commands, [
      "0 s kvm-a: migrate",
      "17.75 s kvm-a: migrate-setmaxdowntime 500",
      "27.75 s kvm-a: migrate-setmaxdowntime 1000",
      "47.75 s kvm-a: migrate-postcopy",
    ]);
    const seen = /\(pass \d+ began with about \d\d MiB, 320 MiB\/s written, 40 MiB\/s sent\)/;
    const [first, , last] = told(world).filter((row) => row.startsWith("info: no closer"));
    assert.match(first!, /^info: no closer to its end for 10 s \(.*\): the maximum downtime is now 500 ms$/);
    assert.match(first!, seen);
    assert.match(last!, /^info: no closer to its end for 40 s \(.*\): switching to post-copy$/);
  });

  it("is cancelled by the gentle preset, and told what could help", async () => {
    const world = neverConverges();
    const failure = await world.fails({ options: written("gentle") });
    assert.equal(failure.code, "migrationTimedOut");
    assert.deepEqual(
      world.commands.map((command) => command.replace(/^[\d.]+ s /, "")),
      [
        "kvm-a: migrate",
        "kvm-a: migrate-setmaxdowntime 500",
        "kvm-a: migrate-setmaxdowntime 1000",
        "kvm-a: domjobabort",
      ],
    );
    assert.match(failure.message, /no closer to its end for 5 min .*it was cancelled/);
    assert.deepEqual(
      failure.remedies.map(({ do: what }) => /migration\.(\w+)/.exec(what)?.[1]),
      ["autoConverge", "convergence", "convergence"],
    );
  });

  it("is given time while QEMU slows the VM further, and says how far", async () => {
    const world = neverConverges((seconds) => Math.min(99, 20 + 10 * Math.floor(seconds / 10)));
    await world.fails({
      options: written([
        { pass: 3, do: "throttle" },
        { stalled: "20s", do: "abort" },
      ]),
    });
    // 99 % are reached at 80 s.
    assert.deepEqual(world.commands, ["0 s kvm-a: migrate", "100 s kvm-a: domjobabort"]);
    assert.ok(told(world).includes("info: pass 3 over the memory has begun: QEMU slows the VM by 20 %"));
  });

  it("goes on with the next step where libvirt refuses one, and repeats none", async () => {
    const world = neverConverges();
    world.host("kvm-a").failing.set("migrate-setspeed", "internal error: no");
    const options = stepsOf(
      { when: { pass: 2 }, action: { kind: "setBandwidth", mibps: 2048 } },
      { when: { afterMs: 10 * second }, action: { kind: "raiseMaxDowntime", limitMs: 800 } },
      { when: { afterMs: 20 * second }, action: { kind: "suspend" } },
    );
    const { lastMigration } = await world.place({ options });
    assert.deepEqual(world.commands, [
      "0 s kvm-a: migrate",
      "6.5 s kvm-a: migrate-setspeed 2048",
      "10 s kvm-a: migrate-setmaxdowntime 800",
      "20 s kvm-a: suspend",
    ]);
    assert.equal(lastMigration!.mode, "suspended");
    assert.match(
      world.rows.find((row) => row.startsWith("warn: "))!,
      /^warn: the limit of the rate could not be set: .*internal error: no/,
    );
  });

  it("is taken over by another run, which does not lower what the one before has raised", async () => {
    const world = neverConverges();
    const source = world.host("kvm-a");
    source.domains = [fakeDomain({ job: "outgoing", maxDowntimeMs: 1000 })];
    source.outgoing.set(source.domains[0]!.uuid, { postCopy: true, cancel: () => delete source.domains[0]!.job });
    world.host("kvm-b").domains = [fakeDomain({ state: "paused", reason: "migrating", job: "incoming" })];
    await world.fails({
      options: stepsOf(
        { when: { stalledMs: 10 * second }, action: { kind: "raiseMaxDowntime", limitMs: 500 } },
        { when: { stalledMs: 20 * second }, action: { kind: "abort" } },
      ),
    });
    assert.deepEqual(
      world.commands.filter((command) => !command.endsWith(" 300")),
      ["27.75 s kvm-a: domjobabort"],
    );
  });
});
