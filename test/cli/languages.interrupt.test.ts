/** The first Ctrl-C during a move through the provider for every language: Pulumi asks the provider to cancel. */
import assert from "node:assert/strict";
import { once } from "node:events";
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
    const up = stack().pulumi.spawn(["up", "--yes", "--skip-preview"]);
    let text = "";
    for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
    const ended = once(up, "exit");
    try {
      await until(
        "it sends memory",
        async () => {
          assert.equal(up.exitCode, null, text);
          return (await lab().host("kvm-a").virsh("domjobinfo db-01")).includes("Memory remaining");
        },
        90_000,
      );
      up.kill("SIGINT");
      const [code] = (await Promise.race([ended, timeout(60_000)])) as [number | null];
      assert.notEqual(code, 0, text);
      return text;
    } finally {
      up.kill("SIGKILL");
    }
  }

  const timeout = (ms: number) =>
    new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error(`pulumi did not end within ${ms} ms`)), ms).unref(),
    );
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
