import assert from "node:assert/strict";
import { given, type Given } from "./given";

/** What moves by hand leave behind. */
export const leftovers: readonly Given[] = [
  given("a definition on the source is removed", "running", async (vm) => {
    const virsh = await vm.virsh("kvm-a");
    const command = (vm.plan("kvm-b").live as string).replace(" --undefinesource", "");
    assert.equal((await virsh.exec(command)).code, 0);
    assert.deepEqual(await vm.states(), { "kvm-a": "shut off (migrated)", "kvm-b": "running (migrated)" });
    assert.equal((await vm.decision("kvm-b")).action, "finish");
    vm.commands.length = 0;
    await vm.place("kvm-b");
    assert.deepEqual(vm.commands, [`kvm-a: undefine --keep-nvram ${vm.uuid}`]);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
  }),

  given("a VM that arrived without a definition gets one", "running", async (vm) => {
    const command = (vm.plan("kvm-b").live as string).replace(" --persistent", "");
    assert.equal((await (await vm.virsh("kvm-a")).exec(command)).code, 0);
    const destination = await vm.virsh("kvm-b");
    assert.equal((await destination.view(vm.uuid))!.persistent, false);
    await vm.place("kvm-b");
    assert.equal((await destination.view(vm.uuid))!.persistent, true);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
  }),

  given("two definitions of a VM that is shut off are for the user to settle", "shutOff", async (vm) => {
    const before = await vm.state("kvm-a");
    const command = (vm.plan("kvm-b").offline as string).replace(" --undefinesource", "");
    assert.equal((await (await vm.virsh("kvm-a")).exec(command)).code, 0);
    const states = { "kvm-a": before, "kvm-b": "shut off (unknown)" };
    assert.deepEqual(await vm.states(), states);
    vm.commands.length = 0;
    await vm.fails(() => vm.place("kvm-b"), "domainOnTwoHosts");
    assert.deepEqual(vm.commands, []);
    assert.deepEqual(await vm.states(), states);
  }),

  given("the definition that an offline move of a running VM makes gives way to the VM", "running", async (vm) => {
    const before = await vm.state("kvm-a");
    const virsh = await vm.virsh("kvm-a");
    assert.equal((await virsh.exec(vm.plan("kvm-b", { mode: "offline" }).offline as string)).code, 0);
    assert.deepEqual(await vm.states(), { "kvm-a": before, "kvm-b": "shut off (unknown)" });
    vm.commands.length = 0;
    assert.equal((await vm.decision("kvm-a", { uuid: undefined })).action, "finish");
    await vm.place("kvm-b");
    assert.deepEqual(vm.commands, [`kvm-a: ${vm.plan("kvm-b").live as string}`]);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
  }),
];
