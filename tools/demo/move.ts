/** `npm run demo`: the main job from nothing, on two real hosts of this computer. */
import { initStack, memoryIsRight, play, show } from "./stage";

const guest = "db-01";

play({
  hosts: 2,
  // The root's Pulumi.yaml, whose program is the quickstart.
  project: ["Pulumi.yaml", "tsconfig.json", "examples/quickstart"],
  async story(stage) {
    const { lab, pulumi, run } = stage;
    await Promise.all([
      lab.startGuest({ name: guest, host: "kvm-a", dirtyMiB: 20, dirtyRate: 40 }),
      initStack(stage, { domain: guest, host: "kvm-a" }),
    ]);

    await show(lab, `before: ${guest} runs on kvm-a, started without Pulumi`);
    await run(["pulumi", "up", "--yes", "--skip-preview"], "the first `pulumi up` adopts it where it is");
    await pulumi.expect(["config", "set", "host", "kvm-b"]);
    await run(["pulumi", "preview", "--diff"], "`host` is now kvm-b: what would be done");
    await run(["pulumi", "up", "--yes", "--skip-preview"], "and done: the VM moves while it runs");
    await show(lab, "after");
    return memoryIsRight(lab, "kvm-b", [guest]);
  },
});
