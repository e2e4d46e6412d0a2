/** The first Ctrl-C during a move through the provider for every language: Pulumi asks the provider to cancel. */
import assert from "node:assert/strict";
import { kill } from "../../lab/faults/fixture";
import { Running } from "../../lab/faults/running";
import { describeWithStack } from "../support/stack";
import { until } from "../support/until";

describeWithStack("the first Ctrl-C in a YAML program", { stack: { through: "provider" } }, (lab, stack) => {
  before(async () => {
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    declare("kvm-a");
    assert.equal((await stack().up([])).code, 0);
  });

  /** A move that cannot converge. */
  const declare = (host: string) =>
    stack().declare({ db: { args: { domain: "db-01", host, migration: { bandwidth: "1MiB/s" } } } });

  /** What an `up` printed that got one Ctrl-C in pre-copy. */
  async function interruptedUp(): Promise<string> {
    declare("kvm-b");
    const up = Running.start(stack(), ["up", "--yes", "--skip-preview"]);
    const pid = up.child.pid!;
    try {
      await until(
        "it sends memory",
        async () => {
          assert.equal(up.code, undefined, up.text);
          return (await lab().host("kvm-a").virsh("domjobinfo db-01")).includes("Memory remaining");
        },
        90_000,
      );
      kill(pid, "SIGINT");
      assert.notEqual(await up.ended(90_000), 0, up.text);
      return up.text;
    } finally {
      if (up.code === undefined) kill(pid, "SIGKILL");
    }
  }

  const state = async () => {
    const { deployment } = await stack().pulumi.stackExport();
    return deployment.resources!.find(({ urn }) => urn.endsWith("::db"))!.outputs!["currentHost"];
  };
  const names = (host: string) => lab().host(host).virsh("list --all --name");

  it("cancels the migration where the stack asks for that; the VM stays, and the state says so", async () => {
    stack().configure({ "vm-placement:onInterrupt": "abort" });
    const text = await interruptedUp();
    assert.match(
      text,
      /pulumi was told to stop, and cancelled the migration; db-01 is running \(.+\) on kvm-a as before/,
    );
    assert.deepEqual([await names("kvm-a"), await names("kvm-b"), await state()], ["db-01", "", "kvm-a"]);
    assert.match(await lab().host("kvm-a").virsh("domjobinfo db-01"), /None/);
  });

  it("leaves the migration to go on between the hosts by default; the next up watches it to its end", async () => {
    stack().configure({ "vm-placement:onInterrupt": undefined });
    const text = await interruptedUp();
    assert.match(text, /stopped watching db-01/);
    assert.equal(await state(), "kvm-a");
    assert.match(await lab().host("kvm-a").virsh("domjobinfo db-01"), /Unbounded/);
    await lab().host("kvm-a").virsh("migrate-setspeed db-01 1000");
    const { code, stdout, stderr } = await stack().up(["--skip-preview"]);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual([await names("kvm-a"), await names("kvm-b"), await state()], ["", "db-01", "kvm-b"]);
  });
});
