import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describeWithLab } from "../support/lab";

/** As an account of this computer that has no rights at all. */
function asNobody(...command: string[]) {
  return spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", ...command], {
    encoding: "utf8",
    timeout: 20_000,
    cwd: "/",
  });
}

/** Whether a connection is taken within two seconds. */
const connects = (address: string, port: number) =>
  asNobody("timeout", "2", "bash", "-c", `: </dev/tcp/${address}/${port}`).status === 0;

describeWithLab("another account of the computer", { tls: true }, (lab) => {
  const [a, b] = [() => lab().host("kvm-a"), () => lab().host("kvm-b")];
  const switchAddress = () => a().address.replace(/\d+$/, "254");

  before(async function () {
    this.timeout(120_000);
    await lab().startGuest({ name: "db-01", host: "kvm-a" });
    // Anybody's to take: what listens for a migration or a disk asks nobody who he is.
    await b().must(
      "nohup python3 -m http.server 49152 >/dev/null 2>&1 & for i in $(seq 100); do (: </dev/tcp/127.0.0.1/49152) 2>/dev/null && exit 0; sleep 0.1; done; exit 1",
    );
  });

  it("reaches ssh, which asks for a key, and nothing that asks for nothing", () => {
    for (const { address } of [a(), b()]) {
      assert.equal(connects(address, 22), true);
      assert.equal(connects(address, 16509), false, "libvirtd without a login");
    }
    assert.equal(connects(b().address, 49152), false, "a migration");
    assert.equal(connects(switchAddress(), 10809), false, "the disk of a guest");
  });

  it("is not let in by libvirtd, over TCP or TLS, nor by ssh", () => {
    for (const uri of [`qemu+tcp://${a().address}/system`, `qemu+tls://${a().address}/system`]) {
      const { status } = asNobody("timeout", "5", "virsh", "-c", `${uri}?no_verify=1`, "list");
      assert.notEqual(status, 0, uri);
    }
    const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"].flatMap((o) => [
      "-o",
      o,
    ]);
    const { status, stderr } = asNobody(
      "ssh",
      "-F",
      "/dev/null",
      ...options,
      "-i",
      lab().keyFile,
      `root@${a().address}`,
      "id",
    );
    assert.equal(status, 255);
    assert.match(stderr, /Permission denied/);
  });

  it("reads no key of the lab, no file of a host and no disk, and writes nothing there", () => {
    const readable = asNobody("find", lab().dir, "-type", "f", "-readable").stdout.trim().split("\n");
    const names = readable.map((path) => path.slice(lab().dir.length + 1));
    assert.ok(names.includes("known_hosts"), names.join());
    assert.deepEqual(
      names.filter(
        (name) => !/^(known_hosts|lab\.json|switch\.(log|started)|processes\/[\w-]+|[\w-]+\.pub)$/.test(name),
      ),
      [],
    );
    assert.equal(asNobody("find", lab().dir, "-writable", "!", "-type", "l").stdout, "");
    for (const part of ["id_ed25519", "peer_ed25519", "hosts", "images", "pki"]) {
      assert.notEqual(asNobody("test", "-r", join(lab().dir, part)).status, 0, part);
    }
  });

  it("is what the hosts are not to each other: libvirt's TCP, migrations and disks work between them", async function () {
    this.timeout(60_000);
    assert.match(await a().must(`virsh -c qemu+tcp://${b().address}/system list --all && echo listed`), /listed/);
    await a().must("virsh -q migrate --live --p2p --persistent --undefinesource db-01 qemu+tcp://kvm-b/system");
    assert.match(await b().virsh("domstate db-01"), /running/);
  });
});
