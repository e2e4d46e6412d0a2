import assert from "node:assert/strict";
import type { MigrationOptions } from "../../../provider/core/options";
import { given, type Given, running } from "./given";

/** What becomes of a VM that is to be elsewhere. */
export const placements: readonly Given[] = [
  given("adopts a VM where it runs, and then finds nothing to do", "running", async (vm) => {
    for (const [uuid, action] of [
      [undefined, "adopt"],
      [vm.uuid, "noop"],
    ] as const) {
      assert.equal((await vm.decision("kvm-a", { uuid })).action, action);
      const { view, lastMigration } = await vm.place("kvm-a", { uuid });
      assert.deepEqual([view.host, view.uuid, lastMigration], ["kvm-a", vm.uuid, undefined]);
    }
    assert.deepEqual(vm.commands, []);
    assert.match(await vm.state("kvm-a"), running);
  }),

  given("moves one that runs", "running", async (vm) => {
    await (await vm.virsh("kvm-a")).setAutostart(vm.uuid, true);
    await (await vm.virsh("kvm-a")).setMaxDowntimeMs(vm.uuid, 750);
    vm.commands.length = 0;
    const { view, lastMigration } = await vm.place("kvm-b");
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
    assert.deepEqual([view.host, view.state], ["kvm-b", "running"]);
    assert.deepEqual(vm.commands, [`kvm-a: ${vm.plan("kvm-b").live as string}`, `kvm-b: autostart ${vm.uuid}`]);
    const { from, to, mode, command } = lastMigration!;
    assert.deepEqual(
      { from, to, mode, command },
      { from: "kvm-a", to: "kvm-b", mode: "live", command: vm.plan("kvm-b").live },
    );
    const destination = await vm.virsh("kvm-b");
    const { persistent, autostart } = (await destination.view(vm.uuid))!;
    assert.deepEqual({ persistent, autostart }, { persistent: true, autostart: true });
    assert.equal(await destination.maxDowntimeMs(vm.uuid), 300);
    const completed = await destination.completedJob(vm.uuid);
    assert.equal(completed?.operation, "incoming");
    for (const field of ["elapsedMs", "downtimeMs", "memoryTotalBytes", "memoryProcessedBytes", "passes"] as const)
      assert.equal(typeof completed[field], "number", field);
    assert.equal(completed.memoryRemainingBytes, 0);
  }),

  given("moves the definition of one that is shut off", "shutOff", async (vm) => {
    const { view, lastMigration } = await vm.place("kvm-b");
    assert.deepEqual([view.host, view.state, lastMigration!.mode], ["kvm-b", "shut off", "offline"]);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "shut off (unknown)" });
    assert.deepEqual(vm.commands, [`kvm-a: ${vm.plan("kvm-b").offline as string}`]);
  }),

  given("refuses a live move of one that is shut off, as libvirt does", "shutOff", async (vm) => {
    await vm.fails(() => vm.place("kvm-b", { options: { mode: "live" } }), "domainStateUnfit");
    assert.deepEqual(vm.commands, []);
    const { code } = await (await vm.virsh("kvm-a")).exec(vm.plan("kvm-b", { mode: "live" }).live as string);
    assert.equal(code, 1);
    assert.deepEqual(await vm.states(), { "kvm-a": await vm.state("kvm-a"), "kvm-b": "nothing" });
  }),

  given("leaves a paused one paused", "paused", async (vm) => {
    const { view } = await vm.place("kvm-b");
    assert.deepEqual([view.host, view.state], ["kvm-b", "paused"]);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "paused (user)" });
  }),

  given("is not moved to the host that it is on", "running", async (vm) => {
    const { code } = await (await vm.virsh("kvm-a")).exec(vm.plan("kvm-a").live as string);
    assert.equal(code, 1);
    assert.match(await vm.state("kvm-a"), running);
  }),

  given("switches to post-copy when it is time", "running", async (vm) => {
    await vm.hold();
    const options = { postCopy: true, postCopyAfterMs: 1000 } as const;
    const placed = vm.place("kvm-b", { options });
    await vm.until(async () => (await vm.state("kvm-a")) === "paused (post-copy)");
    await vm.release();
    const { lastMigration } = await placed;
    assert.equal(lastMigration!.mode, "postCopy");
    assert.equal(lastMigration!.downtimeMs, undefined);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
    assert.deepEqual(vm.commands, [
      `kvm-a: ${vm.plan("kvm-b", options).live as string}`,
      `kvm-a: migrate-postcopy ${vm.uuid}`,
    ]);
    assert.equal(await (await vm.virsh("kvm-b")).completedJob(vm.uuid), undefined);
  }),

  given("cancels at the timeout, and the VM stays", "running", async (vm) => {
    await vm.hold();
    const options = { timeoutMs: 2000, onTimeout: "abort", maxDowntimeMs: 750 } as const;
    await vm.fails(() => vm.place("kvm-b", { options }), "migrationTimedOut");
    assert.match(await vm.state("kvm-a"), running);
    assert.equal(await vm.state("kvm-b"), "nothing");
    assert.equal(await (await vm.virsh("kvm-a")).maxDowntimeMs(vm.uuid), 300);
    const { live, before } = vm.plan("kvm-b", options);
    assert.deepEqual(vm.commands, [
      `kvm-a: ${before![0]!}`,
      `kvm-a: ${live as string}`,
      `kvm-a: domjobabort ${vm.uuid}`,
      `kvm-a: migrate-setmaxdowntime ${vm.uuid} 300`,
    ]);
  }),

  given("does the steps of convergence in their order, and nothing of them holds afterwards", "running", async (vm) => {
    await vm.hold();
    const options: Partial<MigrationOptions> = {
      convergence: [
        { when: { pass: 1 }, action: { kind: "setBandwidth", mibps: 2048 } },
        { when: { afterMs: 3000 }, action: { kind: "raiseMaxDowntime", limitMs: 750 } },
        { when: { afterMs: 4000 }, action: { kind: "abort" } },
      ],
    };
    const limits = async () => {
      const virsh = await vm.virsh("kvm-a");
      return [await virsh.maxDowntimeMs(vm.uuid), await virsh.maxSpeedMiBps(vm.uuid)];
    };
    const before = await limits();
    await vm.fails(() => vm.place("kvm-b", { options }), "migrationTimedOut");
    assert.match(await vm.state("kvm-a"), running);
    assert.deepEqual(vm.commands, [
      `kvm-a: ${vm.plan("kvm-b", options).live as string}`,
      `kvm-a: migrate-setspeed ${vm.uuid} 2048`,
      `kvm-a: migrate-setmaxdowntime ${vm.uuid} 750`,
      `kvm-a: domjobabort ${vm.uuid}`,
    ]);
    // libvirt takes back what was set while the migration ran.
    assert.deepEqual(await limits(), before);
  }),
];
