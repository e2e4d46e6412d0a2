/** Networks as hosts have them: IPv6 alone, sshd on another port, accounts without root, one fixed port for the data, NAT, jump hosts, names. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
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

  async function move(domain: string, to: string, change: Partial<Host>, options: Partial<MigrationOptions> = {}) {
    const { view, command } = await moveInLab({
      lab: lab(),
      domain,
      to,
      options,
      change: (name) => ({ peerAddress: addresses[name]!, peerUser: "mover", peerPort: 2222, ...change }),
    });
    assert.equal(view.host, to);
    return command;
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

describeWithLab("hosts whose accounts are not root", { sudo: true, vtpm: true }, (lab) => {
  before(async () => {
    for (const host of lab().hosts) {
      await host.addUser("deployer", { sudo: true });
      await host.addUser("asked", { sudo: "password" });
      await host.addUser("plain");
    }
  });
  const as = (user: string, sudo?: boolean) => () => ({ user, ...(sudo !== undefined && { sudo }) });

  it("are used by sudo alone: a VM goes there while it runs and back shut off, with what only root can read", async function () {
    this.timeout(180_000);
    const { uuid } = await lab().startGuest({ name: "by-sudo", host: "kvm-a", dirtyMiB: 4 });
    const { view, command } = await moveInLab({ lab: lab(), domain: "by-sudo", to: "kvm-b", change: as("deployer", true) }); // prettier-ignore
    assert.equal(view.host, "kvm-b");
    // How the hosts reach each other is not concerned.
    assert.match(command, / by-sudo qemu\+ssh:\/\/[0-9.]+\/system$/);
    await assertMemoryIntact(lab(), "by-sudo", "kvm-b");
    await lab().host("kvm-b").must(`virsh -q destroy ${uuid}; virsh -q undefine ${uuid}`);

    const owner = await lab().startGuest({ name: "owner", host: "kvm-a", disk: "none", vtpm: true, uefi: true, memoryMiB: 32, state: "shutOff" }); // prettier-ignore
    await lab().host("kvm-a").must("virsh -q start owner && sleep 2 && virsh -q destroy owner");
    const state = `cd /var/lib/libvirt && sha256sum swtpm/${owner.uuid}/tpm2/tpm2-00.permall qemu/nvram/owner_VARS.fd`;
    const before = await lab().host("kvm-a").must(state);
    await moveInLab({ lab: lab(), domain: "owner", to: "kvm-b", change: as("deployer", true) });
    assert.equal(await lab().host("kvm-b").must(state), before);
    await lab().host("kvm-b").must("virsh -q undefine owner --nvram --tpm");
  });

  it("are refused clearly where sudo asks for a password, and where the account may not use libvirt", async function () {
    this.timeout(120_000);
    const { uuid } = await lab().startGuest({ name: "stays", host: "kvm-a", dirtyMiB: 4 });
    const refused = async (change: () => Partial<Host>, code: string, message: RegExp) => {
      await assert.rejects(
        moveInLab({ lab: lab(), domain: "stays", to: "kvm-b", change }),
        (error: Error & { code: string }) => {
          assert.match(error.message, message);
          assert.equal(error.code, code);
          return true;
        },
      );
    };
    const rule = /asked ALL=\(root\) NOPASSWD: \/bin\/sh/;
    await refused(as("asked", true), "sudoRefused", /sudo does not let asked run \/bin\/sh without a password: sudo: a password is required/); // prettier-ignore
    await refused(as("asked", true), "sudoRefused", rule);
    await refused(as("plain", true), "sudoRefused", /sudo does not let plain/);
    await refused(as("plain"), "socketPermission", /usermod -aG libvirt plain[^]*sudo: true/);
    assert.equal(await lab().host("kvm-a").virsh(`domstate ${uuid}`), "running");
    assert.equal(await lab().host("kvm-b").virsh("list --all --name"), "");
    await lab().host("kvm-a").must("virsh -q destroy stays; virsh -q undefine stays");
  });
});

/** A port of this computer that leads to sshd of a host, as a router with NAT has one. */
async function forward(address: string): Promise<{ port: number; close: () => void }> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const host = connect(22, address);
    for (const end of [client, host]) {
      open.add(end);
      end.on("error", () => {});
      end.on("close", () => open.delete(end));
    }
    client.pipe(host).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    for (const end of open) end.destroy();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

describeWithLab("hosts that this computer reaches by another way than they each other", { hosts: 3 }, (lab) => {
  const guest = (name: string) => lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4 });

  it("are asked through NAT by a port of its own each, and move by their own addresses", async function () {
    this.timeout(120_000);
    await guest("natted");
    const forwards = Object.fromEntries(
      await Promise.all(lab().hosts.map(async ({ name, address }) => [name, await forward(address)] as const)),
    );
    try {
      const { view, command } = await moveInLab({
        lab: lab(),
        domain: "natted",
        to: "kvm-b",
        change: (name) => ({
          address: "127.0.0.1",
          port: forwards[name]!.port,
          hostKey: lab().host(name).hostKeyFingerprint,
          peerAddress: lab().host(name).address,
        }),
      });
      assert.equal(view.host, "kvm-b");
      assert.ok(command.endsWith(` qemu+ssh://${lab().host("kvm-b").address}/system`), command);
      await assertMemoryIntact(lab(), "natted", "kvm-b");
    } finally {
      for (const { close } of Object.values(forwards)) close();
    }
  });

  it("are asked through a jump host, which is a host of the inventory or not", async function () {
    this.timeout(120_000);
    await guest("jumped");
    // They take no one but the jump host, and each other.
    for (const name of ["kvm-a", "kvm-b"]) await lab().host(name).blockPort(22, { from: `${lab().host(name).address.replace(/\d+$/, "253")}` }); // prettier-ignore
    const { view } = await moveInLab({
      lab: lab(),
      domain: "jumped",
      to: "kvm-b",
      change: (name) => (name === "kvm-c" ? {} : { proxyJump: "kvm-c" }),
    });
    assert.equal(view.host, "kvm-b");
    await assertMemoryIntact(lab(), "jumped", "kvm-b");
    await assert.rejects(moveInLab({ lab: lab(), domain: "jumped", to: "kvm-a" }), { code: "hostUnreachable" });
    for (const name of ["kvm-a", "kvm-b"]) await lab().host(name).unblock();
  });

  it("are named by what the source resolves: a name that means another host there moves nothing", async function () {
    this.timeout(120_000);
    await guest("named");
    const a = lab().host("kvm-a");
    const named = (name: string) => ({ peerAddress: name });
    await a.must(`cp /etc/hosts /run/hosts.before; sed -i '/kvm-b/d' /etc/hosts; echo "${lab().host("kvm-c").address} kvm-b" >>/etc/hosts`); // prettier-ignore
    // ssh knows the name by its key.
    await assert.rejects(
      moveInLab({ lab: lab(), domain: "named", to: "kvm-b", change: named }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "peerUntrusted", error.message);
        return true;
      },
    );
    assert.equal(await a.virsh("domstate named"), "running");
    for (const name of ["kvm-b", "kvm-c"])
      assert.doesNotMatch(await lab().host(name).virsh("list --all --name"), /named/);
    await a.must("cp /run/hosts.before /etc/hosts");
    const { view } = await moveInLab({ lab: lab(), domain: "named", to: "kvm-b", change: named });
    assert.equal(view.host, "kvm-b");
  });
});
