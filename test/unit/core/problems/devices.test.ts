import assert from "node:assert/strict";
import { problems, type SecretOfVm } from "../../../../provider/core/problems";
import { parseDomainXml } from "../../../../provider/virsh/domainXml";
import { absentImage, healthyDomain, healthyHost, healthyMove } from "../../../support/move-facts";

/** A VM of the given elements, with what its host does not tell in XML. */
function withXml(devices: string, outside = "") {
  const definition = parseDomainXml(
    `<domain type='kvm'><name>db-01</name><uuid>5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b</uuid>
      <memory unit='GiB'>8</memory><os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>${outside}
      <devices>${devices}</devices></domain>`,
  )!;
  const { cpuXml: _, ...known } = definition;
  return { ...healthyDomain(), ...known };
}

type Change = Parameters<typeof healthyMove>[0];

/** "severity rule: message" of each problem. */
function found(devices: string, outside = "", change: Change = {}): string[] {
  return problems(healthyMove({ domain: withXml(devices, outside), ...change })).map(
    ({ severity, rule, message }) => `${severity} ${rule}: ${message}`,
  );
}

const destinationLacks = (path: string): Change => ({ destinationImages: { [path]: absentImage } });
const newHosts: Change = {
  source: healthyHost("kvm-a", { libvirt: "12.8.0", qemu: "11.1.0" }),
  destination: healthyHost("kvm-b", { libvirt: "12.8.0", qemu: "11.1.0" }),
};

