/** Names of the destination that the source resolves to something else: libvirt follows them wherever they lead. */
import assert from "node:assert/strict";
import type { PlacementError } from "../../provider/core/errors";
import type { Host } from "../../provider/core/model";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";

describeWithLab("a name of the destination that the source resolves", { tls: true, hosts: 3 }, (lab) => {
  const a = () => lab().host("kvm-a");
  const address = (name: string) => lab().host(name).address;
  const accept = ["plain-tcp"];
  const rows: string[] = [];

  beforeEach(async () => {
    rows.length = 0;
    await a().must("cp /etc/hosts /run/hosts.before");
  });
  afterEach(() => a().must("cp /run/hosts.before /etc/hosts"));

  const resolve = (...lines: string[]) => a().must("cat >>/etc/hosts", { input: `${lines.join("\n")}\n` });
  const onlyB = (change: Partial<Host>) => (name: string) => (name === "kvm-b" ? change : {});
  const byTcp = onlyB({ peerTransport: "tcp", peerAddress: "b.lan" });
  const move = (domain: string, change: (name: string) => Partial<Host>) =>
    moveInLab({ lab: lab(), domain, to: "kvm-b", options: { accept }, change, rows });
  async function refused(domain: string, change: (name: string) => Partial<Host>) {
    const error = await move(domain, change).then(
      () => assert.fail("it was moved"),
      (thrown: PlacementError) => thrown,
    );
    assert.equal(error.problem.phase, "preflight");
    assert.equal(await a().virsh(`domstate ${domain}`), "running");
    for (const name of ["kvm-b", "kvm-c"]) assert.equal((await lab().host(name).virsh("list --all --name")).trim(), "");
    return error;
  }
  const start = (name: string) => lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4 });
  const gone = async (name: string) => {
    for (const host of lab().hosts) await host.sh(`virsh -q destroy ${name}; virsh -q undefine ${name}`);
  };

  it("to another host, by TCP: libvirt alone would move the VM there, and the provider moves nothing", async () => {
    await start("astray");
    await resolve(`${address("kvm-c")} b.lan`);
    const error = await refused("astray", byTcp);
    assert.equal(error.code, "wrongPeer");
    assert.match(error.message, /the libvirt that kvm-a reaches at qemu\+tcp:\/\/b\.lan\/system is not that of kvm-b: its host UUID is [0-9a-f-]{36}, that of kvm-b is [0-9a-f-]{36}; kvm-a resolves b\.lan to [\d.]+, an address of kvm-c/); // prettier-ignore
    assert.match(error.message, /`getent ahosts b\.lan` on kvm-a/);
    await a().virsh("migrate --live --p2p --persistent --undefinesource astray qemu+tcp://b.lan/system");
    assert.equal(await lab().host("kvm-c").virsh("domstate astray"), "running");
    await gone("astray");
  });

  it("to itself", async () => {
    await start("looped");
    await resolve("127.0.1.1 b.lan");
    const error = await refused("looped", byTcp);
    assert.equal(error.code, "wrongPeer");
    assert.match(error.message, /is that of kvm-a itself; kvm-a resolves b\.lan to 127\.0\.1\.1, an address of kvm-a/);
    await gone("looped");
  });

  it("not at all", async () => {
    await start("unnamed");
    const control = await refused("unnamed", byTcp);
    assert.equal(control.code, "peerUnreachable");
    assert.match(control.message, /kvm-a cannot resolve b\.lan/);
    const data = await refused("unnamed", onlyB({ migrationAddress: "b.lan" }));
    assert.equal(data.code, "peerUnreachable");
    assert.match(data.message, /kvm-a cannot resolve b\.lan, where kvm-b expects the data \(migrationAddress/);
    await gone("unnamed");
  });

  it("to another host, for the data alone", async () => {
    await start("scattered");
    await resolve(`${address("kvm-c")} data.lan`, `${address("kvm-b")} b.lan`);
    for (const change of [{}, { peerTransport: "tcp", peerAddress: "b.lan" } as const]) {
      const error = await refused("scattered", onlyB({ ...change, migrationAddress: "data.lan" }));
      assert.equal(error.code, "wrongPeer");
      assert.match(error.message, /kvm-a would send the data for kvm-b to another host: it resolves data\.lan to [\d.]+, an address of kvm-c/); // prettier-ignore
    }
    await gone("scattered");
  });

  it("to an address of the destination, or to one that a router translates: it moves without a warning", async () => {
    await start("right");
    const names = onlyB({ peerTransport: "tcp", peerAddress: "b.lan", migrationAddress: "data.lan" });
    await resolve("10.99.0.2 b.lan", "10.99.0.2 data.lan");
    await a().must(`ip route add 10.99.0.2 dev eth0
      nft -f - <<'EOF'
table ip translated {
  chain output { type nat hook output priority -100; ip daddr 10.99.0.2 dnat to ${address("kvm-b")}; }
}
EOF`);
    assert.equal((await move("right", names)).view.host, "kvm-b");
    await a().must("nft delete table ip translated; ip route del 10.99.0.2");
    assert.deepEqual(
      rows.filter((row) => /wrongPeer|resolve/.test(row)),
      [],
    );
    await assertMemoryIntact(lab(), "right", "kvm-b");
    await gone("right");

    await start("named");
    await a().must(`sed -i /10.99.0.2/d /etc/hosts`);
    await resolve(`${address("kvm-b")} b.lan data.lan`);
    assert.equal((await move("named", names)).view.host, "kvm-b");
    await assertMemoryIntact(lab(), "named", "kvm-b");
    await gone("named");
  });
});
