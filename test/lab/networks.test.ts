/** Networks as hosts have them: IPv6 alone, sshd on another port, accounts without root, one fixed port for the data. */
import assert from "node:assert/strict";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile } from "../../provider/reconcile/reconcile";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { describeWithLab } from "../support/lab";
import { assertMemoryIntact } from "../support/memory";

const addresses: Record<string, string> = { "kvm-a": "fd00:77::1", "kvm-b": "fd00:77::2" };

describeWithLab("a move between hosts by IPv6", { user: "deployer" }, (lab) => {
  before(async () => {
    for (const host of lab().hosts) {
      await host.must(
        `ip address add ${addresses[host.name]}/64 dev eth0 nodad; $(command -v sshd || echo /usr/sbin/sshd) -p 2222 -o PidFile=/run/sshd6.pid`,
      );
      await host.addUser("mover", { libvirtGroup: true });
      const others = lab().hosts.map(({ name, hostKeyLine }) => `[${addresses[name]}]:2222 ${hostKeyLine}`);
      // What libvirt would find by name or by the usual port is not to be found.
      await host.must("cat >/root/.ssh/known_hosts", { input: `${others.join("\n")}\n` });
      const authorized = await host.must("cat /root/.ssh/authorized_keys");
      await host.must("cat >>~mover/.ssh/authorized_keys", { input: authorized });
    }
  });

  async function move(domain: string, to: string, change: Partial<Host>, more: Partial<MigrationOptions> = {}) {
    const inventory: Record<string, Host> = Object.fromEntries(
      Object.entries(lab().inventory()).map(([name, host]) => [
        name,
        { name, ...host, peerAddress: addresses[name]!, peerUser: "mover", peerPort: 2222, ...change },
      ]),
    );
    const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
    const options: MigrationOptions = { mode: "auto", ...more };
    const plan = makePlan({ domain, hosts: [to], anyOf: false, options, inventory, uri: "qemu:///system" });
    try {
      const { view } = await reconcile(
        hosts,
        { domain, uuid: undefined, hosts: [to], options, plan, lastHost: undefined, lastMigration: undefined },
        { clock, progress: { live: () => {}, info: () => {}, warn: () => {} } },
      );
      assert.equal(view.host, to);
    } finally {
      await hosts.close();
    }
    return plan.live as string;
  }

  it("goes by another port and as accounts of the group libvirt, and its data to one port of an IPv6 address", async () => {
    await lab().startGuest({ name: "six", host: "kvm-a", dirtyMiB: 4 });
    const fixed = { migrationAddress: addresses["kvm-b"]!, migrationPort: 49_160, maxIncoming: 1 };
    // All others are closed.
    await lab().host("kvm-b").blockPort("{ 49152-49159, 49161-49215 }");
    const command = await move("six", "kvm-b", fixed, { listenAddress: "::" });
    assert.match(
      command,
      / --migrateuri 'tcp:\/\/\[fd00:77::2\]:49160' six 'qemu\+ssh:\/\/mover@\[fd00:77::2\]:2222\/system'$/,
    );
    await lab().host("kvm-b").unblock();
    await assertMemoryIntact(lab(), "six", "kvm-b");
    const back = { migrationAddress: addresses["kvm-a"]! };
    assert.match(await move("six", "kvm-a", back, { listenAddress: "::" }), / 'tcp:\/\/\[fd00:77::1\]' /);
    await assertMemoryIntact(lab(), "six", "kvm-a");
    await lab().host("kvm-a").must("virsh destroy six && virsh undefine six");
  });
});
