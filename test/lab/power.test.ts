import assert from "node:assert/strict";
import { createLab, type LabHost } from "../../lab/libvirt";
import { describeOnLabComputer, describeWithLab } from "../support/lab";
import { until } from "../support/until";

const bootOf = async (host: LabHost) => ({
  id: (await host.must("cat /proc/sys/kernel/random/boot_id")).trim(),
  upSeconds: Number((await host.must("cut -d' ' -f1 /proc/uptime")).trim()),
  at: Number(/btime (\d+)/.exec(await host.must("cat /proc/stat"))![1]),
});

describeWithLab("a lab host without power", {}, (lab) => {
  const hosts = () => [lab().host("kvm-a"), lab().host("kvm-b")] as const;

  it("keeps its identity and what libvirt has on disk, and loses the rest", async () => {
    const [a, b] = hosts();
    const { uuid } = await lab().startGuest({ name: "db-01", host: "kvm-a" });
    const identity =
      "ip -brief link show dev eth0 | awk '{ print $3 }'; virsh -q capabilities | grep -m1 uuid; cat /etc/ssh/*.pub";
    const before = { identity: await a.must(identity), boot: await bootOf(a) };
    await a.must("touch /run/volatile /tmp/volatile /root/kept");
    await a.powerOff();
    assert.equal(a.isOn, false);
    assert.equal(a.runTimes().size, 0);
    await assert.rejects(a.sh("true"), /kvm-a is switched off/);
    assert.notEqual((await b.sh(`ping -c1 -W1 ${a.address}`)).code, 0);

    const offAt = Date.now() / 1000;
    await a.powerOn();
    const boot = await bootOf(a);
    assert.notEqual(boot.id, before.boot.id);
    // A host's clocks since boot begin within a second: `unshare --boottime` takes whole ones.
    assert.ok(boot.at >= Math.floor(offAt - 1) && boot.upSeconds < Date.now() / 1000 - offAt + 1, JSON.stringify(boot));
    assert.equal(await a.must(identity), before.identity);
    assert.equal(await a.must("cd /; ls run/volatile tmp/volatile root/kept 2>/dev/null || true"), "root/kept\n");
    assert.equal((await a.virsh("domstate --reason db-01")).trim(), "shut off (unknown)");
    assert.equal((await a.virsh("domuuid db-01")).trim(), uuid);
    await a.virsh("start db-01");
    assert.equal(await b.must("ssh -o BatchMode=yes kvm-a hostname"), "kvm-a\n");
  });

  it("says nothing to its peer: no connection ends", async () => {
    const [a, b] = hosts();
    await b.must("(exec ssh -o BatchMode=yes kvm-a sleep 600) >/tmp/ssh.log 2>&1 &");
    await until("it is logged in", async () => (await a.sh("pgrep -fx 'sleep 600'")).code === 0);
    await a.powerOff();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal((await b.sh("pgrep -f '^ssh .*sleep 600'")).code, 0);
    await a.powerOn();
  });
});

describeOnLabComputer("a lab with a host without power", () => {
  it("is taken down whole", async () => {
    const lab = await createLab();
    await lab.host("kvm-a").powerOff();
    assert.deepEqual(
      (await lab.status()).hosts.map(({ name, on }) => `${name} ${on}`),
      ["kvm-a false", "kvm-b true"],
    );
    await lab.down();
    await lab.down();
  });
});
