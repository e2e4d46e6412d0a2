import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { PlacementError } from "../../../provider/core/errors";
import type { Hosts } from "../../../provider/observe/hosts";
import { dirtyRateOf } from "../../../provider/preflight/probes/dirtyRate";
import { estimate, measureDomain, remeasureDomain } from "../../../provider/preflight/estimate";
import { fakeDomain, fakeUuid } from "../../../lab/simulated";
import { healthyMove } from "../../support/move-facts";
import { Placing } from "../../support/placing";

const GiB = 2 ** 30;
const other = "00000000-0000-4000-8000-000000000002";

function placing(change: Parameters<typeof fakeDomain>[0] = {}) {
  const world = new Placing({ "kvm-a": [fakeDomain(change), fakeDomain({ uuid: other, name: "db-02" })] });
  const host = world.host("kvm-a");
  host.answers.set("domdirtyrate-calc", "Start to calculate domain's memory dirty rate successfully.");
  host.answers.set(
    "domstats --dirtyrate",
    ["db-01", "db-02"]
      .map(
        (name, index) =>
          `Domain: '${name}'\n  dirtyrate.calc_status=2\n  dirtyrate.megabytes_per_second=${40 + index}\n`,
      )
      .join("\n"),
  );
  host.answers.set("migrate-getspeed", "8796093022207");
  host.answers.set("smaps", `\n@@ used\n4096 12\n${8 * 2 ** 20} ${3 * 2 ** 20}\n@@ end\n`);
  host.answers.set("ip route get", "\n@@ speed\n25000\n@@ end\n");
  const asked = (begin: string) => host.commands.filter((command) => command.startsWith(begin)).length;
  const ran = (part: string) => host.scripts.filter((script) => script.includes(part)).length;
  const measure = (name = "db-01", uuid = fakeUuid, seconds = 1) => {
    const { state } = host.find(uuid)!;
    const domain = { host: "kvm-a", uuid, name, state };
    return measureDomain(world.hosts, domain, { dirtyRateSeconds: seconds }, world.clock).measured;
  };
  const { hosts, clock, fakes } = world;
  return { hosts, clock, fakes, asked, ran, measure };
}

describe("what is measured for a prediction", () => {
  it("the dirty pages of all that run on a host are counted at the same time, once for all who ask", async () => {
    const { measure, asked, clock } = placing();
    assert.equal((await measure()).dirtyBytesPerSecond, 40 * 2 ** 20);
    assert.equal((await measure("db-02", other)).dirtyBytesPerSecond, 41 * 2 ** 20);
    assert.equal(asked("domdirtyrate-calc"), 2);
    assert.equal(asked(`domdirtyrate-calc ${fakeUuid} --seconds 1`), 1);
    assert.equal(clock.elapsedMs, 1000);
  });

  /** Hosts of which one runs two VMs; what it answers is the test's. */
  const counting = (virsh: { job: (uuid: string) => Promise<unknown>; list: Promise<string>; stats: string }) => {
    const inquire = ({ text }: { text: string }) =>
      text.startsWith("list") ? virsh.list : sleep(1, text.startsWith("domstats") ? virsh.stats : "");
    const remember = (_key: string, _ms: number, work: () => Promise<unknown>) => work();
    const hosts = { on: () => Promise.resolve({ host: "kvm-a", job: virsh.job, inquire }), remember };
    const clock = { now: () => Date.now(), sleep: () => sleep(20) };
    const domain = { host: "kvm-a", uuid: fakeUuid, name: "db-01" };
    return dirtyRateOf(hosts as unknown as Hosts, domain, 1, clock, () => {});
  };

  it("those of the VM that is asked of do not wait for the answer which others run", async () => {
    const stats = "Domain: 'db-01'\n  dirtyrate.calc_status=2\n  dirtyrate.megabytes_per_second=40\n";
    const never = new Promise<string>(() => {});
    assert.equal(await counting({ job: () => sleep(1, { type: "none" }), list: never, stats }), 40 * 2 ** 20);
  });

  it("a connection that ends while the others are asked is no failure that nothing handles", async () => {
    const lost = new PlacementError({
      code: "connectionLost",
      phase: "connect",
      action: "no result",
      message: "it was closed from here",
      remedies: [],
    });
    const job = (uuid: string) =>
      uuid === other ? sleep(1).then(() => Promise.reject(lost)) : sleep(1, { type: "none" });
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", note);
    try {
      await assert.rejects(counting({ job, list: sleep(1, `${fakeUuid}\n${other}`), stats: "" }), lost);
      assert.deepEqual(unhandled, []);
    } finally {
      process.off("unhandledRejection", note);
    }
  });

  for (const [title, change, seconds, rate] of [
    ["a paused VM dirties nothing", { state: "paused" }, 1, 0],
    ["with dirtyRateSeconds 0 it is not known", {}, 0, undefined],
    ["a VM that is being switched off is not measured", { state: "in shutdown" }, 1, undefined],
  ] as const) {
    it(`${title}: nothing is counted`, async () => {
      const { measure, asked } = placing(change);
      assert.equal((await measure("db-01", fakeUuid, seconds)).dirtyBytesPerSecond, rate);
      assert.equal(asked("domdirtyrate-calc"), 0);
    });
  }

  it("counting is left out where a migration runs", async () => {
    const { measure, asked } = placing({ job: "outgoing" });
    await measure();
    assert.equal(asked(`domdirtyrate-calc ${fakeUuid}`), 0);
    assert.equal(asked(`domdirtyrate-calc ${other}`), 1);
  });
});

