import { systemClock as clock } from "../../provider/observe/clock";
import assert from "node:assert/strict";
import { doctor } from "../../provider/cli/doctor";
import { Hosts } from "../../provider/observe/hosts";
import { createDial } from "../../provider/ssh";
import { describeWithLab } from "../support/lab";

describeWithLab("a host whose start-up files print", { hosts: ["kvm-a", "kvm-b"] }, (lab) => {
  async function diagnosis() {
    const inventory = Object.fromEntries(
      lab().hosts.map(({ name, address, hostKeyFingerprint }) => [
        name,
        { name, address, user: "root", identityFile: lab().keyFile, hostKey: hostKeyFingerprint },
      ]),
    );
    const dial = createDial({ inventory, home: "/nowhere", env: {}, sshConfigFile: "/nowhere" });
    const hosts = new Hosts(dial, inventory, "qemu:///system", clock);
    try {
      return await doctor(hosts, ["kvm-a", "kvm-b"], false, clock);
    } finally {
      await hosts.close();
    }
  }

  it("on standard error is asked as any other", async () => {
    await lab().host("kvm-b").must("echo 'echo stty: Inappropriate ioctl for device >&2' >/root/.bashrc");
    const { hosts, pairs } = await diagnosis();
    assert.deepEqual(
      hosts.map(({ problems }) => problems.filter(({ severity }) => severity !== "information")),
      [[], []],
    );
    assert.ok(pairs.every(({ problems }) => problems.every(({ severity }) => severity === "warning")));
  });

  it("on standard output breaks libvirt's own login, which doctor names", async () => {
    await lab().host("kvm-b").must("echo 'echo Welcome to kvm-b' >/root/.bashrc");
    const { hosts, pairs } = await diagnosis();
    assert.deepEqual(
      hosts.map(({ problems }) => problems.filter(({ severity }) => severity !== "information")),
      [[], []],
    );
    const blockers = pairs.flatMap(({ source, destination, problems }) =>
      problems
        .filter(({ severity }) => severity === "blocker")
        .map(({ code, message }) => ({ source, destination, code, message })),
    );
    assert.deepEqual(
      blockers.map(({ source, destination, code }) => `${source} ${destination} ${code}`),
      ["kvm-a kvm-b peerOutput"],
    );
    assert.match(blockers[0]!.message, /on kvm-b the start-up files of root print "Welcome to kvm-b"/);
    const { stderr } = await lab().host("kvm-a").sh("virsh -c qemu+ssh://kvm-b/system list");
    assert.match(stderr, /received from server too large/);
  });
});
