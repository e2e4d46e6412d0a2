/** What a VM owns beside its disks, with real swtpm state and real UEFI variables on real hosts. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { restartLibvirtd } from "../../lab/faults/inject";
import type { LabHost } from "../../lab/libvirt";
import {
  inspectScript,
  keepAndPackScript,
  parseInspected,
  parsePacked,
  placeScript,
} from "../../provider/virsh/ownedFiles";
import { describeWithLab } from "../support/lab";
import { type LabMove, moveInLab } from "../support/lab-move";

const move = ({ user, ...asked }: LabMove & { user?: string }) =>
  moveInLab({ ...asked, ...(user !== undefined && { change: () => ({ user }) }) });

const tpmOf = (uuid: string) => `/var/lib/libvirt/swtpm/${uuid}`;
const nvramOf = (name: string) => `/var/lib/libvirt/qemu/nvram/${name}_VARS.fd`;

/** Content, modes and owners of what the VM owns there. */
function stateOn(host: LabHost, { name, uuid }: Vm): Promise<string> {
  return host.must(
    `for p in ${tpmOf(uuid)} ${nvramOf(name)}; do [ -e $p ] || continue; find $p ! -name .lock -printf '%p %M %u:%g\\n'; find $p -type f ! -name .lock -exec sha256sum {} +; done | sort`,
  );
}

/** Names that no move may leave behind, but for the note of what has moved on. */
function remains(host: LabHost): Promise<string> {
  return host.must(
    "find /var/lib/libvirt/swtpm /var/lib/libvirt/qemu/nvram -name '.vm-placement*' ! -name '*.superseded' 2>/dev/null || true",
  );
}

interface Vm {
  name: string;
  uuid: string;
}