describe("what up measures for the estimate that it records", () => {
  const [now, uptime] = [1_767_312_000, 86_400];
  const rows: [title: string, started: number | undefined, seconds: number, expected: number | undefined][] = [
    ["what a preview has counted, by the clock of QEMU 8.2", now - 600, 1, 40 * 2 ** 20],
    ["the same by the host's uptime, of an older QEMU", uptime - 600, 1, 40 * 2 ** 20],
    ["nothing where that is more than an hour ago", now - 3700, 1, undefined],
    ["nothing where that is as long ago, by the uptime", uptime - 3700, 1, undefined],
    ["nothing where nobody has counted", undefined, 1, undefined],
    ["nothing with dirtyRateSeconds 0", now - 600, 0, undefined],
  ];
  for (const [title, started, dirtyRateSeconds, expected] of rows) {
    it(`is ${title}, and none is counted again`, async () => {
      const { hosts, fakes, asked, clock } = placing();
      const { answers } = fakes.hosts.get("kvm-a")!;
      const known = started === undefined ? "0" : `2\n  dirtyrate.calc_start_time=${started}`;
      answers.set(
        `domstats --dirtyrate ${fakeUuid}`,
        `Domain: 'db-01'\n  dirtyrate.calc_status=${known}\n  dirtyrate.megabytes_per_second=40\n`,
      );
      answers.delete("domstats --dirtyrate");
      answers.set("/proc/uptime", `\n@@ clocks\n${now}\n${uptime}\n@@ end\n`);
      const domain = { host: "kvm-a", uuid: fakeUuid, name: "db-01", state: "running" };
      assert.equal((await remeasureDomain(hosts, domain, { dirtyRateSeconds }, clock)).dirtyBytesPerSecond, expected);
      assert.equal(asked("domdirtyrate-calc"), 0);
      assert.equal(clock.elapsedMs, 0);
    });
  }

  it("asks for the host's clocks once for many VMs, and lets them go on", async () => {
    const { hosts, fakes, ran, clock } = placing();
    const { answers } = fakes.hosts.get("kvm-a")!;
    answers.set("/proc/uptime", `\n@@ clocks\n${now}\n${uptime}\n@@ end\n`);
    const fields = `dirtyrate.calc_status=2\n  dirtyrate.calc_start_time=${now - 3580}`;
    answers.set("domstats --dirtyrate", `Domain: 'db-01'\n  ${fields}\n  dirtyrate.megabytes_per_second=40\n`);
    const domain = { host: "kvm-a", uuid: fakeUuid, name: "db-01", state: "running" };
    const rate = async () => (await remeasureDomain(hosts, domain, { dirtyRateSeconds: 1 }, clock)).dirtyBytesPerSecond;
    assert.equal(await rate(), 40 * 2 ** 20);
    clock.pass(30_000);
    assert.equal(await rate(), undefined);
    assert.equal(ran("/proc/uptime"), 1);
    clock.pass(31_000);
    await rate();
    assert.equal(ran("/proc/uptime"), 2);
  });
});

