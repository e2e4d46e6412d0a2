import assert from "node:assert/strict";
import { hasBegun } from "../../../provider/core/situation";
import { given, type Given, running } from "./given";
import type { Scenario } from "./scenario";

/** What `vm-placement cancel` does, and what the run that waits for the migration says of it. */
export const cancelling: readonly Given[] = [
  given("leaves the VM where it was, and tells the run that waits for it who did it", "running", async (vm) => {
    await vm.hold();
    const failed = vm.fails(
      () => vm.place("kvm-b"),
      "migrationCancelled",
      "cancelled by ann@laptop: maintenance is off;",
    );
    await begun(vm);
    const { state, ...cancelled } = await vm.cancel("ann@laptop: maintenance is off");
    assert.deepEqual(cancelled, { domain: vm.name, uuid: vm.uuid, host: "kvm-a", destination: "kvm-b" });
    assert.match(state, running);
    await failed;
    assert.match(await vm.state("kvm-a"), running);
    assert.equal(await vm.state("kvm-b"), "nothing");
  }),

  given("ends one that was started by hand, and the next one is not blamed on it", "running", async (vm) => {
    await vm.hold();
    const byHand = (await vm.virsh("kvm-a")).exec(vm.plan("kvm-b").live as string);
    await begun(vm);
    await vm.cancel();
    assert.equal((await byHand).code, 1);
    const options = { timeoutMs: 1500, onTimeout: "abort" } as const;
    await vm.fails(() => vm.place("kvm-b", { options }), "migrationTimedOut");
  }),

  given("is refused after the switch to post-copy", "running", async (vm) => {
    await vm.hold();
    const byHand = (await vm.virsh("kvm-a")).exec(vm.plan("kvm-b", { postCopy: true }).live as string);
    await begun(vm);
    await (await vm.virsh("kvm-a")).startPostCopy(vm.uuid);
    await vm.until(async () => (await vm.state("kvm-b")) === "running (post-copy)");
    await vm.fails(() => vm.cancel(), "domainStateUnfit", "it has switched to post-copy");
    await vm.release();
    assert.equal((await byHand).code, 0);
    assert.deepEqual(await vm.states(), { "kvm-a": "nothing", "kvm-b": "running (migrated)" });
    assert.ok(!vm.commands.some((command) => command.includes("domjobabort")));
  }),

  given("is refused where no migration is in progress, and changes nothing", "running", async (vm) => {
    await vm.fails(() => vm.cancel(), "domainStateUnfit", "no host sends it");
    assert.deepEqual(vm.commands, []);
    assert.match(await vm.state("kvm-a"), running);
  }),
];

async function begun(vm: Scenario): Promise<void> {
  const virsh = await vm.virsh("kvm-a");
  await vm.until(async () => hasBegun(await virsh.job(vm.uuid)));
}
