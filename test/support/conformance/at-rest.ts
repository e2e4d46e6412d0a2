import assert from "node:assert/strict";
import { given, type Given, running } from "./given";

/** What virsh answers about a VM that is not moved. */
export const atRest: readonly Given[] = [
  given("has a state, no job and no statistics", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    assert.match((await vm.states())["kvm-a"]!, running);
    assert.deepEqual(await vm.job("kvm-a"), { type: "none" });
    assert.equal(await virsh.completedJob(vm.uuid), undefined);
    const [view] = await virsh.look();
    assert.deepEqual(
      { ...view!, owns: undefined, reason: undefined },
      {
        ...{ host: "kvm-a", uuid: vm.uuid, name: vm.name, state: "running", reason: undefined },
        ...{ persistent: true, autostart: false, managedSave: false, owns: undefined },
      },
    );
  }),

  given("is known by name and by UUID, and others are not", "shutOff", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    for (const known of [vm.name, vm.uuid]) assert.equal((await virsh.view(known))?.uuid, vm.uuid);
    const unknown = "00000000-0000-4000-8000-000000000000";
    assert.equal(await virsh.view(unknown), undefined);
    assert.equal(await virsh.state(unknown), undefined);
    assert.equal(await virsh.job(unknown), undefined);
    assert.equal(await virsh.maxDowntimeMs(unknown), undefined);
    assert.deepEqual(await vm.states(), { "kvm-a": await vm.state("kvm-a"), "kvm-b": "nothing" });
    await vm.fails(() => vm.place("kvm-b", { domain: "no-such-vm", uuid: undefined }), "domainMissing");
  }),

  given("has a max downtime, which stays as it is set", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    assert.equal(await virsh.maxDowntimeMs(vm.uuid), 300);
    await virsh.setMaxDowntimeMs(vm.uuid, 750);
    assert.equal(await virsh.maxDowntimeMs(vm.uuid), 750);
  }),

  given("has none while it is shut off, nor can it be paused", "shutOff", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await vm.fails(() => virsh.setMaxDowntimeMs(vm.uuid, 750), "domainStateUnfit");
    await vm.fails(() => virsh.maxDowntimeMs(vm.uuid), "domainStateUnfit");
    await vm.fails(() => virsh.suspend(vm.uuid), "domainStateUnfit");
    await vm.fails(() => virsh.destroy(vm.uuid), "domainStateUnfit");
    assert.equal((await vm.job("kvm-a")).type, "none");
  }),

  given("has no job to cancel or to switch", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await vm.fails(() => virsh.abortJob(vm.uuid), "domainStateUnfit");
    await vm.fails(() => virsh.startPostCopy(vm.uuid), "domainStateUnfit");
    assert.match(await vm.state("kvm-a"), running);
  }),

  given("is paused and resumed", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await virsh.suspend(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "paused (user)");
    await virsh.resume(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "running (unpaused)");
  }),

  given("runs on without its definition, and is gone when it ends", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await virsh.undefine(vm.uuid);
    assert.match(await vm.state("kvm-a"), running);
    assert.equal((await virsh.view(vm.uuid))!.persistent, false);
    await assert.rejects(virsh.setAutostart(vm.uuid, true));
    await assert.rejects(virsh.undefine(vm.uuid));
    await virsh.makePersistent(vm.uuid);
    assert.equal((await virsh.view(vm.uuid))!.persistent, true);
    await virsh.undefine(vm.uuid);
    await virsh.destroy(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "nothing");
  }),

  given("is started again after its end, and not while it runs", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await assert.rejects(virsh.start(vm.uuid));
    assert.match(await vm.state("kvm-a"), running);
    await virsh.destroy(vm.uuid);
    await vm.fails(() => virsh.shutDown(vm.uuid), "domainStateUnfit");
    await virsh.start(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "running (booted)");
  }),

  given("is shut off when its QEMU ends, and gone when it is undefined too", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    await virsh.destroy(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "shut off (destroyed)");
    await virsh.undefine(vm.uuid);
    assert.equal(await vm.state("kvm-a"), "nothing");
  }),
];
