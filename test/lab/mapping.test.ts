/** Moves between sites: disks at other paths and interfaces on other bridges and networks, with real libvirt. */
import assert from "node:assert/strict";
import type { LabHost } from "../../lab/libvirt";
import type { LastMigration } from "../../provider/core/args";
import type { PlacementError } from "../../provider/core/errors";
import type { MigrationOptions } from "../../provider/core/options";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";

const secret = "s3cr3tVN";
const sites = { "kvm-a": { bridge: "br0", network: "dmz" }, "kvm-b": { bridge: "br-lan", network: "lan" } } as const;
const nics = `<interface type='bridge'><mac address='52:54:00:aa:00:01'/><source bridge='br0'/><model type='virtio'/></interface>
<interface type='network'><mac address='52:54:00:aa:00:02'/><source network='dmz'/><model type='virtio'/></interface>
<graphics type='vnc' port='-1' autoport='yes' passwd='${secret}'/><video><model type='none'/></video>`;
const [siteA, siteB] = ["/srv/site-a", "/srv/site-b"];
const disk = (target: string, format: string, path: string) =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}' cache='none'/><source file='${path}'/><target dev='${target}' bus='virtio'/></disk>`;
const toB: Partial<MigrationOptions> = { networks: { br0: "br-lan", dmz: "lan" } };
const toA: Partial<MigrationOptions> = { networks: { "br-lan": "br0", lan: "dmz" } };

