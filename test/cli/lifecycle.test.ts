import assert from "node:assert/strict";
import { describeWithStack } from "../support/stack";

describeWithStack("a placement, from adoption to deletion", {}, (lab, stack) => {
  const on = (host: string) => ({ db: { args: { domain: "db-01", host } } });
  const everywhere = () => Promise.all(lab().hosts.map((host) => host.virsh("list --all --name")));
  const uriOf = (host: string) => `qemu+ssh://${lab().host(host).address}/system`;
  let uuid: string;

  before(async () => {
    ({ uuid } = await lab().startGuest({ name: "db-01", host: "kvm-a" }));
  });

  it("adopts a VM that already is where it should be", async () => {
    stack().declare(on("kvm-a"));
    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /\+ +pulumi-nodejs:dynamic\/libvirt:VmPlacement db created/);
    const { id, outputs } = stack().resource("db")!;
    assert.equal(id, uuid);
    assert.equal(outputs!["currentHost"], "kvm-a");
    assert.equal(outputs!["domainUuid"], uuid);
    assert.equal(outputs!["state"], "running");
    assert.equal(outputs!["lastMigration"], undefined);
  });

  it("shows the exact command before it runs, and moves the running VM", async () => {
    stack().declare(on("kvm-b"));
    const command = `virsh migrate --live --p2p --persistent --undefinesource db-01 ${uriOf("kvm-b")}`;
    const preview = await stack().preview();
    assert.match(preview.stdout, /~ host +: "kvm-a" => "kvm-b"/);
    assert.ok(preview.stdout.includes(`=> "${command}"`), preview.stdout);

    const { code, stdout } = await stack().up();
    assert.equal(code, 0, stdout);
    assert.match(stdout, /moved kvm-a → kvm-b in [\d.]+ m?s, paused [\d.]+ m?s, [\d.]+ MiB sent/);
    assert.deepEqual(await everywhere(), ["", "db-01"]);
    assert.equal(await lab().host("kvm-b").virsh("domstate db-01"), "running");
    const outputs = stack().outputs("db");
    assert.equal(outputs["currentHost"], "kvm-b");
    const last = outputs["lastMigration"] as Record<string, unknown>;
    assert.equal(last["command"], command);
    assert.equal(last["mode"], "live");
    assert.equal(last["from"], "kvm-a");
    assert.ok((last["totalBytes"] as number) > 10 * 2 ** 20);
  });

  it("opens no ssh connection where nothing changes", async () => {
    for (const host of lab().hosts) await host.stopSshd();
    try {
      const { code, stdout } = await stack().up();
      assert.equal(code, 0, stdout);
      assert.match(stdout, /2 unchanged/);
    } finally {
      for (const host of lab().hosts) await host.startSshd();
    }
  });

  it("finds a VM that was moved by hand, and the next preview says how it would come back", async () => {
    await lab().host("kvm-b").virsh("migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://kvm-a/system");
    const refresh = await stack().refresh();
    assert.equal(refresh.code, 0, refresh.stdout);
    assert.equal(stack().outputs("db")["currentHost"], "kvm-a");
    const { stdout } = await stack().preview();
    assert.match(stdout, /~ host +: "kvm-a" => "kvm-b"/);
    assert.ok(
      stdout.includes(`=> "virsh migrate --live --p2p --persistent --undefinesource db-01 ${uriOf("kvm-b")}"`),
      stdout,
    );
  });

  it("is forgotten by destroy, and the VM runs on", async () => {
    const before = await lab().host("kvm-a").qemuPid("db-01");
    const { code, stdout } = await stack().destroy();
    assert.equal(code, 0, stdout);
    assert.equal(stack().resource("db"), undefined);
    assert.deepEqual(await everywhere(), ["db-01", ""]);
    assert.equal(await lab().host("kvm-a").qemuPid("db-01"), before);
  });
});
