import assert from "node:assert/strict";
import { explainFailure } from "../../../provider/reconcile/explainFailure";
import { migrationOf } from "../../support/migrations";
import { Placing } from "../../support/placing";

describe("explaining a failed migration", () => {
  let world: Placing;
  beforeEach(() => (world = new Placing({})));
  afterEach(() => world.hosts.close());

  const explain = (stderr: string) =>
    explainFailure({ code: 1, signal: null, stdout: "", stderr }, migrationOf(), 1500, world.hosts);

  it("takes libvirt's word where it tells", async () => {
    world.host("kvm-a").log = "2026-01-01 00:00:00.000+0000: 1: error : qemuX:1 : No space left on device\n";
    const error = await explain("error: Unsafe migration: Migration without shared storage is unsafe\n");
    assert.equal(error.code, "unsafeStorage");
    assert.equal(error.phase, "migrate");
    assert.equal(error.host, "kvm-a");
    assert.match(error.message, /^cannot move db-01 from kvm-a to kvm-b \(migrate, on kvm-a\): Unsafe migration/);
    assert.deepEqual(world.fakes.dialled, ["kvm-a"]);
  });

  it("reads the source's log where libvirt's word hides the cause", async () => {
    world.host("kvm-a").log =
      "2026-01-01 00:00:00.000+0000: 4711: error : virNetTLSContextCheckCertDN:1007 : Unable to access credentials /etc/pki/qemu/ca-cert.pem: No such file or directory\n";
    const error = await explain("error: End of file while reading data: : Input/output error\n");
    assert.equal(error.code, "peerTls");
    assert.match(error.problem.message, /Unable to access credentials \/etc\/pki\/qemu\/ca-cert\.pem/);
    assert.doesNotMatch(error.problem.message, /4711|virNetTLSContextCheckCertDN/);
  });

  it("keeps libvirt's word where the log has nothing to add", async () => {
    const error = await explain("error: End of file while reading data: : Input/output error\n");
    assert.equal(error.code, "migrationFailed");
    assert.match(error.problem.message, /End of file while reading data/);
  });

  it("takes nothing for the cause that a daemon says when it starts, or of our own questions", async () => {
    world.host("kvm-a").log = [
      "udevGetDMIData:1936 : internal error: Failed to get udev device for syspath '/sys/devices/virtual/dmi/id'",
      "virCommandWait:2725 : internal error: Child process (/usr/sbin/dmidecode -q -t 0,1) unexpected exit status 1",
      "dnsmasqCapsNewFromBinary:673 : Unable to find 'dnsmasq' binary in $PATH: No such file or directory",
      "qemuDomainGetJobStats:1 : Operation not supported: migration statistics are available only on the source host",
      "virGDBusGetSystemBus:99 : internal error: Unable to get system bus connection: Could not connect",
    ]
      .map((message) => `2026-01-01 00:00:00.000+0000: 53: error : ${message}\n`)
      .join("");
    const {
      problem: { message: why },
    } = await explain("error: End of file while reading data: : Input/output error\n");
    assert.match(why, /End of file while reading data/);
    assert.doesNotMatch(why, /udev|dmidecode|dnsmasq|system bus|statistics/);
  });

  it("takes nothing for the cause that ssh says of another move's login: virsh says that itself", async () => {
    const logins = [
      "virNetSocketReadWire:1793 : Cannot recv data: nobody-in@10.77.1.2: Permission denied (publickey).: Connection reset by peer",
      "virNetSocketReadWire:1793 : Cannot recv data: Host key verification failed.: Connection reset by peer",
      "virNetSocketReadWire:1793 : Cannot recv data: ssh: Could not resolve hostname no-such-host.invalid: Name or service not known: Connection reset by peer",
      "virNetSocketReadWire:1793 : End of file while reading data: virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied: Input/output error",
    ].map((message) => `2026-01-01 00:00:02.000+0000: 53: error : ${message}\n`);
    const hidden = "error: operation failed: job 'migration out' unexpectedly failed\n";
    world.host("kvm-a").log = logins.join("");
    assert.equal((await explain(hidden)).code, "migrationFailed");
    world.host("kvm-a").log = [
      "2026-01-01 00:00:01.000+0000: 53: error : qemuX:1 : internal error: unable to execute QEMU command 'migrate': Failed to connect to '10.77.1.3:49152': No route to host\n",
      ...logins,
    ].join("");
    const error = await explain(hidden);
    assert.equal(error.code, "peerUnreachable");
    assert.match(error.problem.message, /10\.77\.1\.3:49152/);
  });

  it("asks both hosts for their daemons where the remedies name one, and only there", async () => {
    await explain("error: internal error: Unable to find an unused port in range 'migration' (49152-49215)\n");
    assert.deepEqual(new Set(world.fakes.dialled), new Set(["kvm-a", "kvm-b"]));
    for (const host of ["kvm-a", "kvm-b"]) {
      assert.ok(
        world.host(host).scripts.some((script) => script.includes("virtqemud")),
        host,
      );
    }
  });

  it("does not fail itself where the destination cannot be asked", async () => {
    world.host("kvm-b").down = true;
    const error = await explain("error: End of file while reading data: : Input/output error\n");
    assert.equal(error.code, "migrationFailed");
  });
});
