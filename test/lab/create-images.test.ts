/** A VM that runs, moved with its disks to a host that has no images for them: real images, real libvirt. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { LabHost } from "../../lab/libvirt";
import type { PlacementError } from "../../provider/core/errors";
import type { MigrationOptions } from "../../provider/core/options";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";

const images = "/var/lib/libvirt/vms";
const [raw, qcow2, base] = [`${images}/data.img`, `${images}/log.qcow2`, `${images}/base.qcow2`];
const create: Partial<MigrationOptions> = { copyStorage: "all", copyStorageCreateImages: true };

const disk = (path: string, format: string, target: string) =>
  `<disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${path}'/><target dev='${target}' bus='virtio'/></disk>`;

describeWithLab("a VM that runs, with createImages", {}, (lab) => {
  const a = () => lab().host("kvm-a");
  const b = () => lab().host("kvm-b");
  let rows: string[] = [];
  const move = (domain: string, to: string, options: Partial<MigrationOptions> = create) =>
    moveInLab({ lab: lab(), domain, to, options, rows });

  /** With a raw disk and a qcow2 one on the source alone, each with content. */
  async function start(name: string, log = `qemu-img create -q -f qcow2 ${qcow2} 96M`): Promise<void> {
    rows = [];
    for (const host of [a(), b()]) await host.must(`mkdir -p ${images}; echo mine >${images}/other`);
    await lab().startGuest({ name, host: "kvm-a", disk: "none", state: "shutOff", memoryMiB: 32 });
    await a().must(
      `qemu-img create -q -f raw ${raw} 80M && dd if=/dev/urandom of=${raw} bs=1M seek=8 count=40 conv=notrunc status=none &&
       ${log} && qemu-io -f qcow2 -c 'write -P 9 8M 40M' ${qcow2} >/dev/null &&
       virsh dumpxml --inactive ${name} | sed "s#</devices>#${disk(raw, "raw", "vda")}${disk(qcow2, "qcow2", "vdb")}</devices>#" >/tmp/it.xml &&
       virsh -q define /tmp/it.xml && rm /tmp/it.xml && virsh -q start ${name}`,
    );
  }

  /** What a guest reads from them, whatever the format. */
  const content = async (host: LabHost) =>
    host.must(
      `for i in ${raw} ${qcow2}; do qemu-img convert -U -O raw $i /tmp/content && sha256sum </tmp/content; rm -f /tmp/content; done`,
    );
  const files = async (host: LabHost) => (await host.must(`ls -A ${images}`)).trim().split("\n");

  afterEach(async function () {
    this.timeout(60_000);
    for (const host of [a(), b()]) {
      await host.sh(
        `for u in $(virsh -q list --all --uuid); do virsh destroy $u; virsh undefine $u; done; virsh pool-destroy vms; virsh pool-undefine vms; rm -rf ${images}`,
      );
    }
  });

  it("takes two disks of different formats along, and both back", async function () {
    this.timeout(240_000);
    await start("two");
    const before = await content(a());
    // Slowly enough for some rows meanwhile.
    await move("two", "kvm-b", { ...create, bandwidthMiBps: 10 });
    assert.equal(await content(b()), before);
    assert.match(rows.join("\n"), /pre-copy .* · vda \d+ % · vdb \d+ %/);
    assert.deepEqual(await files(b()), ["base.qcow2", "data.img", "log.qcow2", "other"].filter((each) => each !== "base.qcow2")); // prettier-ignore
    const info = (host: LabHost, path: string) =>
      host.must(`qemu-img info -U ${path} | grep -E '^(file format|virtual size)'`);
    for (const path of [raw, qcow2]) assert.equal(await info(b(), path), await info(a(), path));
    assert.match(await b().must(`stat -c %a ${raw} ${qcow2}`), /^600\n600\n$/);
    await b().must("virsh -q destroy two && virsh -q start two");
    assert.equal(await content(b()), before);
    // There are images of the same size and format on the source: they are used.
    await b().must(`virsh -q destroy two; qemu-io -f qcow2 -c 'write -P 7 1M 1M' ${qcow2} && virsh -q start two`);
    const changed = await content(b());
    await move("two", "kvm-a");
    assert.equal(await content(a()), changed);
  });

  it("makes volumes where a storage pool has the directory", async function () {
    this.timeout(120_000);
    await start("pooled");
    await b().must(`virsh -q pool-define-as vms dir --target ${images} && virsh -q pool-start vms`);
    const before = await content(a());
    await move("pooled", "kvm-b");
    assert.equal(await content(b()), before);
    assert.match(await b().must("virsh -q vol-list vms"), /data\.img[^]*log\.qcow2/);
  });

  it("copies incrementally onto the backing file that the destination has, and is refused without one", async function () {
    this.timeout(120_000);
    await start("chain", `qemu-img create -q -f qcow2 ${base} 96M && qemu-io -f qcow2 -c 'write -P 5 64M 1M' ${base} >/dev/null && qemu-img create -q -f qcow2 -b ${base} -F qcow2 ${qcow2}`); // prettier-ignore
    const options = { ...create, copyStorage: "incremental" } as const;
    const before = await content(a());
    await assert.rejects(move("chain", "kvm-b", options), (error: PlacementError) => {
      assert.match(error.message, /vdb of chain: kvm-b does not have \/var\/lib\/libvirt\/vms\/base\.qcow2/);
      return true;
    });
    assert.deepEqual(await files(b()), ["other"]);
    await b().must(`cat >${base}.64`, { input: await a().must(`base64 ${base}`) });
    await b().must(`base64 -d ${base}.64 >${base} && rm ${base}.64`);
    await move("chain", "kvm-b", options);
    assert.equal(await content(b()), before);
    assert.match(await b().must(`qemu-img info -U ${qcow2}`), new RegExp(`backing file: ${base}`));
  });

  it("removes what it created when the move fails, and nothing else", async function () {
    this.timeout(240_000);
    await start("failing");
    const before = await content(a());
    // One that is there already, and fits, stays.
    await b().must(`qemu-img create -q -f qcow2 ${qcow2} 96M`);
    const kept = await b().must(`stat -c '%i' ${qcow2}`);
    const port = 49_200;
    await b().must(`iptables -I INPUT -p tcp --dport ${port} -j REJECT`);
    try {
      await assert.rejects(move("failing", "kvm-b", { ...create, copyStoragePort: port }));
    } finally {
      await b().must(`iptables -D INPUT -p tcp --dport ${port} -j REJECT`);
    }
    assert.deepEqual(await files(b()), ["log.qcow2", "other"]);
    assert.equal(await b().must(`stat -c '%i' ${qcow2}`), kept);

    // Cancelled in the middle.
    await b().must(`rm ${qcow2}`);
    await assert.rejects(move("failing", "kvm-b", { ...create, bandwidthMiBps: 8, timeoutMs: 3000 }), /timeout/);
    assert.deepEqual(await files(b()), ["other"]);
    assert.equal(await b().must(`cat ${images}/other`), "mine\n");
    assert.equal(await a().virsh("domstate failing"), "running");
    assert.equal(await content(a()), before);
    await move("failing", "kvm-b");
    assert.equal(await content(b()), before);
    await assertMemoryIntact(lab(), "failing", "kvm-b").catch(() => {});
  });

  it("goes on while another VM is moved to the same host", async function () {
    this.timeout(180_000);
    await start("slow");
    await lab().startGuest({ name: "other", host: "kvm-a" });
    const before = await content(a());
    const moving = move("slow", "kvm-b", { ...create, bandwidthMiBps: 2 });
    moving.catch(() => {});
    // QEMU waits for its memory until the disks are copied, and takes the first connection for that.
    const waits = "ss -tln | grep -q :49152";
    while ((await b().sh(waits)).code !== 0) await sleep(100);
    await move("other", "kvm-b", {});
    assert.equal((await b().sh(waits)).code, 0);
    await moving;
    assert.equal(await b().virsh("list --name"), "slow\nother");
    assert.equal(await content(b()), before);
    await assertMemoryIntact(lab(), "other", "kvm-b");
  });

  it("leaves an image alone that does not fit", async function () {
    this.timeout(120_000);
    await start("unfit");
    await b().must(`qemu-img create -q -f qcow2 ${qcow2} 64M`);
    const sum = await b().must(`sha256sum ${qcow2}`);
    await assert.rejects(
      move("unfit", "kvm-b"),
      /vdb of unfit: \/var\/lib\/libvirt\/vms\/log\.qcow2 on kvm-b has 64 MiB/,
    );
    assert.equal(await b().must(`sha256sum ${qcow2}`), sum);
    assert.deepEqual(await files(b()), ["log.qcow2", "other"]);
  });
});