describeWithLab("a VM that moves to another site", { user: "deployer" }, (lab) => {
  const a = () => lab().host("kvm-a");
  const b = () => lab().host("kvm-b");
  /** All that the user saw. */
  let seen: string[] = [];
  /** One of the group libvirt, where nothing needs root. */
  let user = "deployer";

  before(async function () {
    this.timeout(60_000);
    for (const host of [a(), b()]) {
      const { bridge, network } = sites[host.name as keyof typeof sites];
      await host.must(
        `ip link add ${bridge} type bridge && ip link set ${bridge} up
         echo "<network><name>${network}</name><forward mode='bridge'/><bridge name='${bridge}'/></network>" >/tmp/net.xml
         virsh -q net-define /tmp/net.xml && virsh -q net-start ${network}`,
      );
    }
  });

  afterEach(async function () {
    this.timeout(60_000);
    for (const host of [a(), b()]) {
      await host.sh(
        `for u in $(virsh -q list --all --uuid); do virsh destroy $u; virsh undefine $u; done
         umount /srv/site-b; for p in site vms; do virsh pool-destroy $p; virsh pool-undefine $p; done; rm -rf /srv/site-a /srv/site-b /tmp/it.xml`,
      );
    }
  });

  async function move(domain: string, to: string, options: Partial<MigrationOptions>, lastMigration?: LastMigration) {
    const made = await moveInLab({
      lab: lab(),
      domain,
      to,
      options,
      lastMigration,
      rows: seen,
      change: () => ({ user }),
    });
    seen.push(JSON.stringify(made));
    assert.match(made.command, / --xml \/dev\/fd\/3 --persistent-xml \/dev\/fd\/4 /);
    return made;
  }

  /** Defined with these devices besides. */
  async function define(name: string, devices: string, start: boolean): Promise<void> {
    seen = [];
    await lab().startGuest({ name, host: "kvm-a", disk: "none", state: "shutOff", memoryMiB: 32 });
    await a().must(`virsh dumpxml --inactive ${name} | sed '/<video>/,/<\\/video>/d' >/tmp/it.xml`);
    const xml = (await a().must("cat /tmp/it.xml")).replace("</devices>", `${devices}</devices>`);
    await a().must(`cat >/tmp/it.xml && virsh -q define /tmp/it.xml && rm /tmp/it.xml${start ? ` && virsh -q start ${name}` : ""}`, { input: xml }); // prettier-ignore
  }

  const sources = async (host: LabHost, name: string, flags = "") =>
    (await host.must(`virsh dumpxml ${flags} ${name} | sed -n "/<interface/,/<.interface>/s/.*<source \\([^ /]*\\).*/\\1/p"`)).trim().split("\n"); // prettier-ignore
  const taps = async (host: LabHost, bridge: string) => (await host.must(`ls /sys/class/net/${bridge}/brif`)).trim().split(/\s+/); // prettier-ignore
  const password = (host: LabHost, name: string) => host.must(`virsh dumpxml --inactive --security-info ${name} | grep -c "passwd='${secret}'"`); // prettier-ignore

  function assertNothingShown(): void {
    assert.ok(seen.length > 0);
    assert.ok(!seen.join("\n").includes(secret), "the password of its graphics was shown");
  }

  it("runs on the bridge and the network of the destination, and goes back", async function () {
    this.timeout(120_000);
    await define("web", nics, true);
    await move("web", "kvm-b", toB);
    for (const flags of ["", "--inactive"]) assert.deepEqual(await sources(b(), "web", flags), ["bridge='br-lan'", "network='lan'"]); // prettier-ignore
    assert.equal((await taps(b(), "br-lan")).length, 2);
    assert.match(await password(b(), "web"), /^1/);
    // Started again it has them too.
    await b().must("virsh -q destroy web && virsh -q start web");
    assert.equal((await taps(b(), "br-lan")).length, 2);
    await move("web", "kvm-a", toA);
    for (const flags of ["", "--inactive"]) assert.deepEqual(await sources(a(), "web", flags), ["bridge='br0'", "network='dmz'"]); // prettier-ignore
    assert.equal((await taps(a(), "br0")).length, 2);
    assert.match(await password(a(), "web"), /^1/);
    assertNothingShown();
  });

  it("changes a bridge into a network and a network into a bridge, and keeps both shut off", async function () {
    this.timeout(120_000);
    await define("off", nics, false);
    const cross = { networks: { br0: { network: "lan" }, dmz: { bridge: "br-lan" } } } as const;
    await move("off", "kvm-b", cross);
    assert.deepEqual(await sources(b(), "off"), ["network='lan'", "bridge='br-lan'"]);
    await b().must("virsh -q start off");
    assert.equal((await taps(b(), "br-lan")).length, 2);
    await move("off", "kvm-a", { networks: { lan: { bridge: "br0" }, "br-lan": { network: "dmz" } } });
    assert.deepEqual(await sources(a(), "off", "--inactive"), ["bridge='br0'", "network='dmz'"]);
    assert.equal((await taps(a(), "br0")).length, 2);
    assert.match(await password(a(), "off"), /^1/);
    assertNothingShown();
  });

  it("becomes persistent with the destination's networks where it was transient", async function () {
    this.timeout(60_000);
    await define("passing", nics, false);
    await a().must("virsh dumpxml --security-info passing >/tmp/it.xml && virsh -q undefine passing && virsh -q create /tmp/it.xml"); // prettier-ignore
    await move("passing", "kvm-b", toB);
    for (const flags of ["", "--inactive"]) assert.deepEqual(await sources(b(), "passing", flags), ["bridge='br-lan'", "network='lan'"]); // prettier-ignore
    assert.match(await password(b(), "passing"), /^1/);
    assertNothingShown();
  });

  it("stays on the source and leaves nothing behind where the move fails, nothing of its secrets among the processes", async function () {
    this.timeout(120_000);
    await define("stays", nics, true);
    await assert.rejects(move("stays", "kvm-b", { networks: { br0: "br9", dmz: "lan" } }), (error: PlacementError) => {
      assert.match(
        error.message,
        /connected to the bridge br9 by migration\.networks \(br0\), which kvm-b does not have/,
      );
      return true;
    });
    // libvirt finds out itself, and 9.0 only says that the connection has ended.
    const accept = { accept: ["networks"], networks: { br0: "br9", dmz: "lan" } };
    await assert.rejects(move("stays", "kvm-b", accept), (error: PlacementError) => {
      assert.equal(error.phase, "migrate");
      seen.push(error.message);
      return true;
    });
    // In the middle of it.
    const files = "find /tmp /run /root /home /var/tmp /dev/shm -newer /tmp/before -type f -print0 2>/dev/null | xargs -0 -r grep -l SECRET 2>/dev/null | grep -v /libvirt/; true"; // prettier-ignore
    await a().must("touch /tmp/before");
    await a().slowMigrations(20);
    const moving = move("stays", "kvm-b", { ...toB, timeoutMs: 6000 });
    moving.catch(() => {});
    let processes = "";
    while (!processes.includes("--xml /dev/fd/3")) processes = await a().must("ps -eo args");
    assert.ok(!processes.includes(secret));
    assert.equal(await a().must(files.replace("SECRET", secret)), "");
    await assert.rejects(moving, /timeout/);
    await a().unlimit();
    assert.equal(await a().must(files.replace("SECRET", secret)), "");
    assert.equal(await a().virsh("domstate stays"), "running");
    assert.deepEqual(await sources(a(), "stays", "--inactive"), ["bridge='br0'", "network='dmz'"]);
    assert.equal(await b().virsh("list --all --name"), "");
    assert.equal(await a().must("pgrep -fc 'virsh migrat[e]' || true"), "0\n");
    assertNothingShown();
  });

  describe("with disks at other paths", () => {
    const [raw, qcow2] = [`${siteA}/data.img`, `${siteA}/log.qcow2`];
    const others = { vda: { path: `${siteB}/d.img` }, vdb: { path: `${siteB}/l.qcow2` } };
    const back = { vda: { path: raw }, vdb: { path: qcow2 } };
    const copy: Partial<MigrationOptions> = { copyStorage: "all", copyStorageCreateImages: true };

    /** What a guest reads from them, whatever the format. */
    const content = (host: LabHost, ...paths: string[]) =>
      host.must(`for i in ${paths.join(" ")}; do qemu-img convert -U -O raw $i /tmp/content && sha256sum </tmp/content; rm -f /tmp/content; done`); // prettier-ignore
    const files = async (host: LabHost, name: string, flags = "") =>
      (await host.must(`virsh domblklist ${flags} ${name} | awk '/^ *vd/ { print $2 }'`)).trim().split("\n");
    const inPlaces = [others.vda.path, others.vdb.path];

    async function withImages(name: string, start: boolean): Promise<string> {
      // The hosts of the lab have one file system: each sees its own only.
      for (const host of [a(), b()]) await host.must(`mkdir -p ${siteA} ${siteB} && mount -t tmpfs tmpfs ${siteA} && mount -t tmpfs tmpfs ${siteB}`); // prettier-ignore
      await a().must(
        `qemu-img create -q -f raw ${raw} 24M && dd if=/dev/urandom of=${raw} bs=1M seek=4 count=8 conv=notrunc status=none &&
         qemu-img create -q -f qcow2 ${qcow2} 32M && qemu-io -f qcow2 -c 'write -P 9 8M 8M' ${qcow2} >/dev/null`,
      );
      await define(name, disk("vda", "raw", raw) + disk("vdb", "qcow2", qcow2) + nics, start);
      return content(a(), raw, qcow2);
    }

    before(() => void (user = "root"));
    after(() => void (user = "deployer"));
    afterEach(async () => {
      for (const host of [a(), b()]) await host.sh(`umount ${siteA}; umount ${siteB}`);
    });

    it("has them copied there while it runs, with other networks in the same move, and back", async function () {
      this.timeout(180_000);
      const before = await withImages("db", true);
      const { lastMigration } = await move("db", "kvm-b", { ...copy, ...toB, disks: others });
      for (const flags of ["", "--inactive"]) assert.deepEqual(await files(b(), "db", flags), inPlaces);
      assert.deepEqual(await sources(b(), "db"), ["bridge='br-lan'", "network='lan'"]);
      assert.equal(await content(b(), ...inPlaces), before);
      assert.deepEqual(lastMigration!.staleImages!.map(({ host, path }) => `${host} ${path}`), [`kvm-a ${raw}`, `kvm-a ${qcow2}`]); // prettier-ignore
      await b().must(
        `virsh -q destroy db; qemu-io -f qcow2 -c 'write -P 7 1M 1M' ${others.vdb.path} && virsh -q start db`,
      );
      const changed = await content(b(), ...inPlaces);
      assert.notEqual(changed, before);
      await move("db", "kvm-a", { ...copy, ...toA, disks: back }, lastMigration);
      assert.deepEqual(await files(a(), "db"), [raw, qcow2]);
      assert.equal(await content(a(), raw, qcow2), changed);
      assert.deepEqual(await sources(a(), "db"), ["bridge='br0'", "network='dmz'"]);
      assertNothingShown();
    });

    it("has them copied there shut off, starts from them, and back", async function () {
      this.timeout(180_000);
      const before = await withImages("off", false);
      const { lastMigration } = await move("off", "kvm-b", { copyStorage: "all", ...toB, disks: others });
      assert.deepEqual(await files(b(), "off"), inPlaces);
      assert.equal(await content(b(), ...inPlaces), before);
      assert.deepEqual(lastMigration!.staleImages!.map(({ host, path }) => `${host} ${path}`).sort(), [`kvm-a ${raw}`, `kvm-a ${qcow2}`]); // prettier-ignore
      await b().must("virsh -q start off && virsh -q destroy off");
      await b().must(`qemu-io -f raw -c 'write -P 3 1M 1M' ${others.vda.path}`);
      const changed = await content(b(), ...inPlaces);
      await move("off", "kvm-a", { copyStorage: "all", ...toA, disks: back }, lastMigration);
      assert.equal(await content(a(), raw, qcow2), changed);
      assert.deepEqual(await files(a(), "off"), [raw, qcow2]);
    });

    it("has them as volumes of the destination's pool, which are created, and removed where the move fails", async function () {
      this.timeout(180_000);
      const before = await withImages("pooled", true);
      await b().must(`virsh -q pool-define-as site dir --target ${siteB} && virsh -q pool-start site`);
      const volumes = { vda: { pool: "site", volume: "data.raw" }, vdb: { pool: "site", volume: "log.qcow2" } };
      const options = { ...copy, ...toB, disks: volumes };
      await assert.rejects(move("pooled", "kvm-b", { ...options, bandwidthMiBps: 1, timeoutMs: 3000 }), /timeout/);
      assert.equal(await b().must(`ls -A ${siteB}`), "");
      assert.deepEqual(await files(a(), "pooled"), [raw, qcow2]);
      await move("pooled", "kvm-b", options);
      assert.equal(await content(b(), `${siteB}/data.raw`, `${siteB}/log.qcow2`), before);
      assert.match(await b().must("virsh dumpxml --inactive pooled"), /<disk type='volume'[^]*<source pool='site' volume='data\.raw'/); // prettier-ignore
      await b().must("virsh -q destroy pooled && virsh -q start pooled");
      assertNothingShown();
    });

    it("is refused onto a path that is not known to be the same image, and a VM that has no such disk", async function () {
      this.timeout(120_000);
      await withImages("refused", true);
      await b().must(`qemu-img create -q -f raw ${others.vda.path} 24M`);
      const refused = (options: Partial<MigrationOptions>, message: RegExp) =>
        assert.rejects(move("refused", "kvm-b", { ...toB, ...options }), message);
      await refused({ disks: others }, /vda of refused: [^]*vdb of refused/);
      await refused({ ...copy, disks: { vdx: others.vda } }, /refused has no disk vdx, which migration\.disks names[^]*did you mean vda or vdb/); // prettier-ignore
      await refused({ ...copy, disks: { vda: others.vdb, vdb: others.vdb } }, /vda and vdb of refused would both be/);
      await refused({ ...copy, disks: { ...others, vda: { path: `${siteB}/none/d.img` } } }, /kvm-b has no directory \/srv\/site-b\/none/); // prettier-ignore
      assert.deepEqual(await files(a(), "refused"), [raw, qcow2]);
    });
  });

  it("opens the same image and its backing file by the path of the destination, where both hosts see the storage", async function () {
    this.timeout(120_000);
    const shared = `/srv/lab-shared-${lab().id}`;
    const chain = `${shared}/base.qcow2`;
    try {
      await a().must(`mkdir -p ${shared} ${siteB}`);
      await b().must(`mkdir -p ${shared} ${siteB} && echo x >${shared}/seen; ls ${shared}`);
      await b().must(`mount --bind ${shared} ${siteB}`);
      await a().must(
        `cd ${shared} && qemu-img create -q -f qcow2 ${chain} 16M && qemu-io -f qcow2 -c 'write -P 5 1M 1M' ${chain} >/dev/null && qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 top.qcow2`,
      );
      await define("chained", disk("vda", "qcow2", `${shared}/top.qcow2`), true);
      assert.match(await a().must("virsh dumpxml chained"), new RegExp(`<backingStore[^]*${chain}`));
      const options: Partial<MigrationOptions> = { disks: { vda: { path: `${siteB}/top.qcow2` } }, unsafe: true };
      user = "root";
      await a().must(
        `virsh -q destroy chained && qemu-img rebase -u -F qcow2 -b /srv/gone/base.qcow2 ${shared}/top.qcow2`,
      );
      await assert.rejects(
        move("chained", "kvm-b", options),
        /the backing files of \/srv\/site-b\/top\.qcow2 for chained are not all on kvm-b/,
      );
      await a().must(`qemu-img rebase -u -F qcow2 -b base.qcow2 ${shared}/top.qcow2 && virsh -q start chained`);
      await move("chained", "kvm-b", options);
      const xml = await b().must("virsh dumpxml chained");
      assert.match(xml, /<source file='\/srv\/site-b\/top\.qcow2'[^]*<backingStore[^]*\/srv\/site-b\/base\.qcow2/);
      assert.ok(!xml.includes(shared));
      assert.ok(!(await b().must("virsh dumpxml --inactive chained")).includes(shared));
      await move("chained", "kvm-a", { disks: { vda: { path: `${shared}/top.qcow2` } }, unsafe: true });
      assert.match(await a().must("virsh dumpxml chained"), new RegExp(`<backingStore[^]*${chain}`));
    } finally {
      user = "deployer";
      await a().sh(`virsh destroy chained; virsh undefine chained; rm -rf ${shared}`);
    }
  });
});
