import assert from "node:assert/strict";
import { withVolumes } from "../../../../provider/preflight/probes/volumes";
import type { Virsh } from "../../../../provider/virsh/client";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";

const definition = parseDomainXml(
  "<domain type='kvm'><name>db-01</name><memory unit='KiB'>2097152</memory><devices><disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='default' volume='a.qcow2' index='1'/><backingStore/><target dev='vda' bus='virtio'/></disk></devices></domain>",
)!;

describe("a disk by pool and volume", () => {
  const answers: [answer: string | undefined, type: string, path: string | undefined][] = [
    ["/var/lib/libvirt/images/a.qcow2\n\n", "file", "/var/lib/libvirt/images/a.qcow2"],
    ["/dev/vg/a\n", "block", "/dev/vg/a"],
    ["rbd/a\n", "network", undefined],
    [undefined, "volume", undefined],
  ];
  for (const [answer, type, path] of answers) {
    it(`is ${type} where virsh says ${answer?.trim() ?? "nothing"}`, async () => {
      const virsh = { inquire: () => Promise.resolve(answer) } as unknown as Virsh;
      const [disk] = (await withVolumes(virsh, definition)).disks;
      assert.deepEqual([disk!.type, disk!.path, disk!.volume !== undefined], [type, path, type === "volume"]);
    });
  }
});
