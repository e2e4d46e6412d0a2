/** Moves over each transport between real hosts, and what of them crosses the network. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { restartLibvirtd } from "../../lab/faults/inject";
import { doctor } from "../../provider/cli/doctor";
import type { PlacementError } from "../../provider/core/errors";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile } from "../../provider/reconcile/reconcile";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { describeWithLab } from "../support/lab";
import { assertMemoryIntact } from "../support/memory";

describeWithLab("a move by another transport than ssh", { tls: true }, (lab) => {
  const a = () => lab().host("kvm-a");
  const b = () => lab().host("kvm-b");
  let warnings: string[] = [];

  async function withHosts<T>(
    peer: Partial<Host>,
    work: (hosts: Hosts, inventory: Record<string, Host>) => Promise<T>,
  ) {
    const inventory = Object.fromEntries(
      Object.entries(lab().inventory()).map(([name, host]) => [name, { name, ...host, ...peer }]),
    );
    const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
    try {
      return await work(hosts, inventory);
    } finally {
      await hosts.close();
    }
  }

  const move = (domain: string, to: string, peer: Partial<Host>, change: Partial<MigrationOptions> = {}) =>
    withHosts(peer, async (hosts, inventory) => {
      const options: MigrationOptions = { mode: "auto", ...change };
      const plan = makePlan({ domain, hosts: [to], anyOf: false, options, inventory, uri: "qemu:///system" });
      warnings = [];
      const { view } = await reconcile(
        hosts,
        { domain, uuid: undefined, hosts: [to], options, plan, lastHost: undefined, lastMigration: undefined },
        { clock, progress: { live: () => {}, info: () => {}, warn: (text) => void warnings.push(text) } },
      );
      assert.equal(view.host, to);
      return plan.live as string;
    });
  const refused = async (...args: Parameters<typeof move>) => {
    const error = await move(...args).then(
      () => assert.fail("it was moved"),
      (thrown: PlacementError) => thrown,
    );
    const { code, problems = [], remedies } = error.problem;
    return {
      code,
      rules: problems.map(({ rule, host }) => `${rule} ${host}`),
      commands: remedies.flatMap(({ commands = [] }) => commands.map(({ host, command }) => `${host}$ ${command}`)),
      does: remedies.map((remedy) => remedy.do).join("; "),
    };
  };
  const start = (name: string) => lab().startGuest({ name, host: "kvm-a", dirtyMiB: 4 });
  const gone = async (name: string) => {
    for (const host of [a(), b()]) await host.sh(`virsh destroy ${name}; virsh undefine ${name}`);
  };
  const tls = { peerTransport: "tls" } as const;
  const tcp = { peerTransport: "tcp" } as const;

  /** A page of the guest's memory that it does not use. */
  async function writeIntoMemory(name: string, marker: string): Promise<void> {
    await a().virsh(`suspend ${name}`);
    const pid = await a().qemuPid(name);
    await a().must(
      `while read -r range _; do
        start=$((0x\${range%-*})) end=$((0x\${range#*-}))
        [ $((end - start)) = $((64 << 20)) ] && break
      done </proc/${pid}/maps
      dd of=/proc/${pid}/mem bs=4096 count=1 conv=notrunc seek=$((start / 4096 + 48 * 256)) status=none`,
      { input: marker.repeat(4096 / marker.length) },
    );
    await a().virsh(`resume ${name}`);
  }

  /** How often the text stands in what the destination receives meanwhile. */
  async function onTheWire(text: string, work: () => Promise<unknown>): Promise<number> {
    const file = "/tmp/wire.pcap";
    await b().must(
      `tcpdump -i eth0 -s 0 -B 65536 -U -w ${file} ip >/tmp/tcpdump.log 2>&1 & echo $! >/tmp/tcpdump.pid
      until grep -q listening /tmp/tcpdump.log; do sleep 0.1; done`,
    );
    await work();
    await b().must(
      // What it has caught comes to it within a second.
      "sleep 2; kill -INT $(cat /tmp/tcpdump.pid); while kill -0 $(cat /tmp/tcpdump.pid) 2>/dev/null; do sleep 0.1; done",
    );
    assert.match(
      await b().must("cat /tmp/tcpdump.log"),
      /\b[1-9]\d* packets captured[^]*\b0 packets dropped by kernel/,
    );
    return Number(await b().must(`grep -a -o ${text} ${file} | wc -l; rm ${file}`));
  }

  it("goes by TLS, where one side after the other proves who it is", async () => {
    await start("by-tls");
    assert.match(await move("by-tls", "kvm-b", tls), / qemu\+tls:\/\/[\d.]+\/system$/);
    await assertMemoryIntact(lab(), "by-tls", "kvm-b");
    await move("by-tls", "kvm-a", tls);
    assert.deepEqual(
      warnings.filter((text) => /tls|tcp|clear/i.test(text)),
      [],
    );
    await gone("by-tls");
  });

  it("goes by plain TCP only where that is accepted, with a warning", async () => {
    await start("by-tcp");
    assert.deepEqual((await refused("by-tcp", "kvm-b", tcp)).rules, ["plain-tcp kvm-b"]);
    assert.equal(await a().virsh("domstate by-tcp"), "running");
    await move("by-tcp", "kvm-b", tcp, { accept: ["plain-tcp"] });
    assert.equal(warnings.filter((text) => text.includes("qemu+tcp://")).length, 1, warnings.join("\n"));
    await gone("by-tcp");
  });

  it("shows no memory of the guest on the network with migration.tls, and shows it without", async function () {
    this.timeout(120_000);
    const marker = randomBytes(32).toString("hex");
    await start("secret");
    await writeIntoMemory("secret", marker);
    const accept = ["plain-tcp"];
    assert.equal(await onTheWire(marker, () => move("secret", "kvm-b", tls, { tls: true })), 0);
    await move("secret", "kvm-a", tls, { tls: true });
    assert.ok((await onTheWire(marker, () => move("secret", "kvm-b", tls))) > 0, "by TLS without migration.tls");
    await move("secret", "kvm-a", tls, { tls: true });
    assert.equal(await onTheWire(marker, () => move("secret", "kvm-b", tcp, { accept, tls: true })), 0);
    await move("secret", "kvm-a", tls, { tls: true });
    assert.equal(await onTheWire(marker, () => move("secret", "kvm-b", tls, { tunnelled: true })), 0);
    await gone("secret");
  });

  it("names what is wrong with a certificate, and on which host", async () => {
    await start("untrusted");
    const restart = () => restartLibvirtd(b());
    await b().installCertificate({ name: "other", addresses: [] });
    await restart();
    assert.deepEqual(await refused("untrusted", "kvm-b", tls).then(({ code, rules }) => [code, rules]), [
      "peerTls",
      ["peer-certificates kvm-b"],
    ]);
    const wrongName = await refused("untrusted", "kvm-b", tls, { accept: ["peer-certificates", "peer"] });
    assert.deepEqual(
      [wrongName.code, wrongName.commands],
      ["peerTls", ["kvm-a$ virt-pki-validate", "kvm-b$ virt-pki-validate"]],
    );
    await b().installCertificate();
    await restart();

    await a().installCertificate({ otherAuthority: true });
    const stranger = await refused("untrusted", "kvm-b", tls);
    assert.deepEqual([stranger.code, stranger.rules], ["peerTls", ["peer-certificates kvm-a"]]);
    const rejected = await refused("untrusted", "kvm-b", tls, { accept: ["peer-certificates", "peer"] });
    assert.equal(rejected.code, "peerTls");
    assert.match(rejected.does, /\/etc\/pki\/CA\/cacert\.pem and \/etc\/pki\/libvirt\/clientcert\.pem on kvm-a/);

    await a().must("mkdir -p /etc/pki/gone && mv /etc/pki/libvirt/clientcert.pem /etc/pki/gone");
    assert.deepEqual((await refused("untrusted", "kvm-b", tls)).rules, ["peer-certificates kvm-a"]);
    await a().installCertificate();
    // Of another directory, where a valid one lies.
    await a().must(
      "cp /etc/pki/CA/cacert.pem /etc/pki/libvirt/clientcert.pem /etc/pki/libvirt/private/clientkey.pem /etc/pki/gone && rm /etc/pki/libvirt/clientcert.pem",
    );
    await move("untrusted", "kvm-b", { ...tls, peerPkipath: "/etc/pki/gone" });
    await a().installCertificate();
    await gone("untrusted");
  });

  it("names the unit where nothing listens, and SASL where the other side asks for it", async () => {
    await start("unheard");
    const config = "/etc/libvirt/libvirtd.conf";
    const restart = async (change: string) => {
      await b().must(`cp ${config} /tmp/libvirtd.conf && sed -i '${change}' ${config}`);
      await restartLibvirtd(b());
    };
    await restart("s/^listen_tls = 1/listen_tls = 0/; s/^listen_tcp = 1/listen_tcp = 0/");
    for (const [peer, accept] of [
      [tls, []],
      [tcp, ["plain-tcp"]],
    ] as const) {
      const { code, rules, does } = await refused("unheard", "kvm-b", peer, { accept });
      assert.deepEqual([code, rules], ["peerUnreachable", ["peer kvm-a"]]);
      // The lab's hosts have no systemd.
      assert.match(does, new RegExp(`set listen_${peer.peerTransport} = 1 in /etc/libvirt/libvirtd.conf on kvm-b`));
    }
    const itself = await refused("unheard", "kvm-b", tls, { accept: ["peer"] });
    assert.equal(itself.code, "peerUnreachable");
    assert.match(itself.does, /set listen_tls = 1 in \/etc\/libvirt\/libvirtd\.conf on kvm-b/);
    await b().must(`cp /tmp/libvirtd.conf ${config}`);
    await restart('$ a tls_allowed_dn_list = ["CN=another"]');
    const unlisted = await refused("unheard", "kvm-b", tls);
    assert.equal(unlisted.code, "peerTls");
    assert.match(unlisted.does, /kvm-b rejects the certificate of kvm-a/);
    await b().must(`cp /tmp/libvirtd.conf ${config}`);
    await restart('s/^auth_tcp = "none"/auth_tcp = "sasl"/');
    for (const accept of [["plain-tcp"], ["plain-tcp", "peer"]]) {
      const { code, does } = await refused("unheard", "kvm-b", tcp, { accept });
      assert.equal(code, "socketPermission");
      assert.match(does, /give root on kvm-a the credentials of its account there/);
    }
    await restart('s/^auth_tcp = "sasl"/auth_tcp = "none"/');
    await gone("unheard");
  });

  it("is well prepared in the eyes of doctor, which knows no keys for ssh between the hosts then", async () => {
    await a().must("mv /root/.ssh/id_ed25519 /root/.ssh/away");
    const blockers = async (peer: Partial<Host>) => {
      const { pairs } = await withHosts(peer, (hosts) => doctor(hosts, ["kvm-a", "kvm-b"], false, clock));
      return pairs.flatMap(({ source, problems }) =>
        problems.filter(({ severity }) => severity === "blocker").map(({ code }) => `${source}: ${code}`),
      );
    };
    assert.deepEqual(await blockers(tls), []);
    assert.deepEqual(await blockers({}), ["kvm-a: peerUntrusted"]);
    await a().must("mkdir -p /keys && mv /root/.ssh/away /keys/mover");
    await b().must("mkdir -p /keys && cp /root/.ssh/id_ed25519 /keys/mover");
    assert.deepEqual(await blockers({ peerKeyfile: "/keys/mover", peerProxy: "auto" }), []);
    await start("by-key");
    await move("by-key", "kvm-b", { peerKeyfile: "/keys/mover" });
    await gone("by-key");
    await a().must("mv /keys/mover /root/.ssh/id_ed25519");
  });
});
