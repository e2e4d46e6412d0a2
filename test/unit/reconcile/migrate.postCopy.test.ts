import assert from "node:assert/strict";
import type { Clock } from "../../../provider/core/ports";
import { Hosts } from "../../../provider/observe/hosts";
import { migrate } from "../../../provider/reconcile/migrate";
import { SimulatedLab, fakeDomain } from "../../../lab/simulated";
import { migrationOf } from "../../support/migrations";

const nothing = () => {};
const progress = { live: nothing, info: nothing, warn: nothing };

/** A clock that only moves when somebody waits. */
function standingClock(): Clock {
  let now = 0;
  const sleep = (ms: number) => {
    now += ms;
    return new Promise<void>((resolve) => setImmediate(resolve));
  };
  return { now: () => now, sleep };
}

/** The switch is asked for after a second, and the migration ends before anyone looks again. */
async function moveThatEndsWithItsSwitch(statisticsOnDestination: boolean) {
  const fakes = new SimulatedLab();
  const source = fakes.add("kvm-a", [fakeDomain()]);
  const destination = fakes.add("kvm-b");
  if (!statisticsOnDestination) destination.failing.set("domjobinfo --completed", "no statistics");
  fakes.onMigrate = async ({ domain }) => {
    while (!source.commands.some((command) => command.startsWith("migrate-postcopy")))
      await new Promise((resolve) => setImmediate(resolve));
    Object.assign(domain, { state: "running", reason: "booted" });
    return undefined;
  };
  const clock = standingClock();
  const hosts = new Hosts(
    fakes.dial,
    { "kvm-a": { name: "kvm-a" }, "kvm-b": { name: "kvm-b" } },
    "qemu:///system",
    clock,
  );
  const migration = migrationOf({
    options: { mode: "auto", postCopy: true, postCopyAfterMs: 1000 },
    command: "virsh migrate --live --p2p --postcopy db-01 qemu+ssh://kvm-b/system",
  });
  const moved = await migrate(hosts, migration, { clock, progress });
  assert.ok(moved !== "again");
  return moved.lastMigration;
}

describe("a post-copy that ends before it was seen", () => {
  it("is recorded as one: the destination has no statistics of it", async () => {
    const { mode, downtimeMs } = await moveThatEndsWithItsSwitch(false);
    assert.equal(mode, "postCopy");
    assert.equal(downtimeMs, undefined);
  });

  it("was none where the destination has statistics: pre-copy had ended before the switch", async () => {
    const { mode, downtimeMs } = await moveThatEndsWithItsSwitch(true);
    assert.equal(mode, "live");
    assert.equal(downtimeMs, 43);
  });
});
