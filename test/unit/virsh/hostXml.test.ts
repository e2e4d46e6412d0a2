import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDomainXml } from "../../../provider/virsh/domainXml";
import {
  parseCapabilities,
  parseCpuComparison,
  parsePoolPath,
  parseTpmBackends,
} from "../../../provider/virsh/hostXml";
import { sections } from "../../../provider/virsh/sections";
import { fixture, libvirtVersions } from "../../support/fixture";

describe("a VM's definition", () => {
  for (const version of libvirtVersions) {
    it(`is read from a running guest's XML, libvirt ${version}`, () => {
      const { cpuXml, disks, ...rest } = parseDomainXml(fixture(version, "dumpxml"))!;
      assert.match(cpuXml!, /^<cpu mode='custom'[\s\S]*<model fallback='forbid'>qemu64<\/model>[\s\S]*<\/cpu>$/);
      assert.deepEqual(
        disks.map(({ target, type, path, format, readonly }) => ({ target, type, path, format, readonly })),
        [{ target: "vda", type: "network", path: undefined, format: "raw", readonly: false }],
      );
      const { name, virtType, arch, machine, emulator, cpuMode, memoryBytes, securityModels } = rest;
      assert.deepEqual(
        { name, virtType, arch, machine, emulator, cpuMode, memoryBytes, securityModels },
        {
          name: version === "12.8.0" ? "g7" : "g3",
          virtType: "qemu",
          arch: "x86_64",
          machine: version === "12.8.0" ? "pc-q35-10.0" : "pc-q35-7.2",
          emulator: "/usr/bin/qemu-system-x86_64",
          cpuMode: "custom",
          memoryBytes: 256 * 2 ** 20,
          securityModels: ["dac"],
        },
      );
    });
  }

  it("names everything that ties it to a host", () => {
    const facts = parseDomainXml(`
<domain type='kvm'>
  <name>a &amp; b</name>
  <memory unit='GiB'>4</memory>
  <memoryBacking><hugepages><page size='1' unit='G'/></hugepages><locked/></memoryBacking>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><loader type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader></os>
  <cpu mode='host-passthrough'><feature policy='require' name='invtsc'/></cpu>
  <devices>
    <disk type='file' device='cdrom'><source file='/iso/a.iso' startupPolicy='optional'/><target dev='sda'/><readonly/></disk>
    <disk type='file' device='cdrom'><target dev='sdb'/><readonly/></disk>
    <disk type='block' device='disk'><driver type='raw'/><source dev='/dev/vg/a'/><target dev='vda'/><shareable/></disk>
    <interface type='network'><source network='lan' bridge='virbr1'/></interface>
    <interface type='bridge'><source bridge='br0'/></interface>
    <interface type='bridge'><source network='dmz' portid='1' bridge='br1'/></interface>
    <interface type='direct'><source dev='eno1' mode='bridge'/></interface>
    <interface type='hostdev'><source><address type='pci' domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/></source><teaming type='transient' persistent='ua'/></interface>
    <hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x5e' slot='0x0' function='0x0'/></source></hostdev>
    <hostdev mode='subsystem' type='usb'><source><vendor id='0x0781'/><product id='0x5567'/></source></hostdev>
    <hostdev mode='subsystem' type='usb' managed='yes'><source startupPolicy='optional'><vendor id='0x1234'/><product id='0x0001'/><address bus='1' device='4'/></source></hostdev>
    <hostdev mode='subsystem' type='usb'><source guestReset='off'><address bus='1' device='4'/></source></hostdev>
    <hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='00000000-1111-4222-8333-444455556666'/></source></hostdev>
    <disk type='nvme' device='disk'><driver name='qemu' type='raw'/><source type='pci' managed='yes' namespace='1'><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source><target dev='vdb'/><transient/></disk>
    <interface type='vdpa'><source dev='/dev/vhost-vdpa-0'/></interface>
    <filesystem type='mount'><driver type='virtiofs'/><source socket='/run/v.sock'/><target dir='own'/></filesystem>
    <filesystem type='mount'><driver type='virtiofs'/><source dir='/srv'/><target dir='srv'/></filesystem>
    <filesystem type='mount'><source dir='/tmp'/><target dir='tmp'/></filesystem>
    <shmem name='one'><model type='ivshmem-plain'/></shmem>
    <shmem name='two' role='master'><model type='ivshmem-plain'/></shmem>
    <tpm model='tpm-crb'><backend type='emulator'/></tpm>
  </devices>
  <seclabel type='dynamic' model='selinux'/><seclabel type='none' model='dac'/>
</domain>`)!;
    assert.equal(facts.name, "a & b");
    assert.equal(facts.memoryBytes, 4 * 2 ** 30);
    assert.deepEqual(facts.hugeMemory, [{ bytes: 4 * 2 ** 30, pageKiB: 1_048_576 }]);
    assert.equal(facts.memoryLocked, true);
    assert.equal(facts.invariantTsc, true);
    assert.deepEqual(facts.bootFiles, [{ what: "firmware", path: "/usr/share/OVMF/OVMF_CODE.fd" }]);
    assert.deepEqual(
      facts.disks.map(({ target, path, startupPolicy, shareable }) => [target, path, startupPolicy, shareable]),
      [
        ["sda", "/iso/a.iso", "optional", false],
        ["sdb", undefined, "mandatory", false],
        ["vda", "/dev/vg/a", "mandatory", true],
        ["vdb", undefined, "mandatory", false],
      ],
    );
    assert.deepEqual(
      facts.disks.map(({ pciAddress, transient }) => [pciAddress, transient]),
      [...Array<[undefined, boolean]>(3).fill([undefined, false]), ["0000:01:00.0", true]],
    );
    assert.deepEqual(
      facts.interfaces.map(({ type, source }) => [type, source]),
      [
        ["network", "lan"],
        ["bridge", "br0"],
        ["network", "dmz"],
        ["direct", "eno1"],
        ["hostdev", undefined],
        ["vdpa", "/dev/vhost-vdpa-0"],
      ],
    );
    assert.deepEqual(facts.hostDevices, [
      { type: "pci", name: "0000:5e:00.0", optional: false, transient: false },
      { type: "usb", name: "0x0781:0x5567", optional: false, transient: false },
      { type: "usb", name: "0x1234:0x0001", optional: true, transient: false },
      { type: "usb", name: "bus 1 device 4", optional: false, transient: false },
      { type: "mdev", name: "00000000-1111-4222-8333-444455556666", optional: false, transient: false },
      { type: "network function", name: "0000:3b:02.1", optional: false, transient: true },
    ]);
    assert.deepEqual(facts.filesystems, [
      { driver: "virtiofs", target: "own", external: true },
      { driver: "virtiofs", target: "srv", external: false },
      { driver: "9p", target: "tmp", external: false },
    ]);
    assert.deepEqual(facts.sharedMemory, ["one"]);
    assert.equal(facts.tpmEmulator, true);
    assert.deepEqual(facts.securityModels, ["selinux"]);
  });
});