describe("devices as a VM's definition has them", () => {
  for (const [title, devices, outside = ""] of [
    ["a virtio crypto device", "<crypto model='virtio' type='qemu'><backend model='builtin'/></crypto>"],
    [
      "an input device of its host",
      "<input type='passthrough' bus='virtio'><source evdev='/dev/input/event1'/></input>",
    ],
    ["a USB sound card", "<sound model='usb'/>"],
    ["a USB serial port", "<serial type='pty'><target type='usb-serial' port='0'/></serial>"],
    ["a USB network card", "<interface type='bridge'><source bridge='br0'/><model type='usb-net'/></interface>"],
    ["an emulated NVMe controller", "<disk type='network' device='disk'><target dev='nvme0n1' bus='nvme'/></disk>"],
    ["3D acceleration", "<video><model type='virtio'><acceleration accel3d='yes'/></model></video>"],
    ["a display by vhost-user", "<video><driver name='vhostuser'/><model type='virtio'/></video>"],
    ["a display with blobs", "<video><model type='virtio' blob='on'/></video>"],
    ["SEV", "", "<launchSecurity type='sev'><policy>0x0003</policy></launchSecurity>"],
    ["SEV-SNP", "", "<launchSecurity type='sev-snp'><policy>0x00030000</policy></launchSecurity>"],
    ["TDX", "", "<launchSecurity type='tdx'><policy>0x10000001</policy></launchSecurity>"],
    ["all Hyper-V features", "", "<features><hyperv mode='passthrough'/></features>"],
  ] as const) {
    it(`block where QEMU never migrates them: ${title}`, () => {
      assert.match(
        found(devices, outside, newHosts).join("\n"),
        /^blocker qemu-devices: db-01 has [^\n]+: QEMU does not migrate a VM with it$/,
      );
      assert.deepEqual(found(devices, outside, { how: "offline" }), []);
    });
  }

  for (const [title, devices, outside = ""] of [
    ["a virtio sound card", "<sound model='virtio'/>"],
    ["an AMD IOMMU", "<iommu model='amd'/>"],
    ["SGX memory", "<memory model='sgx-epc'><target><size unit='KiB'>16384</size></target></memory>"],
    ["the host's TPM", "<tpm model='tpm-crb'><backend type='passthrough'><device path='/dev/tpm0'/></backend></tpm>"],
    ["a guest that may be protected", "", "<launchSecurity type='s390-pv'/>"],
    ["features beyond the migratable ones", "", "<cpu mode='host-passthrough' migratable='off'/>"],
  ] as const) {
    it(`warn where more than the definition decides: ${title}`, () => {
      assert.match(found(devices, outside).join("\n"), /^warning qemu-devices: db-01 has [^\n]+$/);
    });
  }

  for (const [title, devices, outside = ""] of [
    ["sound", "<sound model='ich9'/><sound model='usb-not'/><audio id='1' type='spice'/>"],
    [
      "panic, watchdog and balloon",
      "<panic model='isa'/><watchdog model='i6300esb'/><memballoon model='virtio' autodeflate='on'/>",
    ],
    [
      "redirected USB and spice",
      "<redirdev bus='usb' type='spicevmc'/><graphics type='spice' autoport='yes'/><channel type='spicevmc'/>",
    ],
    [
      "serial ports",
      "<serial type='pty'><source path='/dev/pts/3'/><target port='0'/></serial><serial type='file'><source path='/var/log/c.log'/></serial>",
    ],
    [
      "random numbers of an EGD",
      "<rng model='virtio'><backend model='egd' type='tcp'><source mode='connect' host='10.0.0.9' service='708'/></backend></rng>",
    ],
    ["vsock", "<vsock model='virtio'><cid auto='yes' address='3'/></vsock>"],
    [
      "hotplugged memory",
      "<memory model='dimm'><target><size unit='GiB'>1</size><node>0</node></target></memory><memory model='virtio-mem'><target><size unit='GiB'>2</size></target></memory>",
    ],
    ["an Intel and a virtio IOMMU", "<iommu model='intel'/><iommu model='virtio'/>"],
    ["shared memory of its own", "<shmem name='s' role='master'><model type='ivshmem-plain'/></shmem>"],
    [
      "a virtio display without 3D",
      "<video><model type='virtio'><acceleration accel3d='no'/></model></video><video><model type='qxl'/></video>",
    ],
    [
      "an iSCSI disk with a secret",
      "<disk type='network' device='disk'><source protocol='iscsi' name='iqn/1'><host name='nas'/><auth username='u'><secret type='iscsi' usage='s'/></auth></source><target dev='sda'/></disk>",
    ],
    [
      "disks of rbd, nbd and https",
      "<disk type='network' device='disk'><source protocol='rbd' name='p/i'/><target dev='vda'/></disk><disk type='network'><source protocol='nbd' name='e'/><target dev='vdb'/></disk><disk type='network' device='cdrom'><source protocol='https' name='x.iso'/><target dev='sda'/><readonly/></disk>",
    ],
    [
      "drives without a medium",
      "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk><disk type='file' device='floppy'><target dev='fda'/></disk><disk type='block' device='cdrom'><target dev='sdb'/></disk>",
    ],
    [
      "a failover pair",
      "<interface type='hostdev'><source><address type='pci' domain='0' bus='0x3b' slot='2' function='1'/></source><teaming type='transient' persistent='ua-b'/></interface>",
    ],
    ["a user network", "<interface type='user'><backend type='passt'/></interface>"],
    ["Hyper-V features by name", "", "<features><hyperv mode='custom'><relaxed state='on'/></hyperv></features>"],
  ] as const) {
    it(`let pass what goes along: ${title}`, () => {
      assert.deepEqual(found(devices, outside, newHosts), []);
      assert.deepEqual(found(devices, outside, { how: "offline" }), []);
    });
  }

  it("know a LUN from a vhost-scsi target", () => {
    const lun =
      "<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host2'/><address bus='0' target='1' unit='4'/></source></hostdev>";
    assert.match(found(lun).join("\n"), /^warning host-devices: .*scsi scsi_host2.*kvm-b must have the same LUN/);
    const target = "<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' wwpn='naa.50014'/></hostdev>";
    assert.match(
      found(target, "", newHosts).join("\n"),
      /^blocker host-devices: .*scsi_host naa.50014.*cannot be migrated/,
    );
  });
});

