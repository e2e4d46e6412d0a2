/** Domains as people have them, each moved on real hosts: nothing that they own is lost, and what cannot go is refused with its name. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "../../lab/libvirt";
import type { GuestOptions } from "../../lab/libvirt/guest";
import type { MigrationOptions } from "../../provider/core/options";
import { describeWithLab } from "../support/lab";
import { moveInLab } from "../support/lab-move";
import { assertMemoryIntact } from "../support/memory";
import { until } from "../support/until";

const nvramOf = (name: string) => `/var/lib/libvirt/qemu/nvram/${name}_VARS.fd`;
const tpmOf = (uuid: string) => `/var/lib/libvirt/swtpm/${uuid}`;

/** A guest whose definition is edited before it starts, or a transient one. */
async function guest(
  lab: Lab,
  options: Omit<GuestOptions, "host">,
  edit: (xml: string) => string,
  create = false,
): Promise<{ uuid: string }> {
  const a = lab.host("kvm-a");
  const made = await lab.startGuest({ ...options, host: "kvm-a", state: "shutOff" });
  const xml = edit(await a.virsh(`dumpxml --inactive ${made.uuid}`));
  await a.must(`virsh -q undefine ${made.uuid} --nvram`);
  await a.must(`cat | virsh -q ${create ? "create" : "define"} /dev/stdin`, { input: xml });
  if (!create && options.state !== "shutOff") await a.must(`virsh -q start ${made.uuid}`);
  return made;
}

const withDevice = (device: string) => (xml: string) => xml.replace("</devices>", `${device}</devices>`);

