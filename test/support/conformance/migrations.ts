import assert from "node:assert/strict";
import { hasBegun } from "../../../provider/core/situation";
import { given, type Given, running } from "./given";
import type { Scenario } from "./scenario";

/** Migrations by hand, and what can be asked and done while they run. */
export const migrations: readonly Given[] = [
  given("shows its two ends and its numbers, and leaves the VM when it is cancelled", "running", async (vm) => {
    await vm.hold();
    const virsh = await vm.virsh("kvm-a");
    await virsh.setMaxDowntimeMs(vm.uuid, 750);
    const { end } = await begin(vm);
    assert.match(await vm.state("kvm-a"), running);
    assert.equal(await vm.state("kvm-b"), "paused (migrating)");
    const job = await vm.job("kvm-a");
    assert.deepEqual([job.type, job.operation], ["unbounded", "outgoing"]);
    for (const field of [
      "elapsedMs",
      "memoryTotalBytes",
      "memoryRemainingBytes",
      "memoryProcessedBytes",
      "passes",
    ] as const)
      assert.equal(typeof job[field], "number", field);
    assert.deepEqual(await vm.job("kvm-b"), { type: "unbounded", operation: "incoming" });
    assert.equal((await (await vm.virsh("kvm-b")).view(vm.uuid))!.persistent, false);
    assert.equal((await virsh.exec(vm.plan("kvm-b").live as string)).code, 1);
    assert.equal((await vm.decision("kvm-b")).action, "attach");

    await virsh.abortJob(vm.uuid);
    assert.equal((await end).code, 1);
    await vm.until(async () => (await vm.state("kvm-b")) === "nothing");
    assert.match(await vm.state("kvm-a"), running);
    assert.deepEqual(await vm.job("kvm-a"), { type: "none" });
    assert.equal(await virsh.maxDowntimeMs(vm.uuid), 750);
  }),

  given("ends with a VM that runs, although it was paused meanwhile", "running", async (vm) => {
    await vm.hold();
    const { end } = await begin(vm);
    await (await vm.virsh("kvm-a")).suspend(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "paused (migrating)");
    await vm.release();
    assert.equal((await end).code, 0);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
  }),

  given("resumes a VM that was paused meanwhile when it is cancelled", "running", async (vm) => {
    await vm.hold();
    const { end } = await begin(vm);
    const virsh = await vm.virsh("kvm-a");
    await virsh.suspend(vm.uuid);
    await virsh.abortJob(vm.uuid);
    assert.equal((await end).code, 1);
    assert.equal(await vm.state("kvm-a"), "running (migration canceled)");
  }),

  given("cannot be cancelled any more in post-copy", "running", async (vm) => {
    await vm.hold();
    const { end } = await begin(vm, { postCopy: true });
    const virsh = await vm.virsh("kvm-a");
    await virsh.startPostCopy(vm.uuid);
    await vm.until(async () => (await vm.state("kvm-b")) === "running (post-copy)");
    assert.equal(await vm.state("kvm-a"), "paused (post-copy)");
    await vm.fails(() => virsh.abortJob(vm.uuid), "migrationRunning");
    await vm.release();
    assert.equal((await end).code, 0);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
  }),

  given("cannot switch where it was not begun with post-copy, nor begin so with a paused VM", "running", async (vm) => {
    await vm.hold();
    const { end } = await begin(vm);
    const virsh = await vm.virsh("kvm-a");
    await assert.rejects(virsh.startPostCopy(vm.uuid));
    assert.match(await vm.state("kvm-a"), running);
    await virsh.abortJob(vm.uuid);
    await end;
    await virsh.suspend(vm.uuid);
    assert.equal((await virsh.exec(vm.plan("kvm-b", { postCopy: true }).live as string)).code, 1);
    assert.equal(await vm.state("kvm-a"), "paused (user)");
    assert.equal(await vm.state("kvm-b"), "nothing");
  }),
];

/** A migration by hand, which has begun to send. */
async function begin(vm: Scenario, options: { postCopy?: boolean } = {}) {
  const virsh = await vm.virsh("kvm-a");
  const end = virsh.exec(vm.plan("kvm-b", options).live as string);
  await vm.until(async () => hasBegun(await virsh.job(vm.uuid)));
  return { end };
}