describe("files of the host that a definition names", () => {
  for (const [path, devices] of [
    ["/srv/data", "<filesystem type='mount'><source dir='/srv/data'/><target dir='d'/></filesystem>"],
    ["/dev/ttyS0", "<serial type='dev'><source path='/dev/ttyS0'/></serial>"],
    ["/dev/parport0", "<parallel type='dev'><source path='/dev/parport0'/></parallel>"],
    ["/dev/input/event3", "<input type='evdev'><source dev='/dev/input/event3'/></input>"],
    ["/dev/hwrng", "<rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>"],
  ] as const) {
    it(`block where the destination lacks ${path}, which QEMU opens`, () => {
      const all = found(devices, "", destinationLacks(path));
      assert.ok(
        all.some((line) => line.startsWith("blocker host-files: ") && line.includes(path)),
        all.join("\n"),
      );
      assert.ok(found(devices, "", { ...destinationLacks(path), how: "offline" })[0]!.startsWith("warning host-files"));
      assert.ok(!found(devices).some((line) => line.includes("host-files")));
    });
  }

  for (const [path, devices] of [
    [
      "/run/ovs/vhu1",
      "<interface type='vhostuser'><source type='unix' path='/run/ovs/vhu1' mode='client'/></interface>",
    ],
    [
      "/run/vhost/disk1",
      "<disk type='vhostuser' device='disk'><source type='unix' path='/run/vhost/disk1'/><target dev='vda'/></disk>",
    ],
    [
      "/run/swtpm/db",
      "<tpm model='tpm-crb'><backend type='external'><source type='unix' mode='connect' path='/run/swtpm/db'/></backend></tpm>",
    ],
    ["/run/serial", "<serial type='unix'><source mode='connect' path='/run/serial'/></serial>"],
  ] as const) {
    it(`warn where the destination lacks the socket ${path}`, () => {
      const all = found(devices, "", destinationLacks(path));
      assert.deepEqual(all, [`warning host-files: db-01 uses the socket ${path}, which kvm-b does not have`]);
      assert.deepEqual(found(devices), []);
    });
  }

  it("are not needed where QEMU makes them, or tries again", () => {
    const lacking = { destinationImages: { "/run/a": absentImage, "/run/b": absentImage } };
    const devices = `<interface type='vhostuser'><source type='unix' path='/run/a' mode='server'/></interface>
      <channel type='unix'><source mode='connect' path='/run/b'><reconnect enabled='yes' timeout='5'/></source></channel>`;
    assert.deepEqual(found(devices, "", lacking), []);
  });

  it("hold content of the guest: an offline migration leaves that behind", () => {
    const nvdimm = "<memory model='nvdimm'><source><path>/srv/nv</path></source><target/></memory>";
    assert.match(found(nvdimm, "", { how: "offline" }).join("\n"), /^blocker disks: .*nvdimm file \/srv\/nv/);
    assert.deepEqual(found(nvdimm, "", { how: "offline", options: { unsafe: true } }), []);
    assert.deepEqual(found(nvdimm), []);
  });

  it("are the directory of a disk too", () => {
    const disk =
      "<disk type='dir' device='floppy'><driver type='fat'/><source dir='/srv/fat'/><target dev='fda'/><readonly/></disk>";
    assert.match(found(disk, "", destinationLacks("/srv/fat")).join("\n"), /^blocker disks: .*\/srv\/fat/);
  });

  it("are a tap device that libvirt does not make", () => {
    const tap = (managed: string) => `<interface type='ethernet'><target dev='tap7' managed='${managed}'/></interface>`;
    assert.match(found(tap("no")).join("\n"), /^blocker networks: .*tap7/);
    assert.deepEqual(found(tap("yes")), []);
  });
});

