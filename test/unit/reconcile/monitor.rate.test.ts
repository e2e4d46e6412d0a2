import assert from "node:assert/strict";
import type { MigrationOptions } from "../../../provider/core/options";
import { fakeDomain } from "../../../lab/simulated";
import { Placing } from "../../support/placing";

const noCap = "8796093022207";

/** Moves a VM for three seconds, in which the pages go out at 300 MB/s. */
async function moved(cap: string | undefined, options: Partial<MigrationOptions> = {}, normalShare = 1) {
  const world = new Placing({ "kvm-a": [fakeDomain()] });
  const source = world.host("kvm-a");
  if (cap === undefined) source.failing.set("migrate-getspeed", "unknown command: 'migrate-getspeed'");
  else source.answers.set("migrate-getspeed", cap);
  world.lasts(3);
  world.onCommand = (host, command) => {
    if (host !== source || !command.startsWith("domjobinfo")) return;
    const ms = world.clock.elapsedMs;
    const bytes = 300_000 * ms;
    source.statistics = `Job type: 2
operation: 5
time_elapsed: ${ms}
memory_total: 2000000000
memory_processed: ${bytes}
memory_remaining: ${2_000_000_000 - bytes}
memory_bps: 300000000
memory_constant: 222
memory_normal_bytes: ${bytes * normalShare}
memory_page_size: 4096
memory_iteration: 1`;
  };
  return (await world.place({ options })).lastMigration!;
}

describe("the rate of a move", () => {
  it("is measured while it runs, and kept", async () => {
    assert.equal((await moved(noCap)).bytesPerSecond, 300_000_000);
  });

  for (const [title, cap, options, normalShare] of [
    ["the host caps it", "50", {}, 1],
    ["the move has a cap", noCap, { bandwidthMiBps: 400 }, 1],
    [
      "a step caps it",
      noCap,
      { convergence: [{ when: { pass: 1 }, action: { kind: "setBandwidth", mibps: 400 } }] },
      1,
    ],
    ["it is compressed", noCap, { compressionMethods: ["xbzrle"] }, 1],
    ["libvirt does not tell of a cap", undefined, {}, 1],
    ["most of what is sent is no pages", noCap, {}, 0.5],
  ] as const) {
    it(`is not kept where ${title}`, async () => {
      const last = await moved(cap, options, normalShare);
      assert.ok(!("bytesPerSecond" in last));
    });
  }
});
