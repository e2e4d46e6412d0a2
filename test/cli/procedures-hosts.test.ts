/** How hosts are reached and chosen: what stands in the inventory, and what a host bears at once. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/libvirt/commands";
import type { LabHost } from "../../lab/libvirt";
import { assertMemoryIntact } from "../support/memory";
import { assertMoved } from "../support/move";
import { rowsOf } from "../support/rows";
import { describeWithStack, type Declared } from "../support/stack";

const names = (host: LabHost) =>
  host.virsh("list --all --name").then((text) => text.split("\n").filter(Boolean).sort());
const small = { dirtyMiB: 4, dirtyRate: 4 };

describeWithStack("the hosts of a placement", { lab: { hosts: 3 } }, (lab, stack) => {
  const host = (name: string) => lab().host(name);
  /** The address that hosts see of the computer the CLI runs on. */
  const controller = () => host("kvm-a").address.replace(/\d+$/, "253");
  const configure = (changes: Record<string, Record<string, unknown>> = {}) => {
    const inventory = Object.entries(lab().inventory()).map(([name, each]) => [name, { ...each, ...changes[name] }]);
    stack().configure({ "vm-placement:hosts": Object.fromEntries(inventory) as Record<string, unknown> });
  };
  const place = (domain: string, where: string | string[]): Record<string, Declared> => ({
    [domain]: { args: { domain, host: where } },
  });

  describe("of six VMs that move at once", () => {
    const domains = ["vm-1", "vm-2", "vm-3", "vm-4", "vm-5", "vm-6"];
    /** So slowly that all of them are asked for before the first two are there. */
    const migration = { bandwidth: "8MiB/s" };
    /** Logins of the CLI's computer that a host's sshd has seen. */
    const logins = async (from: string) =>
      Number(await host(from).must(`grep -c 'Accepted .* from ${controller()} ' /var/log/libvirt/sshd.log || true`));
    const declare = (where: string) =>
      stack().declare(
        Object.fromEntries(
          domains.map((domain): [string, Declared] => [domain, { args: { domain, host: where, migration } }]),
        ),
      );

    before(async function () {
      this.timeout(180_000);
      for (const name of domains) await lab().startGuest({ name, host: "kvm-a", dirtyMiB: 16, dirtyRate: 4 });
    });

    it("moves two at a time over one connection to each host, and says for what the others wait", async () => {
      configure();
      declare("kvm-b");
      const before = await Promise.all(["kvm-a", "kvm-b"].map(logins));
      let ended = false;
      const running = stack()
        .up()
        .finally(() => (ended = true));
      const atOnce: number[] = [];
      while (!ended) {
        const { stdout } = await host("kvm-b").sh("virsh -q list --state-paused --name");
        atOnce.push(stdout.split("\n").filter(Boolean).length);
      }
      const up = await running;
      assert.equal(up.code, 0, up.stdout);
      assert.equal(Math.max(...atOnce), 2);
      const waiting = domains.filter((name) =>
        rowsOf(up.stdout, name).some((row) =>
          /^waiting: 2 migrations (out of kvm-a|into kvm-b) are already running/.test(row),
        ),
      );
      assert.equal(waiting.length, 4, up.stdout);
      assert.deepEqual(
        await Promise.all(["kvm-a", "kvm-b"].map(logins)),
        before.map((count) => count + 1),
      );
      await Promise.all(
        domains.map((name) => assertMoved(lab(), stack(), up, { name, from: "kvm-a", to: "kvm-b", mode: "live" })),
      );
    });

    it("moves as many at a time as the inventory says", async () => {
      configure({ "kvm-b": { maxOutgoing: 6 }, "kvm-c": { maxIncoming: 6 } });
      declare("kvm-c");
      const up = await stack().up();
      assert.equal(up.code, 0, up.stdout);
      assert.doesNotMatch(up.stdout, /waiting:/);
      assert.deepEqual(await names(host("kvm-c")), domains);
    });

    after(async () => {
      for (const name of domains) await host("kvm-c").sh(`virsh destroy ${name}; virsh undefine ${name}`);
    });
  });

  describe("of a list", () => {
    before(async () => {
      await lab().startGuest({ name: "free", host: "kvm-a", ...small });
      configure();
    });

    it("leaves a VM where it is if that is a member", async () => {
      stack().declare(place("free", ["kvm-b", "kvm-a"]));
      const { code, stdout } = await stack().up();
      assert.equal(code, 0, stdout);
      assert.deepEqual(await names(host("kvm-a")), ["free"]);
      const { outputs } = stack().resource("free")!;
      assert.equal(outputs!["currentHost"], "kvm-a");
      assert.equal(outputs!["lastMigration"], undefined);
    });

    it("moves it to the first member that is not in maintenance", async () => {
      configure({ "kvm-b": { maintenance: true } });
      stack().declare(place("free", ["kvm-b", "kvm-c"]));
      const up = await stack().up();
      assert.equal(up.code, 0, up.stdout);
      await assertMoved(lab(), stack(), up, { name: "free", from: "kvm-a", to: "kvm-c", mode: "live" });
      const plan = stack().outputs("free")["plan"] as { live: Record<string, string> };
      assert.deepEqual(Object.keys(plan.live), ["kvm-b", "kvm-c"]);
    });

    it("moves nothing to a host in maintenance", async () => {
      stack().declare(place("free", "kvm-b"));
      const { code, stdout } = await stack().up();
      assert.notEqual(code, 0);
      assert.match(stdout, /kvm-b is in maintenance .*\n.*\[hostMaintenance\]/);
      assert.deepEqual(await names(host("kvm-b")), []);
      assert.equal(stack().outputs("free")["currentHost"], "kvm-c");
    });

    it("takes it away from a host in maintenance where there is another", async () => {
      configure({ "kvm-c": { maintenance: true } });
      stack().declare(place("free", ["kvm-c", "kvm-a"]));
      const up = await stack().up();
      assert.equal(up.code, 0, up.stdout);
      const last = await assertMoved(lab(), stack(), up, { name: "free", from: "kvm-c", to: "kvm-a", mode: "live" });
      assert.equal(last.reason, "kvm-c is in maintenance");
    });
  });

  describe("that are reached another way", () => {
    const domain = "traveller";
    /** From kvm-a to kvm-b and back, each under another inventory. */
    const move = async (from: string, to: string, changes: Record<string, Record<string, unknown>>) => {
      configure(changes);
      return moveAsConfigured(from, to);
    };
    const moveAsConfigured = async (from: string, to: string) => {
      stack().declare(place(domain, to));
      const up = await stack().up();
      assert.equal(up.code, 0, up.stdout);
      return assertMoved(lab(), stack(), up, { name: domain, from, to, mode: "live" });
    };

    before(async () => {
      await lab().startGuest({ name: domain, host: "kvm-a", ...small });
    });

    it("names user, address and port of the destination to its peer", async () => {
      await host("kvm-b").addUser("mover", { libvirtGroup: true });
      await host("kvm-b").must(
        "sed 's/-o \\$option -E.*/-o $option -p 2222 -o PidFile=none -E \\/var\\/log\\/libvirt\\/sshd-2222.log/' /etc/lab/start-sshd >/run/start-sshd-2222; sh /run/start-sshd-2222",
      );
      await host("kvm-a").must(`echo '[kvm-b]:2222 ${host("kvm-b").hostKeyLine}' >>/root/.ssh/known_hosts`);
      const last = await move("kvm-a", "kvm-b", {
        "kvm-b": { peerUser: "mover", peerAddress: "kvm-b", peerPort: 2222 },
      });
      assert.match(last.command, / qemu\+ssh:\/\/mover@kvm-b:2222\/system$/);
      const log = await host("kvm-b").must("cat /var/log/libvirt/sshd-2222.log");
      assert.match(log, new RegExp(`Accepted publickey for mover from ${host("kvm-a").address} `));
    });

    it("jumps over another host", async () => {
      await host("kvm-b").blockPort(22, { from: controller() });
      try {
        await move("kvm-b", "kvm-a", { "kvm-b": { proxyJump: "kvm-c" } });
      } finally {
        await host("kvm-b").unblock();
      }
    });

    it("works for an account of the group libvirt", async () => {
      for (const name of ["kvm-a", "kvm-b"]) await host(name).addUser("operator", { libvirtGroup: true });
      const user = { user: "operator" };
      await move("kvm-a", "kvm-b", { "kvm-a": user, "kvm-b": user });
      assert.match(
        await host("kvm-a").must("cat /var/log/libvirt/sshd.log"),
        new RegExp(`Accepted publickey for operator from ${controller()} `),
      );
    });

    it("opens an encrypted key with a passphrase from secret config, which is shown nowhere", async () => {
      const passphrase = "correct horse battery staple";
      const identityFile = join(stack().dir, "encrypted-key");
      copyFileSync(lab().keyFile, identityFile);
      assert.equal((await run("ssh-keygen", ["-p", "-P", "", "-N", passphrase, "-f", identityFile])).code, 0);
      const { knownHostsFile } = lab();
      const key = { identityFile, knownHostsFile };
      configure({ "kvm-a": key, "kvm-b": key });
      for (const name of ["kvm-a", "kvm-b"]) {
        const path = `vm-placement:hosts.${name}.passphrase`;
        await stack().pulumi.expect(["config", "set", "--secret", "--path", path, passphrase]);
      }
      const settings = readFileSync(join(stack().dir, "project/Pulumi.test.yaml"), "utf8");
      assert.match(settings, /passphrase"?:\s*\{?\s*"?secure/);
      stack().declare(place(domain, "kvm-a"));
      const up = await stack().up(["--diff"]);
      assert.equal(up.code, 0, up.stdout);
      assert.deepEqual(await names(host("kvm-b")), []);
      await assertMemoryIntact(lab(), domain, "kvm-a");
      const state = JSON.stringify(await stack().pulumi.stackExport());
      for (const text of [up.stdout, up.stderr, state, settings]) assert.ok(!text.includes(passphrase));
    });
  });
});
