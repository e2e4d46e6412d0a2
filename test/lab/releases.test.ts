import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { LabHost } from "../../lab/libvirt";
import { isUsable } from "../../lab/libvirt/prerequisites";
import { ownRelease } from "../../lab/libvirt/releases/releases";
import type { PlacementError } from "../../provider/core/errors";
import { describeWithReleases } from "../support/lab";
import { moveInLab } from "../support/lab-move";

const [own, other] = [ownRelease(), ownRelease() === "13" ? "14" : "13"];

describeWithReleases("hosts of this computer's release and of another", [own, other], (lab) => {
  const hosts = (): [LabHost, LabHost] => [lab().hosts[0]!, lab().hosts[1]!];

  it("have libvirt and QEMU of their own, on roots of their own", async () => {
    const [mine, theirs] = await Promise.all(hosts().map((host) => host.virsh("version --daemon")));
    assert.notEqual(mine, theirs);
    const [, debian] = hosts();
    assert.match(await debian.must("cat /etc/debian_version"), new RegExp(`^${other}\\.|sid`));
    // Nothing of this computer is to be seen but the lab's directory.
    assert.equal(
      await debian.must("ls /oldroot /tmp 2>/dev/null | grep -v '^/\\|^$' || true"),
      `${lab().dir.slice(5)}\n`,
    );
  });

  it("a VM goes from one to the other and back, encrypted", async () => {
    await lab().startGuest({ name: "vm", host: hosts()[0].name });
    const [first, second] = hosts();
    for (const [source, destination] of [
      [first, second],
      [second, first],
    ] as const) {
      const uri = `qemu+ssh://${destination.name}/system`;
      await source.virsh(`migrate vm ${uri} --live --p2p --persistent --undefinesource --tls`, { timeoutMs: 60_000 });
      assert.equal(await destination.virsh("domstate --reason vm"), "running (migrated)");
      assert.equal(await source.virsh("list --all --name"), "");
    }
  });

  it("a VM with the CPU of its host is refused where QEMU there does not have all of its features, by their names", async function () {
    if (!isUsable("/dev/kvm")) return this.skip();
    this.timeout(120_000);
    const [older, newer] = hosts();
    await lab().startGuest({ name: "whole", host: newer.name, cpu: "host-passthrough" });
    await assert.rejects(moveInLab({ lab: lab(), domain: "whole", to: older.name }), (error: PlacementError) => {
      assert.match(
        error.message,
        /whole uses the CPU of \S+ as it is \(host-passthrough\), but the CPU of \S+ differs: it lacks [a-z0-9]/,
      );
      assert.equal(error.phase, "preflight");
      return true;
    });
    assert.equal(await newer.virsh("domstate whole"), "running");
    await newer.must("virsh -q destroy whole; virsh -q undefine whole");
  });

  it("a host keeps its definitions through a power cut, and no mount of it is this computer's", async () => {
    const [, host] = hosts();
    await lab().startGuest({ name: "kept", host: host.name, state: "shutOff" });
    await host.powerOff();
    await host.powerOn();
    assert.equal(await host.virsh("list --all --name"), "kept");
    assert.doesNotMatch(readFileSync("/proc/mounts", "utf8"), /lab-roots|vm-placement-lab/);
  });
});
