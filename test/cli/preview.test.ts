import assert from "node:assert/strict";
import { join } from "node:path";
import type { LastMigration } from "../../provider";
import { describeWithStack } from "../support/stack";

describeWithStack("a preview that asks the hosts", {}, (lab, stack) => {
  const on = (host: string, migration?: object) => ({
    db: { args: { domain: "db-01", host, ...(migration && { migration }) } },
  });
  const everywhere = () => Promise.all(lab().hosts.map((host) => host.virsh("list --all --name")));
  const plain = (config: Record<string, unknown> = {}) =>
    stack().configure({ "vm-placement:preview": undefined, "vm-placement:strictPreview": undefined, ...config });
  /** With --diff, the messages of a resource go to standard error. */
  const preview = async (args: string[] = []) => {
    const { code, stdout, stderr } = await stack().preview(args);
    return { code, output: `${stdout}\n${stderr}` };
  };

  before(async () => {
    await lab().startGuest({ name: "db-01", host: "kvm-a", disk: "file" });
    stack().declare(on("kvm-a"));
    assert.equal((await stack().up()).code, 0);
  });
  beforeEach(() => plain());

  it("names every blocker at once, and passes all the same", async () => {
    await lab().host("kvm-b").blockPort("49152-49215", { action: "drop" });
    stack().declare(on("kvm-b"));
    const { code, output } = await preview();
    await lab().host("kvm-b").unblock();
    assert.equal(code, 0, output);
    assert.match(
      output,
      /warning: up would be refused: vda of db-01: \/var\/lib\/libvirt\/images\/db-01\.img is on a local file system of kvm-a \(\w+\); put it on storage that both hosts see; or set migration\.copyStorage: "all" .* \[unsafeStorage\]/,
    );
    assert.match(
      output,
      /warning: up would be refused: the data port 49152 of kvm-b \([\d.]+\) does not answer from kvm-a; open the data ports 49152-49215 on kvm-b for kvm-a: .* \[peerUnreachable\]/,
    );
    assert.deepEqual(await everywhere(), ["db-01", ""]);
  });

  it("is right: up is refused for the same blocker before anything is changed", async () => {
    stack().declare(on("kvm-b"));
    const { code, stdout } = await stack().up();
    assert.notEqual(code, 0);
    assert.match(
      stdout,
      /cannot move db-01 from kvm-a to kvm-b \(preflight, on kvm-b\): vda of db-01: .* \[unsafeStorage\]/s,
    );
    assert.deepEqual(await everywhere(), ["db-01", ""]);
    assert.equal(await lab().host("kvm-a").virsh("domstate --reason db-01"), "running (booted)");
    assert.equal(stack().outputs("db")["currentHost"], "kvm-a");
  });

  it("says a blocker once in up, after its preview or without one; a refresh says nothing of a move", async () => {
    stack().declare(on("kvm-b"));
    const lines = (text: string, part: string) => text.split("\n").filter((line) => line.includes(part)).length;
    const ahead = "up would be refused";
    // Each warning stands in the row and under Diagnostics.
    const { stdout: whole } = await stack().pulumi.run(["up", "--yes"]);
    const previewed = lines((await stack().pulumi.run(["preview"])).stdout, ahead);
    assert.ok(previewed > 0);
    assert.equal(lines(whole, ahead), previewed);
    assert.ok(lines(whole, "cannot move db-01 from kvm-a to kvm-b (preflight") > 0);
    const refreshed = lines((await stack().pulumi.run(["preview", "--refresh"])).stdout, ahead);
    assert.equal(refreshed, previewed);
    for (const args of [
      ["up", "--yes", "--skip-preview"],
      ["up", "--yes", "--skip-preview", "--refresh"],
    ]) {
      const { code, stdout } = await stack().pulumi.run(args);
      assert.notEqual(code, 0);
      assert.equal(lines(stdout, ahead), 0, stdout);
      assert.ok(lines(stdout, "cannot move db-01 from kvm-a to kvm-b (preflight") > 0, stdout);
    }
    for (const args of [
      ["refresh", "--yes"],
      ["refresh", "--yes", "--run-program"],
    ]) {
      const { code, stdout, stderr } = await stack().pulumi.run(args);
      assert.equal(code, 0, stdout);
      assert.equal(lines(`${stdout}\n${stderr}`, ahead) + lines(stdout, "will pre-copy"), 0, stdout);
    }
    // Its name stays among the properties that depend on no other resource, as each property's does; its value nowhere.
    for (const { inputs, outputs } of stack().saved().resources ?? [])
      assert.ok(!("__dryRun" in { ...inputs, ...outputs }));
  });

  it("fails with vm-placement:strictPreview", async () => {
    plain({ "vm-placement:strictPreview": true });
    stack().declare(on("kvm-b"));
    const { code, output } = await preview();
    assert.notEqual(code, 0);
    assert.match(
      output,
      /db-01 cannot be moved as things stand, and vm-placement:strictPreview is true:\s+vda of db-01: /,
    );
  });

  it("has no warning of a healthy move, and up runs its saved plan", async () => {
    stack().declare(on("kvm-b", { copyStorage: "all" }));
    const plan = join(stack().dir, "plan.json");
    const { code, output } = await preview(["--save-plan", plan]);
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /warning/);
    assert.match(
      output,
      /will pre-copy \d+ MiB in about [\d.]+ (ms|s) \([\d.]+ m?s to [\d.]+ m?s\) at [\d.]+ [MG]iB\/s, \d+ pass(es)?, pause ≈ [\d.]+ m?s/,
    );
    const up = await stack().up(["--plan", plan]);
    assert.equal(up.code, 0, up.stdout);
    assert.deepEqual(await everywhere(), ["", "db-01"]);
    const outputs = stack().outputs("db");
    assert.equal(outputs["currentHost"], "kvm-b");
    const { predicted, totalBytes } = outputs["lastMigration"] as LastMigration;
    assert.equal(predicted!.verdict, "converges");
    assert.ok(predicted!.totalBytes > 16 * 2 ** 20, "the disk counts");
    assert.ok(totalBytes! > 0);
  });

  it("warns of a host that cannot be reached, and passes", async () => {
    plain({ "vm-placement:strictPreview": true });
    stack().declare(on("kvm-a", { copyStorage: "all" }));
    await lab().host("kvm-a").stopSshd({ cut: true });
    const { code, output } = await preview();
    await lab().host("kvm-a").startSshd();
    assert.equal(code, 0, output);
    assert.match(output, /warning: .*kvm-a cannot be reached.* \[hostUnreachable\]/);
  });

  it("asks no host with vm-placement:preview static", async () => {
    plain({ "vm-placement:preview": "static" });
    stack().declare(on("kvm-a"));
    for (const host of lab().hosts) await host.stopSshd({ cut: true });
    try {
      const { code, output } = await preview();
      assert.equal(code, 0, output);
      assert.match(output, /~ host +: "kvm-b" => "kvm-a"/);
      assert.doesNotMatch(output, /warning/);
    } finally {
      for (const host of lab().hosts) await host.startSshd();
    }
  });

  it("lists the settings that exist", async () => {
    plain({ "vm-placement:preview": "quick" });
    const { code, output } = await preview();
    assert.notEqual(code, 0);
    assert.match(output, /got "quick"; expected probe or static/);
  });
});