describe("what a definition needs of libvirt's other daemons", () => {
  const uuid = "55806C7D-8e93-456f-829b-607d8c198367";
  const by = { uuid: uuid.toLowerCase() };
  const cases: [title: string, secrets: SecretOfVm[], filters: string[], devices: string][] = [
    [
      "a password of a server",
      [by],
      [],
      `<disk type='network'><source protocol='rbd' name='p/i'><auth username='u'><secret type='ceph' uuid='${uuid}'/></auth></source><target dev='vda'/></disk>`,
    ],
    [
      "passwords by what they are for, in the places of an older libvirt too",
      [{ usage: "ceph client.libvirt secret" }, { usage: "iscsi target" }],
      [],
      "<disk type='network'><auth username='u'><secret type='ceph' usage='client.libvirt secret'/></auth><source protocol='rbd' name='p/i'/><target dev='vda'/></disk><hostdev mode='subsystem' type='scsi'><source protocol='iscsi' name='iqn'><auth username='u'><secret type='iscsi' usage='target'/></auth></source></hostdev>",
    ],
    [
      "encrypted disks with one secret",
      [by, { usage: "volume /a" }],
      [],
      `<disk type='file'><source file='/a'><encryption format='luks'><secret type='passphrase' uuid='${uuid}'/></encryption></source><target dev='vda'/></disk><disk type='file'><source file='/b'/><encryption format='luks'><secret type='passphrase' uuid='${uuid}'/><secret type='passphrase' usage='/a'/></encryption><target dev='vdb'/></disk>`,
    ],
    [
      "an encrypted backing file",
      [by],
      [],
      `<disk type='file'><source file='/a'/><backingStore type='file'><source file='/b'><encryption format='luks'><secret type='passphrase' uuid='${uuid}'/></encryption></source></backingStore><target dev='vda'/></disk>`,
    ],
    [
      "an encrypted TPM",
      [by],
      [],
      `<tpm model='tpm-crb'><backend type='emulator'><encryption secret='${uuid}'/></backend></tpm>`,
    ],
    [
      "a filter of two interfaces",
      [],
      ["clean-traffic"],
      "<interface type='bridge'><source bridge='br0'/><filterref filter='clean-traffic'/></interface>".repeat(2),
    ],
    ["none", [], [], "<disk type='file'><source file='/a'/><target dev='vda'/></disk><interface type='bridge'/>"],
  ];
  for (const [title, secrets, filters, devices] of cases) {
    it(`is read: ${title}`, () => {
      const found = withXml(devices);
      assert.deepEqual([found.secrets, found.filters], [secrets, filters]);
    });
  }
});

describe("a disk behind a vhost-user socket", () => {
  it("is not copied", () => {
    const disk = "<disk type='vhostuser' device='disk'><source type='unix' path='/run/v'/><target dev='vda'/></disk>";
    assert.match(found(disk, "", { options: { copyStorage: "all" } }).join("\n"), /^blocker disks: .*vhost-user/);
  });
});

describe("a CPU with all that its host has", () => {
  const change: Change = {
    source: healthyHost("kvm-a", { cpu: { model: "EPYC", features: ["svm", "x2apic"] } }),
    destination: healthyHost("kvm-b", { cpu: { model: "EPYC", features: ["svm"] } }),
  };
  it("is compared with the destination's, with KVM alone", () => {
    for (const mode of ["host-passthrough", "maximum"]) {
      assert.match(found("", `<cpu mode='${mode}'/>`, change).join("\n"), /^warning cpu-passthrough: .*x2apic/);
      // Where libvirt did not compare them.
      const uncompared = { ...change, fit: { capabilities: undefined, cpu: undefined } };
      assert.match(found("", `<cpu mode='${mode}'/>`, uncompared).join("\n"), /^blocker cpu-passthrough: .*x2apic/);
    }
    const emulated = { ...withXml("", "<cpu mode='maximum'/>"), virtType: "qemu" };
    assert.deepEqual(problems(healthyMove({ domain: emulated, ...change })), []);
  });
});
