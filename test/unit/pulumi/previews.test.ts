import assert from "node:assert/strict";
import type { LastMigration } from "../../../provider";
import type { Props } from "../../../provider/pulumi/state";
import { difference } from "../../../provider/schema";
import { boundary, commands, hostsConfig, news as given, refusal } from "../../support/boundary";
import { fakeUuid } from "../../../lab/simulated";

describe("a preview in diff", () => {
  async function changed(more: Props, config: Record<string, string> = hostsConfig) {
    const world = boundary({ config });
    const { outs } = (await world.create(await world.inputs())) as { outs: Props };
    const inputs = await world.inputs(more);
    // A process of its own, which has seen no check yet.
    const { check, diff, read, shown, ...next } = boundary({ config });
    return {
      ...next,
      ...{ check, diff, read, shown, olds: outs, news: inputs },
      diffOf: async (phase: Props) => {
        const checked = await check({}, given({ ...more, ...phase }));
        await diff(fakeUuid, outs, checked.inputs as Props);
      },
      readAndDiff: async () => {
        const found = await read(fakeUuid, outs);
        await diff(fakeUuid, found.props as Props, inputs);
      },
    };
  }

  it("tells what it predicts; what an update finds by itself is kept beside what it measures", async () => {
    const { diffOf, update, shown, olds, news } = await changed({ host: "kvm-b" });
    await diffOf({ __dryRun: true });
    assert.equal(shown.filter(({ kind }) => kind === "info").length, 1);
    const { outs } = (await update(fakeUuid, olds, news)) as { outs: Props };
    assert.equal(((outs["lastMigration"] as Props)["predicted"] as Props)["verdict"], "unknown");
  });

  it("asks the host to count dirty pages before anything that a move needs: that takes longest", async () => {
    const { diffOf, host } = await changed({ host: "kvm-b" });
    let askedOfDestination: number | undefined;
    host("kvm-a").onCommand = (command) => {
      if (command.startsWith("domdirtyrate-calc")) askedOfDestination ??= host("kvm-b").commands.length;
    };
    await diffOf({ __dryRun: true });
    assert.equal(askedOfDestination, 0);
    assert.ok(host("kvm-b").commands.length > 0);
    const asked = host("kvm-a").commands;
    const first = (begin: string) => asked.findIndex((line) => line.startsWith(begin));
    assert.ok(first("domdirtyrate-calc") >= 0 && first("capabilities") > first("domdirtyrate-calc"), asked.join("\n"));
    assert.ok(first("migrate-getspeed") > first("domdirtyrate-calc"), asked.join("\n"));
  });

  it("starts the migration before it asks what only an estimate needs", async () => {
    const { update, host, olds, news } = await changed({ host: "kvm-b" });
    await update(fakeUuid, olds, news);
    const asked = host("kvm-a").commands;
    const first = (begin: RegExp) => asked.findIndex((line) => begin.test(line));
    const [migrates, asksRate] = [/\bmigrate --/, /^domstats --dirtyrate/].map(first);
    assert.ok(migrates! >= 0 && migrates! < asksRate! && asksRate! > 0, asked.join("\n"));
  });

  it("has no estimate recorded with vm-placement:preview static, which asks for none", async () => {
    const { update, olds, news } = await changed(
      { host: "kvm-b" },
      { ...hostsConfig, "vm-placement:preview": "static" },
    );
    const { outs } = (await update(fakeUuid, olds, news)) as { outs: Props };
    assert.equal((outs["lastMigration"] as Props)["to"], "kvm-b");
    assert.ok(!("predicted" in (outs["lastMigration"] as Props)));
  });

  it("says in the row what came of an estimate, and keeps that for the next preview", async () => {
    const { check, diff, update, host, shown, olds, news } = await changed({ host: "kvm-b" });
    const now = Math.floor(Date.now() / 1000);
    const counted = ["calc_status=2", `calc_start_time=${now - 60}`, "megabytes_per_second=1"];
    const answer = `Domain: 'db-01'\n${counted.map((line) => `  dirtyrate.${line}\n`).join("")}`;
    host("kvm-a").answers.set("domstats --dirtyrate", answer);
    host("kvm-a").answers.set("/proc/uptime", `\n@@ clocks\n${now}\n3600\n@@ end\n`);
    const { outs } = (await update(fakeUuid, olds, news)) as { outs: Props };
    const { durationMs, predicted, pastEstimates } = outs["lastMigration"] as LastMigration;
    assert.equal(pastEstimates!.length, 1);
    assert.deepEqual(
      pastEstimates!.map(({ estimatedMs, tookMs }) => [estimatedMs, tookMs]),
      [[predicted!.durationMs, durationMs]],
    );
    assert.ok(shown.some(({ text }) => /^estimated .*, took /.test(text)));
    assert.equal(difference(outs, news).changes, false);
    shown.length = 0;
    const back = await check({}, given({ host: "kvm-a", __dryRun: true }));
    await diff(fakeUuid, outs, back.inputs as Props);
    assert.ok(shown.some(({ text }) => /its last move took [\d.]+ × its estimate/.test(text)));
  });

  const blocked = { host: "kvm-b", migration: { mode: "offline" } };
  type World = Awaited<ReturnType<typeof changed>>;
  /** The calls of one operation, in a process of its own as Pulumi has it. */
  const operations: [title: string, calls: (world: World) => Promise<unknown>, warnings: number][] = [
    ["a preview", ({ diffOf }) => diffOf({ __dryRun: true }), 1],
    ["an update, whether or not a preview came first", ({ diffOf }) => diffOf({ __dryRun: false }), 0],
    ["a program of an older version", ({ diffOf }) => diffOf({}), 1],
    ["a refresh, which checks nothing", ({ readAndDiff }) => readAndDiff(), 0],
    ["preview --refresh", ({ readAndDiff, diffOf }) => readAndDiff().then(() => diffOf({ __dryRun: true })), 1],
    ["up --refresh", ({ readAndDiff, diffOf }) => readAndDiff().then(() => diffOf({ __dryRun: false })), 0],
    ["refresh --run-program", ({ check, readAndDiff }) => check({}, given({ __dryRun: true })).then(readAndDiff), 0],
  ];
  for (const [title, calls, warnings] of operations) {
    it(`says ${warnings === 0 ? "nothing" : "it once"} in ${title}`, async () => {
      const world = await changed(blocked);
      await calls(world);
      assert.equal(world.shown.filter(({ kind }) => kind === "warn").length, warnings);
      assert.equal(world.shown.filter(({ kind }) => kind === "info").length, 0);
    });
  }

  it("is passed on by no check: it stands in no input, so in no state and no saved plan", async () => {
    const { check } = boundary();
    const inputs = await Promise.all(
      [{}, { __dryRun: true }, { __dryRun: false }].map((more) => check({}, given(more))),
    );
    assert.deepEqual(inputs[1], inputs[0]);
    assert.deepEqual(inputs[2], inputs[0]);
    const { failures } = await check({}, given({ __dryRun: true, domain: "7" }));
    assert.equal(failures?.length, 1);
  });

  it("fails for a blocker with strictPreview alone, and says it in the row either way", async () => {
    for (const strict of ["false", "true"]) {
      const config = { ...hostsConfig, "vm-placement:strictPreview": strict };
      const { diffOf, host, shown, news } = await changed(blocked, config);
      assert.deepEqual(news["plan"], { offline: commands("10.0.0.12").offline });
      if (strict === "true") await refusal(diffOf({ __dryRun: true }));
      else await diffOf({ __dryRun: true });
      assert.equal(shown.filter(({ kind }) => kind === "warn").length, 1);
      assert.ok(!host("kvm-a").commands.some((command) => command.startsWith("migrate ")));
    }
  });
});