describe("a host's capabilities", () => {
  for (const version of libvirtVersions) {
    it(`are read, libvirt ${version}`, () => {
      const { hostUuid, cpu, securityModels, machines } = parseCapabilities(fixture(version, "capabilities"))!;
      assert.match(hostUuid!, /^[0-9a-f-]{36}$/);
      assert.ok(cpu!.features.includes("avx2"));
      assert.deepEqual(securityModels, ["none", "dac"]);
      assert.ok(machines!.x86_64!.includes("pc-q35-7.2"));
      assert.ok(!machines!.x86_64!.includes("q35"), "an alias means another VM elsewhere");
      assert.equal(machines!.x86_64!.includes("pc-q35-10.0"), version !== "9.0.0");
      assert.equal(machines!.x86_64!.includes("pc-q35-11.1"), version === "12.8.0");
      assert.deepEqual(parseTpmBackends(fixture(version, "domcapabilities")), ["passthrough"]);
    });

    it(`name the CPU features that are missing, libvirt ${version}`, () => {
      const bad = parseCpuComparison(1, fixture(version, "cpu-compare-bad"))!;
      assert.equal(bad.compatible, false);
      assert.ok(
        ["pcid", "hle", "invpcid"].every((name) => bad.missing.includes(name)),
        bad.missing.join(),
      );
      assert.ok(bad.missing.every((name) => /^[\w.-]+$/.test(name)));
      assert.equal(parseCpuComparison(0, fixture(version, "cpu-compare-own"))!.compatible, true);
    });
  }

  it("make nothing of a comparison that could not be made", () => {
    assert.equal(
      parseCpuComparison(1, "error: command 'hypervisor-cpu-compare' doesn't support option --error"),
      undefined,
    );
    const own =
      "CPU described in /dev/stdin is incompatible with the CPU provided by hypervisor on the host\nerror: Failed to compare hypervisor CPU with /dev/stdin\n";
    const chinese = "error: CPU 与主机 CPU 不兼容：主机 CPU 未提供所需的功能： avx512f, pku";
    assert.deepEqual(parseCpuComparison(1, own + chinese)!.missing, ["avx512f", "pku"]);
    assert.deepEqual(parseCpuComparison(1, `${own}error: CPU ist anders`)!.missing, []);
    assert.equal(parseCpuComparison(1, chinese), undefined);
    assert.deepEqual(parseCpuComparison(1, "error: internal error: Unknown CPU feature cmpccxadd")!.missing, [
      "cmpccxadd",
    ]);
  });

  it("name the directory of a pool of files, and of no other", () => {
    assert.equal(parsePoolPath("<pool type='dir'><target><path>/images</path></target></pool>"), "/images");
    assert.equal(parsePoolPath("<pool type='logical'><target><path>/dev/vg</path></target></pool>"), "");
    assert.equal(parsePoolPath("<pool type='dir'><target><path>/images"), undefined);
  });
});

describe("what a host prints", () => {
  it("is never the end of a reader, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseDomainXml(text);
        parseCapabilities(text);
        parseTpmBackends(text);
        parsePoolPath(text);
        parseCpuComparison(1, text);
        sections(text);
      }),
      { numRuns: 1000 },
    );
  });
});
