import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { LabHost } from "../../lab/libvirt";
import { isUsable } from "../../lab/libvirt/prerequisites";
import { ownRelease } from "../../lab/libvirt/releases/releases";
import { showState } from "../../provider/core/domain";
import type { PlacementError } from "../../provider/core/errors";
import type { Host } from "../../provider/core/model";
import { systemClock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { createDial } from "../../provider/ssh";
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

  it("tell the states of all VMs at once as they tell each", async function () {
    this.timeout(120_000);
    const inventory = Object.fromEntries(
      Object.entries(lab().inventory()).map(([name, host]): [string, Host] => [name, { name, ...host }]),
    );
    const known = new Hosts(createDial({ inventory }), inventory, "qemu:///system", systemClock);
    for (const host of hosts()) {
      await Promise.all(
        ["runs", "stands", "ended", "saved"].map((name) => lab().startGuest({ name, host: host.name, memoryMiB: 16 })),
      );
      await lab().startGuest({ name: "off", host: host.name, state: "shutOff" });
      await host.must("virsh -q suspend stands && virsh -q destroy ended && virsh -q managedsave saved");
      const stopped = (await host.must("cat /run/libvirt/qemu/stands.pid")).trim();
      // A QEMU that does not answer holds up no state.
      await host.must(`kill -STOP ${stopped}`);
      const told = new Map((await (await known.on(host.name)).look()).map((view) => [view.name, showState(view)]));
      const expected: [name: string, state: string][] = [
        ["runs", "running (booted)"],
        ["stands", "paused (user)"],
        ["ended", "shut off (destroyed)"],
        ["saved", "shut off (saved)"],
      ];
      assert.equal(told.get("off"), "shut off");
      for (const [name, state] of expected) {
        assert.equal(told.get(name), state);
        assert.equal(await host.virsh(`domstate --reason ${name}`), state);
      }
      await host.must(`kill -CONT ${stopped}`);
      await host.must(
        "for name in runs stands ended saved off; do virsh -q destroy $name; virsh -q undefine $name --managed-save; done >/dev/null 2>&1; true",
      );
    }
    await known.close();
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
