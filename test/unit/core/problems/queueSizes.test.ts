import assert from "node:assert/strict";
import { problems } from "../../../../provider/core/problems";
import { queuesFit } from "../../../../provider/core/problems/queueSizes";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";
import { healthyDomain, healthyHost, healthyMove } from "../../../support/move-facts";

/** The severities of what is found for a VM with the device, or with virtio devices, moved from one QEMU to another. */
function found(from: string, to: string, device?: string, how: "live" | "offline" = "live"): string[] {
  const virtio =
    device === undefined ||
    parseDomainXml(
      `<domain type='kvm'><name>db-01</name><memory unit='GiB'>8</memory><os><type>hvm</type></os><devices>${device}</devices></domain>`,
    )!.virtio;
  const hosts = { source: healthyHost("kvm-a", { qemu: from }), destination: healthyHost("kvm-b", { qemu: to }) };
  return queuesFit(healthyMove({ ...hosts, domain: healthyDomain({ virtio }), how })).map(({ severity }) => severity);
}

describe("larger queues than the destination takes", () => {
  it("are warned about from the QEMU that makes them to the ones that check them", () => {
    assert.deepEqual(found("10.0.13", "11.1.2"), ["warning"]);
    for (const [from, to] of [
      ["10.0.13", "10.0.13"],
      ["10.0.13", "11.0.0"],
      ["10.0.12", "11.1.2"],
      ["7.2.22", "11.1.2"],
      ["11.1.2", "11.1.2"],
    ] as const)
      assert.deepEqual(found(from, to), [], `${from} → ${to}`);
    assert.deepEqual(found("10.0.13", "11.1.2", undefined, "offline"), []);
  });

  for (const device of [
    "<disk type='file' device='disk'><source file='/a'/><target dev='vda' bus='virtio'/></disk>",
    "<interface type='bridge'><source bridge='br0'/><model type='virtio-non-transitional'/></interface>",
    "<controller type='scsi' model='virtio-scsi'/>",
    "<controller type='virtio-serial' index='0'/>",
    "<memballoon model='virtio'/>",
    "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>",
    "<vsock model='virtio'/>",
    "<video><model type='virtio'/></video>",
    "<input type='tablet' bus='virtio'/>",
  ])
    it(`may be those of ${device.slice(0, 60)}`, () =>
      assert.deepEqual(found("10.0.13", "11.1.2", device), ["warning"]));

  for (const device of [
    "<disk type='file' device='disk'><source file='/a'/><target dev='sda' bus='sata'/></disk>",
    "<interface type='bridge'><source bridge='br0'/><model type='e1000e'/></interface>",
    "<memballoon model='none'/>",
  ])
    it(`are not those of ${device.slice(0, 60)}`, () => assert.deepEqual(found("10.0.13", "11.1.2", device), []));

  it("come with both versions and what is left to do", () => {
    const hosts = {
      source: healthyHost("kvm-a", { qemu: "10.0.13" }),
      destination: healthyHost("kvm-b", { qemu: "11.1.2" }),
    };
    const [problem] = problems(healthyMove({ ...hosts, domain: healthyDomain({ virtio: true }) }));
    assert.equal(problem?.rule, "queue-sizes");
    assert.match(
      problem.message,
      /^QEMU 11\.1\.2 on kvm-b refuses db-01 if QEMU 10\.0\.13 started it .*the VM stays on kvm-a then\. .* came to kvm-a while it ran moves$/,
    );
    assert.deepEqual(problem.remedies, [{ do: "move it shut off" }]);
  });
});