describeWithLab("what a VM that is shut off owns beside its disks", { vtpm: true }, (lab) => {
  const a = () => lab().host("kvm-a");
  const b = () => lab().host("kvm-b");
  let count = 0;

  /** Started once, so that swtpm and the firmware have written what is this VM's alone. */
  async function vmWithState(vtpm: boolean | "persistent" = true): Promise<Vm> {
    const name = `owner-${++count}`;
    const { uuid } = await lab().startGuest({ name, host: "kvm-a", disk: "none", vtpm, uefi: true, memoryMiB: 32, state: "shutOff" }); // prettier-ignore
    await a().must(`virsh start ${name} && sleep 1 && virsh destroy ${name}`);
    return { name, uuid };
  }

  const gone = async (vm: Vm) => {
    for (const host of [a(), b()]) {
      await host.sh(
        `virsh destroy ${vm.name}; virsh undefine ${vm.name} --nvram --tpm; rm -rf ${tpmOf(vm.uuid)} ${nvramOf(vm.name)}`,
      );
      assert.equal(await remains(host), "");
    }
  };

  for (const vtpm of [true, "persistent"] as const) {
    it(`goes there and back with it${vtpm === true ? "" : ", persistent_state or not"}`, async function () {
      this.timeout(180_000);
      const vm = await vmWithState(vtpm);
      const before = await stateOn(a(), vm);
      assert.match(before, /tpm2-00\.permall/);
      assert.match(before, /_VARS\.fd/);
      await move({ lab: lab(), domain: vm.name, to: "kvm-b" });
      assert.equal(await stateOn(b(), vm), before);
      // It starts with its own TPM, and both change there.
      await b().must(`virsh start ${vm.name} && sleep 1 && virsh destroy ${vm.name}`);
      await b().must(`printf x | dd of=${nvramOf(vm.name)} bs=1 seek=100 conv=notrunc status=none`);
      const changed = await stateOn(b(), vm);
      assert.notEqual(changed, before);
      await move({ lab: lab(), domain: vm.name, to: "kvm-a" });
      assert.equal(await stateOn(a(), vm), changed);
      await a().must(`virsh start ${vm.name} && virsh destroy ${vm.name}`);
      await gone(vm);
    });
  }

  it("is where it was, on both hosts, after libvirt has refused the move", async function () {
    this.timeout(120_000);
    const vm = await vmWithState();
    const before = await stateOn(a(), vm);
    await b().must(
      "mkdir -p /etc/libvirt/hooks; printf '#!/bin/sh\\ncase $2 in migrate) echo not today >&2; exit 1; esac\\n' >/etc/libvirt/hooks/qemu; chmod 755 /etc/libvirt/hooks/qemu",
    );
    await restartLibvirtd(b());
    try {
      await assert.rejects(move({ lab: lab(), domain: vm.name, to: "kvm-b" }), /not today|Hook script/);
    } finally {
      await b().must("rm /etc/libvirt/hooks/qemu");
      await restartLibvirtd(b());
    }
    assert.equal(await stateOn(a(), vm), before);
    assert.equal(await stateOn(b(), vm), "");
    assert.equal(await remains(a()), "");
    assert.equal(await a().virsh(`domstate ${vm.name}`), "shut off");
    await move({ lab: lab(), domain: vm.name, to: "kvm-b" });
    assert.equal(await stateOn(b(), vm), before);
    await gone(vm);
  });

  it("is on both hosts where libvirt leaves the definition on both", async function () {
    this.timeout(120_000);
    const vm = await vmWithState();
    const before = await stateOn(a(), vm);
    await b().must("mkdir -p /etc/libvirt/qemu && mount -t tmpfs -o ro none /etc/libvirt/qemu");
    try {
      await assert.rejects(
        move({ lab: lab(), domain: vm.name, to: "kvm-b" }),
        /Read-only file system[\s\S]*Remove nothing by hand/,
      );
    } finally {
      await b().must("umount /etc/libvirt/qemu");
    }
    assert.equal(await stateOn(a(), vm), before);
    assert.equal(await stateOn(b(), vm), before);
    // libvirt 9.0.0 shows a definition there that is in no file, which its daemon forgets when it ends; the content stays.
    await restartLibvirtd(b());
    assert.equal(await stateOn(b(), vm), before);
    await move({ lab: lab(), domain: vm.name, to: "kvm-b" });
    assert.equal(await stateOn(b(), vm), before);
    await gone(vm);
  });

  it("is taken along after an interruption in the middle, also when the VM ran meanwhile", async function () {
    this.timeout(120_000);
    const vm = await vmWithState();
    // As a controller leaves it that ends right before `virsh migrate`.
    for (const path of [tpmOf(vm.uuid), nvramOf(vm.name)]) {
      const seen = parseInspected(await a().must("sh", { input: inspectScript([path]).text }))!;
      const digest = seen.byPath[path]!.digest!;
      const packed = parsePacked(await a().must("sh", { input: keepAndPackScript(path, digest).text }))!;
      assert.equal(await b().must("sh", { input: placeScript(path, digest, packed).text }), "placed\n");
    }
    await a().must(`printf y | dd of=${nvramOf(vm.name)} bs=1 seek=200 conv=notrunc status=none`);
    const now = await stateOn(a(), vm);
    await move({ lab: lab(), domain: vm.name, to: "kvm-b" });
    assert.equal(await stateOn(b(), vm), now);
    await gone(vm);
  });

  it("is not moved where other content has its place on the destination", async function () {
    this.timeout(120_000);
    const vm = await vmWithState();
    const before = await stateOn(a(), vm);
    for (const [path, put] of [
      [nvramOf(vm.name), `mkdir -p $(dirname ${nvramOf(vm.name)}); echo other >${nvramOf(vm.name)}`],
      [tpmOf(vm.uuid), `mkdir -p ${tpmOf(vm.uuid)}/tpm2; echo other >${tpmOf(vm.uuid)}/tpm2/tpm2-00.permall`],
    ] as const) {
      await b().must(put);
      const onDestination = await stateOn(b(), vm);
      await assert.rejects(move({ lab: lab(), domain: vm.name, to: "kvm-b" }), (error: Error & { code: string }) => {
        assert.equal(error.code, "unsafeStorage");
        assert.match(error.message, new RegExp(`${path} on kvm-b has different content`));
        assert.match(error.message, new RegExp(`mv -T ${path} ${path}.old`));
        return true;
      });
      assert.equal(await stateOn(b(), vm), onDestination);
      await b().must(`rm -rf ${path}`);
    }
    assert.equal(await stateOn(a(), vm), before);
    await gone(vm);
  });

  it("is not moved to a host without swtpm, nor by an account that may not read it", async function () {
    this.timeout(120_000);
    const vm = await vmWithState();
    const before = await stateOn(a(), vm);
    await b().must("mount --bind /dev/null $(command -v swtpm)");
    try {
      await assert.rejects(move({ lab: lab(), domain: vm.name, to: "kvm-b" }), /kvm-b has no emulator for it/);
    } finally {
      await b().must("umount $(command -v swtpm)");
    }
    for (const host of [a(), b()]) await host.addUser("deployer", { libvirtGroup: true });
    await assert.rejects(
      move({ lab: lab(), domain: vm.name, to: "kvm-b", user: "deployer" }),
      /the account deployer on kvm-a can neither read nor write it/,
    );
    assert.equal(await stateOn(a(), vm), before);
    assert.equal(await stateOn(b(), vm), "");
    await gone(vm);
  });

  it("may go back shut off after a live move has left old UEFI variables", async function () {
    this.timeout(180_000);
    const vm = await vmWithState();
    await a().must(`virsh start ${vm.name}; sleep 2`);
    await move({ lab: lab(), domain: vm.name, to: "kvm-b" });
    await b().must(
      `virsh destroy ${vm.name}; printf z | dd of=${nvramOf(vm.name)} bs=1 seek=300 conv=notrunc status=none`,
    );
    const now = await stateOn(b(), vm);
    await move({ lab: lab(), domain: vm.name, to: "kvm-a" });
    assert.equal(await stateOn(a(), vm), now);
    await gone(vm);
  });
});

