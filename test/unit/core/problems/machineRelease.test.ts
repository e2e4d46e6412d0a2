import assert from "node:assert/strict";
import { problems } from "../../../../provider/core/problems";
import { isFromQemu80 } from "../../../../provider/core/problems/machineRelease";
import { healthyDomain, healthyHost, healthyMove } from "../../../support/move-facts";

describe("the QEMU release of a machine type", () => {
  const old =
    "pc-q35-7.2 pc-q35-2.12 pc-i440fx-7.2 pc-i440fx-2.12 pc-1.3 virt-7.2 pseries-7.2 s390-ccw-virtio-7.2 pc-q35-7.2+pve0 pc-q35-4.0.1 " +
    "pc-q35-jammy pc-i440fx-jammy-hpb pc-q35-jammy-maxcpus pc-q35-jammy-hpb-maxcpus pc-i440fx-focal pc-q35-bionic-hpb pc-q35-kinetic pc-q35-lunar " +
    "pseries-jammy pseries-bionic-sxxm s390-ccw-virtio-jammy pc-i440fx-rhel7.6.0 pc-q35-rhel8.6.0 pc-q35-rhel9.0.0 pc-q35-rhel9.2.0 " +
    "s390-ccw-virtio-rhel9.2.0 virt-rhel9.2.0 pseries-rhel8.5.0";
  const young =
    "pc-q35-8.0 pc-q35-9.2 pc-q35-10.1 pc-i440fx-11.1 virt-8.0 s390-ccw-virtio-10.0 pseries-9.2 pc-q35-9.2+pve1 pc-q35-mantic pc-i440fx-noble " +
    "pc-q35-noble-v2 pc-q35-plucky pc-q35-questing pc-q35-rhel9.4.0 pc-q35-rhel9.6.0 pc-q35-rhel10.0.0 s390-ccw-virtio-rhel9.4.0";
  const unknown = "q35 pc microvm pc-q35-vz8.0.0 pc-q35-zebra vexpress-a15 pc-q35-";
  for (const [names, expected] of [
    [old, false],
    [young, true],
    [unknown, undefined],
  ] as const)
    for (const name of names.split(" ")) it(`${name}: ${expected}`, () => assert.equal(isFromQemu80(name), expected));

  const found = (machine: string, options = { parallel: true, postCopy: true, postCopyAfterMs: 1000 }) =>
    problems(
      healthyMove({
        options,
        domain: healthyDomain({ machine, disks: [] }),
        source: healthyHost("kvm-a", { qemu: "11.1.2", libvirt: "12.8.0" }),
        destination: healthyHost("kvm-b", { qemu: "11.1.2", libvirt: "12.8.0" }),
      }),
    );

  it("stops multi-FD with post-copy up to 7.2, and where it is not known", () => {
    const [problem, ...more] = found("pc-q35-7.2");
    assert.deepEqual(more, []);
    assert.equal(problem!.code, "unsafeCombination");
    assert.match(problem!.message, /hangs.*; db-01 has pc-q35-7\.2$/);
    assert.match(found("pc-q35-vz8.0.0")[0]!.message, /has pc-q35-vz8\.0\.0, whose QEMU release is not known$/);
  });

  it("lets pass newer ones, and either option alone", () => {
    assert.deepEqual(found("pc-q35-8.0"), []);
    assert.deepEqual(found("pc-q35-7.2", { parallel: true, postCopy: false, postCopyAfterMs: 0 }), []);
  });
});