describe("a prediction", () => {
  it("is made of the guest's own memory, its dirty pages, the link and the limits", async () => {
    const { hosts, measure } = placing();
    const { input } = (await estimate(hosts, healthyMove(), measure(), undefined))!;
    assert.equal(input.memoryBytes, 3 * GiB);
    assert.equal(input.dirtyBytesPerSecond, 40 * 2 ** 20);
    assert.equal(input.bandwidthBytesPerSecond, 1200 * 2 ** 20);
    assert.equal(input.postCopyBytesPerSecond, 1200 * 2 ** 20);
    assert.equal(input.downtimeLimitMs, 300);
  });

  it("knows a link that is slower than QEMU, and how far that can be relied on", async () => {
    const { hosts, measure, fakes } = placing();
    const say = (text: string) =>
      fakes.hosts.get("kvm-a")!.answers.set("ip route get", `\n@@ speed\n${text}\n@@ end\n`);
    say("1000");
    const bridge = (await estimate(hosts, healthyMove(), measure(), undefined))!.input;
    assert.deepEqual([bridge.bandwidthBytesPerSecond, bridge.bandwidthAtMost], [125_000_000, Infinity]);
    const again = placing();
    again.fakes.hosts.get("kvm-a")!.answers.set("ip route get", "\n@@ speed\n1000\nphysical\n@@ end\n");
    const card = (await estimate(again.hosts, healthyMove(), again.measure(), undefined))!.input;
    assert.deepEqual([card.bandwidthBytesPerSecond, card.bandwidthAtMost], [125_000_000, 125_000_000]);
  });

  it("goes by what was measured in the last move between the two hosts, below its cap", async () => {
    const { hosts, measure } = placing();
    const facts = healthyMove();
    const last = {
      from: facts.destination.host,
      to: facts.source.host,
      startedAt: "2026-01-01T00:00:00.000Z",
      durationMs: 10_600,
      totalBytes: 2_000_000_000,
      bytesPerSecond: 300_000_000,
      mode: "live" as const,
      command: facts.command,
      reason: "host is kvm-a",
    };
    const { input } = (await estimate(hosts, facts, measure(), last))!;
    assert.deepEqual([input.bandwidthBytesPerSecond, input.bandwidthAtMost], [300_000_000, 600_000_000]);
    const capped = (await estimate(
      hosts,
      healthyMove({ options: { ...facts.options, bandwidthMiBps: 40 } }),
      measure(),
      last,
    ))!.input;
    assert.deepEqual([capped.bandwidthBytesPerSecond, capped.bandwidthAtMost], [40 * 2 ** 20, 40 * 2 ** 20]);
  });

  it("adds what a move takes besides its bytes: 400 ms, and the login from host to host with what libvirt does over it", async () => {
    const { hosts, measure } = placing();
    const facts = healthyMove();
    const overheadOf = async (login: NonNullable<typeof facts.peer>["login"]) => {
      const peer = { ...facts.peer!, login };
      return (await estimate(hosts, { ...facts, peer }, measure(), undefined))!.input.overheadMs;
    };
    assert.equal(await overheadOf({ works: true, tookMs: 1000 }), 1700);
    assert.equal(await overheadOf(undefined), 1310);
  });

  it("raises no alarm over a quick move there of which a state has only bytes and time: 1 MiB in 1.3 s", async () => {
    const { hosts, measure } = placing();
    const facts = healthyMove();
    const last = {
      from: facts.destination.host,
      to: facts.source.host,
      startedAt: "2026-01-01T00:00:00.000Z",
      durationMs: 2600,
      totalBytes: 1_077_000,
      mode: "live" as const,
      command: facts.command,
      reason: "host is kvm-a",
    };
    const { prediction, input } = (await estimate(hosts, facts, measure(), last))!;
    assert.equal(input.bandwidthBytesPerSecond, 1200 * 2 ** 20);
    assert.equal(prediction.verdict, "converges");
  });

  it("of twenty moves over one link asks for its speed once, and looks at each VM once", async () => {
    const { hosts, measure, ran } = placing();
    for (let move = 0; move < 20; move++) await estimate(hosts, healthyMove(), measure(), undefined);
    assert.equal(ran("ip route get"), 1);
    assert.equal(ran("smaps"), 20);
  });

  it("falls back to libvirt's number where QEMU's memory may not be read", async () => {
    const { hosts, measure, fakes } = placing();
    fakes.hosts.get("kvm-a")!.answers.set("smaps", "\n@@ used\n@@ end\n");
    const facts = healthyMove();
    const domain = { ...facts.domain!, memoryUsedBytes: 2 * GiB };
    const { input } = (await estimate(hosts, { ...facts, domain }, measure(), undefined))!;
    assert.equal(input.memoryBytes, 2 * GiB);
  });

  it("is not made of an offline move", async () => {
    const { hosts } = placing();
    assert.equal(await estimate(hosts, healthyMove({ how: "offline" }), undefined, undefined), undefined);
  });
});