describeWithLab("the disks of a VM", {}, (lab) => {
  const image = (name: string) => `/var/lib/libvirt/images/${name}.img`;

  it("are not swapped for what is at their path on the destination", async function () {
    this.timeout(120_000);
    const name = `disk-${randomUUID().slice(0, 8)}`;
    await lab().startGuest({ name, host: "kvm-a", disk: "file", state: "shutOff" });
    await assert.rejects(move({ lab: lab(), domain: name, to: "kvm-b" }), (error: Error & { code: string }) => {
      assert.equal(error.code, "unsafeStorage");
      assert.match(error.message, /is not known to be the same file/);
      return true;
    });
    assert.equal(await lab().host("kvm-a").virsh(`domstate ${name}`), "shut off");
    const { lastMigration } = await move({ lab: lab(), domain: name, to: "kvm-b", options: { unsafe: true } });
    assert.equal(lastMigration!.mode, "offline");
    await lab().host("kvm-b").must(`virsh undefine ${name}`);
  });

  it("are stale on the source after copyStorage, and copied again on the way back", async function () {
    this.timeout(180_000);
    const name = `disk-${randomUUID().slice(0, 8)}`;
    await lab().startGuest({ name, host: "kvm-a", disk: "file" });
    const rows: string[] = [];
    const onDestination = await move({ lab: lab(), domain: name, to: "kvm-b", options: { copyStorage: "all" }, rows });
    const { lastMigration } = onDestination;
    assert.deepEqual(lastMigration!.staleImages, [
      { host: "kvm-a", path: image(name), since: lastMigration!.startedAt },
    ]);
    assert.ok(
      rows.some((row) => row.startsWith(`stale from now on, and left as they are on kvm-a: ${image(name)}`)),
      rows.join("\n"),
    );
    const back = { lab: lab(), domain: name, to: "kvm-a", lastMigration };
    const stale = new RegExp(`stale copy that the move of ${lastMigration!.startedAt}`);
    await assert.rejects(move(back), stale);
    await lab().host("kvm-b").must(`virsh destroy ${name}`);
    await assert.rejects(move(back), stale);
    await lab().host("kvm-b").must(`virsh start ${name}`);
    const again = await move({ ...back, options: { copyStorage: "all" } });
    assert.deepEqual(
      again.lastMigration!.staleImages?.map(({ host }) => host),
      ["kvm-b"],
    );
    await lab().host("kvm-a").must(`virsh destroy ${name}; virsh undefine ${name}`);
  });
});