describeWithLab("a VM of every kind", { vtpm: true }, (lab) => {
  const [a, b] = [() => lab().host("kvm-a"), () => lab().host("kvm-b")];
  const move = (domain: string, to = "kvm-b", options: Partial<MigrationOptions> = {}) =>
    moveInLab({ lab: lab(), domain, to, options });

  /** It is refused, and stays exactly as it is: state and definition on the source, and nothing on the destination. */
  async function refused(uuid: string, expected: RegExp, options: Partial<MigrationOptions> = {}): Promise<void> {
    const seen = () => a().must(`virsh domstate --reason ${uuid}; virsh dumpxml --inactive ${uuid}`);
    const before = await seen();
    await assert.rejects(move(uuid, "kvm-b", options), (error: Error) => {
      assert.match(error.message, expected);
      return true;
    });
    assert.equal(await seen(), before);
    assert.equal(await b().virsh("list --all --name"), "");
  }

  afterEach(async function () {
    this.timeout(60_000);
    for (const host of lab().hosts) {
      await host.must(
        "for u in $(virsh -q list --all --uuid); do virsh destroy $u; virsh undefine $u --nvram --tpm --managed-save --snapshots-metadata; done >/dev/null 2>&1; true",
      );
    }
  });

  it("with UEFI and a TPM keeps both while it runs, there and back, and shut off", async function () {
    this.timeout(240_000);
    const name = "uefi";
    const { uuid } = await lab().startGuest({ name, host: "kvm-a", disk: "none", vtpm: true, uefi: true, memoryMiB: 32, state: "shutOff" }); // prettier-ignore
    const content = async (host: ReturnType<typeof a>) =>
      (await host.sh(`sha256sum ${nvramOf(name)} ${tpmOf(uuid)}/tpm2/tpm2-00.permall | sed 's/ .*[/]/ /'`)).stdout;
    /** Started, until the firmware has begun with its TPM and writes nothing any more. */
    async function boot(): Promise<string> {
      const off = await content(a());
      await a().virsh(`start ${name}`);
      await until("its TPM was begun with", async () => (await content(a())) !== off);
      for (;;) {
        const seen = await content(a());
        await sleep(3000);
        if ((await content(a())) === seen) return seen;
      }
    }
    await boot();
    // A variable of this VM alone, at a place that the firmware leaves as it is.
    await a().must(
      `virsh -q destroy ${name}; printf mine | dd of=${nvramOf(name)} bs=1 seek=540000 conv=notrunc status=none`,
    );
    const before = await boot();
    assert.match(before, /_VARS\.fd[^]*tpm2-00\.permall/);
    assert.equal(await a().must(`dd if=${nvramOf(name)} bs=1 skip=540000 count=4 status=none`), "mine");
    await move(name);
    assert.equal(await content(b()), before);
    await move(name, "kvm-a");
    assert.equal(await content(a()), before);
    await a().must(`virsh -q destroy ${name}`);
    assert.equal(await content(a()), before);
    await move(name);
    assert.equal(await content(b()), before);
    await b().must(`virsh -q start ${name} && sleep 2 && virsh -q domstate ${name} | grep -q running`);
  });

  it("with several network cards takes all of them along; a bridge that the destination lacks is named", async function () {
    this.timeout(120_000);
    for (const host of lab().hosts) await host.must("for n in br0 br1; do ip link add $n type bridge && ip link set $n up; done"); // prettier-ignore
    const cards = ["br0", "br1", "br0"].map(
      (bridge, index) =>
        `<interface type='bridge'><mac address='52:54:00:aa:00:0${index}'/><source bridge='${bridge}'/><model type='virtio'/></interface>`,
    );
    await guest(lab(), { name: "cards", dirtyMiB: 4 }, withDevice(cards.join("")));
    const list = (host: ReturnType<typeof a>) => host.must("virsh -q domiflist cards | awk '{print $2, $3, $5}'");
    const before = await list(a());
    await move("cards");
    assert.equal(await list(b()), before);
    assert.equal(before, [0, 1, 2].map((each) => `bridge br${each % 2} 52:54:00:aa:00:0${each}\n`).join(""));
    assert.equal(await b().must("ls /sys/class/net/br0/brif | wc -l"), "2\n");
    await assertMemoryIntact(lab(), "cards", "kvm-b");
    await a().must("ip link delete br1");
    await assert.rejects(move("cards", "kvm-a"), /the bridge br1, which kvm-a does not have/);
    assert.equal(await b().virsh("domstate cards"), "running");
  });

  it("with virtiofs is refused where libvirt refuses it, by name, and goes when it is shut off", async function () {
    this.timeout(120_000);
    for (const host of lab().hosts) await host.must("mkdir -p /var/lib/libvirt/shared");
    const shared =
      "<filesystem type='mount'><driver type='virtiofs'/><source dir='/var/lib/libvirt/shared'/><target dir='data'/></filesystem>";
    const { uuid } = await guest(lab(), { name: "shares", dirtyMiB: 4 }, (xml) =>
      withDevice(shared)(xml).replace(
        "</memory>",
        "</memory><memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
      ),
    );
    await refused(uuid, /virtiofs/);
    await a().must(`virsh -q destroy ${uuid}`);
    await move("shares");
    assert.match(await b().virsh("dumpxml shares"), /virtiofs/);
  });

  it("with a CD-ROM goes empty, and with a disc that both have; a disc that is missing is named", async function () {
    this.timeout(180_000);
    const drive = (source: string) =>
      withDevice(`<disk type='file' device='cdrom'>${source}<target dev='sda' bus='sata'/><readonly/></disk>`);
    await guest(lab(), { name: "empty", dirtyMiB: 4 }, drive(""));
    await move("empty");
    await assertMemoryIntact(lab(), "empty", "kvm-b");
    await b().must("virsh -q destroy empty; virsh -q undefine empty");

    const disc = "/var/lib/libvirt/images/disc.iso";
    await a().must(`head -c 1M /dev/urandom >${disc}`);
    const { uuid } = await guest(lab(), { name: "disc", dirtyMiB: 4 }, drive(`<source file='${disc}'/>`));
    await refused(uuid, new RegExp(`kvm-b does not have ${disc}`));
    await b().must(`cat >${disc}`, { input: "another disc" });
    await refused(uuid, new RegExp(`${disc} on kvm-b is a different file`));
    await a().must("virsh -q change-media disc sda --eject --live");
    await move("disc");
    await assertMemoryIntact(lab(), "disc", "kvm-b");
  });

  it("with snapshots is refused, whether they are inside of the image or beside it, and keeps them", async function () {
    this.timeout(180_000);
    const image = "/var/lib/libvirt/images/snap.qcow2";
    await a().must(`qemu-img create -q -f qcow2 ${image} 16M`);
    const { uuid } = await guest(lab(), { name: "snap", disk: "none", state: "shutOff" }, withDevice(`<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${image}'/><target dev='vda' bus='virtio'/></disk>`)); // prettier-ignore
    const snapshots = () => a().virsh("snapshot-list snap --name");
    await a().must("virsh -q snapshot-create-as snap inside");
    await refused(uuid, /1 snapshot \(inside\)/, { unsafe: true });
    assert.equal(await snapshots(), "inside");
    await a().must("virsh -q start snap");
    await refused(uuid, /1 snapshot \(inside\)/, { copyStorage: "all" });
    await a().must("virsh -q snapshot-delete snap inside");
    await a().must("virsh -q snapshot-create-as snap beside --disk-only");
    await refused(uuid, /1 snapshot \(beside\)/, { copyStorage: "all" });
    assert.equal(await snapshots(), "beside");
    // Once libvirt has forgotten it, what is left is a chain of two images.
    await a().must("virsh -q snapshot-delete snap beside --metadata");
    await a().must("virsh -q destroy snap");
    const overlay = "/var/lib/libvirt/images/snap.beside";
    await a().must(`qemu-io -f qcow2 -c 'write -P 7 0 64k' ${overlay} && virsh -q start snap`);
    // The base has nothing in it.
    await b().must(
      `cd /var/lib/libvirt/images && qemu-img create -q -f qcow2 snap.qcow2 16M && qemu-img create -q -f qcow2 -b ${image} -F qcow2 snap.beside`,
    );
    await move("snap", "kvm-b", { copyStorage: "incremental" });
    const chain = "qemu-img info --backing-chain -U";
    assert.match(await b().must(`${chain} ${overlay}`), /snap\.beside[^]*snap\.qcow2/);
    await b().must(`virsh -q destroy snap; qemu-io -f qcow2 -c 'read -P 7 0 64k' ${overlay} | grep -q 'read 65536'`);
  });

  it("with a managed save is refused with the memory kept, and moves with it once it runs", async function () {
    this.timeout(120_000);
    const { uuid } = await lab().startGuest({ name: "saved", host: "kvm-a", dirtyMiB: 4 });
    await a().must("virsh -q managedsave saved");
    const image = "sha256sum /var/lib/libvirt/qemu/save/saved.save";
    const before = await a().must(image);
    await refused(uuid, /managed save[^]*virsh start saved/);
    assert.equal(await a().must(image), before);
    await a().must("virsh -q start saved");
    await move("saved");
    // Not booted again: the memory is that of before.
    await assertMemoryIntact(lab(), "saved", "kvm-b");
    assert.doesNotMatch(await lab().serial("saved", "kvm-b"), /B/);
  });

  it("that is transient is defined on the destination, and gone from the source", async function () {
    this.timeout(120_000);
    await guest(lab(), { name: "passing", dirtyMiB: 4 }, (xml) => xml, true);
    assert.match(await a().virsh("dominfo passing"), /Persistent: +no/);
    await move("passing");
    assert.match(await b().virsh("dominfo passing"), /Persistent: +yes/);
    assert.equal(await a().virsh("list --all --name"), "");
    await assertMemoryIntact(lab(), "passing", "kvm-b");
  });

  for (const [kind, name] of [
    ["spaces and letters of other alphabets", "Büro 東京 web"],
    ["quotes and what a shell reads", `it's "$HOME" & $(id) \`x\` ; #`],
    ["a dash at its beginning", "--help me"],
  ] as const) {
    it(`with a name of ${kind} goes there and back`, async function () {
      this.timeout(120_000);
      const escaped = name.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
      const { uuid } = await guest(lab(), { name: "plain", dirtyMiB: 4 }, (xml) =>
        xml.replace("<name>plain</name>", () => `<name>${escaped}</name>`),
      );
      const domain = name.startsWith("-") ? uuid : name;
      for (const [to, host] of [
        ["kvm-b", b()],
        ["kvm-a", a()],
      ] as const) {
        const { view } = await move(domain, to);
        assert.deepEqual([view.name, view.host], [name, to]);
        await assertMemoryIntact(lab(), "plain", to);
        assert.match(await host.virsh(`domstate ${uuid}`), /running/);
      }
      await a().must(`virsh -q destroy ${uuid}`);
      const { view } = await move(domain);
      assert.deepEqual([view.name, view.host, view.state], [name, "kvm-b", "shut off"]);
      assert.equal(await a().virsh("list --all --name"), "");
    });
  }
});

describeWithLab("a VM with the CPU of its host", { kvm: true }, (lab) => {
  it("moves to a host with the same, and with maximum too", async function () {
    this.timeout(120_000);
    for (const mode of ["host-passthrough", "maximum"]) {
      await guest(lab(), { name: "whole", dirtyMiB: 4 }, (xml) =>
        xml.replace(
          /<cpu[^]*<\/cpu>/,
          `<cpu mode='${mode}'><feature policy='disable' name='arch-capabilities'/></cpu>`,
        ),
      );
      const { view } = await moveInLab({ lab: lab(), domain: "whole", to: "kvm-b" });
      assert.equal(view.host, "kvm-b");
      await assertMemoryIntact(lab(), "whole", "kvm-b");
      await lab().host("kvm-b").must("virsh -q destroy whole; virsh -q undefine whole");
    }
  });
});
