import assert from "node:assert/strict";
import fc from "fast-check";
import type { Disk, DomainFacts, MoveFacts, PeerFacts, SystemFacts } from "../../../../provider/core/rules";
import { findings, showFinding } from "../../../../provider/core/rules";
import {
  absentImage,
  certificate,
  healthyDomain,
  healthyHost,
  healthyMove,
  healthyPeer,
  healthySystem,
  image,
} from "../../../support/move-facts";

const path = "/var/lib/libvirt/images/db-01.img";
const fileDisk: Disk = {
  target: "vda",
  device: "disk",
  type: "file",
  path,
  format: "raw",
  readonly: false,
  shareable: false,
  startupPolicy: "mandatory",
};

type Change = Parameters<typeof healthyMove>[0];
const domain = (change: Partial<DomainFacts>): Change => ({ domain: healthyDomain(change) });
const peer = (change: Partial<PeerFacts>): Change => ({ peer: healthyPeer(change) });
const there = (change: Partial<SystemFacts>): Change => ({
  destination: healthyHost("kvm-b", { system: healthySystem("kvm-b", change) }),
});
const disk = (change: Partial<Disk>, here = image(), far = image()): Change => ({
  ...domain({ disks: [{ ...fileDisk, ...change }] }),
  sourceImages: { [path]: here },
  destinationImages: { [path]: far },
});
const onNfs = image({ fileSystem: "nfs4", mountSource: "nas:/vm" });
const tls = (theirs: object, ours: object = {}): Change => {
  const far = healthySystem("kvm-b");
  const near = healthySystem("kvm-a");
  return {
    options: { tls: true },
    source: healthyHost("kvm-a", { system: { ...near, certificates: { ...near.certificates!, ...ours } } }),
    destination: healthyHost("kvm-b", { system: { ...far, certificates: { ...far.certificates!, ...theirs } } }),
  };
};
const refusal = (text: string): Change => ({ fit: { capabilities: { refusal: text }, cpu: undefined } });
const copy = { copyStorage: "all" } as const;
const hourMs = 3_600_000;

/** What spoils the move, and what is then said of it: "severity rule on host: message". Empty: it is let pass. */
const cases: [title: string, change: Change, said: string[]][] = [
  ["a healthy move", {}, []],
  ["a healthy move of a VM that is shut off", { how: "offline" }, []],
  // who is who
  [
    "another VM of the same name",
    { destination: healthyHost("kvm-b", { domains: [{ name: "db-01", uuid: "other" }] }) },
    [
      "blocker name-and-uuid-free on kvm-b: kvm-b has another VM of the name db-01 (UUID other; this one is 5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b)",
    ],
  ],
  [
    "another VM with the same UUID",
    { destination: healthyHost("kvm-b", { domains: [{ name: "x", uuid: healthyDomain().uuid }] }) },
    [
      "blocker name-and-uuid-free on kvm-b: kvm-b has a VM x with the UUID of db-01 (5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b)",
    ],
  ],
  // the way
  [
    "a login that is refused",
    peer({ login: { works: false, code: "peerUntrusted", why: "Permission denied (publickey)", next: "add the key" } }),
    [
      "blocker peer on kvm-a: kvm-a cannot reach libvirt on kvm-b (qemu+ssh://kvm-b/system): Permission denied (publickey)",
    ],
  ],
  [
    "a silent ssh port where no login was tried",
    peer({ login: undefined, control: "silent", ping: "no" }),
    ["warning peer on kvm-a: kvm-b (kvm-b, port 22) does not answer from kvm-a; it does not answer a ping either"],
  ],
  [
    "a closed TLS port",
    peer({ transport: "tls", controlPort: 16_514, login: undefined, control: "refused" }),
    ["blocker peer on kvm-a: kvm-b (kvm-b, port 16514) refuses the connection from kvm-a"],
  ],
  [
    "data ports that a firewall swallows",
    peer({ dataPorts: [49_152, 49_215].map((port) => ({ port, answer: "silent" as const })) }),
    ["blocker data-ports on kvm-b: the data port 49152 of kvm-b (kvm-b) does not answer from kvm-a"],
  ],
  [
    "data ports of which the last is closed off",
    peer({
      dataPorts: [
        { port: 49_152, answer: "open" },
        { port: 49_215, answer: "rejected" },
      ],
    }),
    [
      "warning data-ports on kvm-b: of the data ports 49152-49215 of kvm-b (kvm-b), 49215 cannot be reached: no route, or a firewall rejects it from kvm-a: migrations at the same time would fail",
    ],
  ],
  [
    "a data address that has no meaning on the source",
    peer({ dataAddress: "b.lan", dataPorts: [{ port: 49_152, answer: "unresolved" }] }),
    [
      "blocker data-address on kvm-a: kvm-a cannot resolve b.lan, where kvm-b expects the data (migration_host in qemu.conf)",
    ],
  ],
  [
    "a destination that calls itself localhost",
    peer({ dataAddress: "localhost.localdomain", dataAddressFrom: "hostname" }),
    [
      "blocker data-address on kvm-b: libvirt on kvm-b takes localhost.localdomain for its own name, and would have the data sent there",
    ],
  ],
  [
    "closed data ports for a tunnelled migration",
    { ...peer({ dataPorts: [{ port: 49_152, answer: "silent" }] }), options: { tunnelled: true } },
    [],
  ],
  // certificates
  ["good certificates", tls({}), []],
  [
    "an expired certificate",
    tls({ server: certificate("server-cert.pem", ["kvm-b"], { validToMs: Date.UTC(2024, 1, 29, 5) }) }),
    ["blocker certificates on kvm-b: /etc/pki/qemu/server-cert.pem on kvm-b has expired (2024-02-29)"],
  ],
  [
    "a certificate that soon expires",
    tls({ server: certificate("server-cert.pem", ["kvm-b"], { validToMs: Date.UTC(2026, 10, 30) }) }),
    ["warning certificates on kvm-b: /etc/pki/qemu/server-cert.pem on kvm-b expires on 2026-11-30"],
  ],
  [
    "a certificate for another name",
    tls({ server: certificate("server-cert.pem", ["kvm-z"]) }),
    [
      "blocker certificates on kvm-b: /etc/pki/qemu/server-cert.pem on kvm-b does not bear kvm-b, by which kvm-a addresses it; it bears kvm-z",
    ],
  ],
  [
    "a certificate for every name of a domain",
    { ...tls({ server: certificate("server-cert.pem", ["*.lan"]) }), ...peer({ dataAddress: "b.lan" }) },
    [],
  ],
  [
    "no client certificate, and another authority",
    tls({ authority: certificate("ca-cert.pem", [], { fingerprint: "OTHER" }) }, { client: undefined }),
    [
      "blocker certificates on kvm-a: kvm-a has no /etc/pki/qemu/client-cert.pem, which migration.tls needs",
      "blocker certificates on kvm-b: kvm-a and kvm-b trust different authorities (/etc/pki/qemu/ca-cert.pem, /etc/pki/qemu/ca-cert.pem)",
    ],
  ],
  [
    "a key that is missing, and a certificate of nobody",
    tls({ missingKeys: ["server-key.pem"], server: certificate("s.pem", ["kvm-b"], { signedByAuthority: false }) }),
    [
      "blocker certificates on kvm-b: kvm-b has no /etc/pki/qemu/server-key.pem, the key of its certificate",
      "blocker certificates on kvm-b: s.pem on kvm-b is not signed by the authority in /etc/pki/qemu/ca-cert.pem",
    ].map((text) => text.replace("s.pem on", "/etc/pki/qemu/s.pem on")),
  ],
  [
    "a destination that insists on TLS",
    there({ qemuConf: { ...healthySystem("kvm-b").qemuConf!, migrateTlsForce: true } }),
    ["blocker tls-forced on kvm-b: kvm-b takes migrations with TLS only (migrate_tls_force in its qemu.conf)"],
  ],
  // clocks and software
  [
    "clocks two hours apart",
    there({ clockOffsetMs: -2 * hourMs }),
    ["warning clocks-agree on kvm-b: the clock of kvm-b is 2 h behind that of kvm-a"],
  ],
  ["clocks half a minute apart", there({ clockOffsetMs: 30_000 }), []],
  [
    "a resume that would crash the destination",
    { destination: healthyHost("kvm-b", { libvirt: "11.3.0" }), options: { postCopy: true } },
    [
      "warning post-copy-resume on kvm-b: a post-copy that the network interrupts could not be resumed: libvirt 11.3.0 on kvm-b crashes then",
    ],
  ],
  [
    "post-copy to a QEMU that may not use userfaultfd",
    { ...there({ userfaultfd: false }), options: { postCopy: true } },
    [
      "blocker post-copy-userfaultfd on kvm-b: QEMU on kvm-b runs unprivileged and may not use userfaultfd, which post-copy needs",
    ],
  ],
  [
    "an older QEMU",
    { source: healthyHost("kvm-a", { qemu: "10.0.13" }) },
    [
      "warning qemu-not-older on kvm-b: kvm-b has an older QEMU (7.2.22) than kvm-a (10.0.13); QEMU promises migration to newer releases only",
    ],
  ],
  [
    "mt compression where QEMU has lost it",
    { destination: healthyHost("kvm-b", { qemu: "10.0.13" }), options: { compressionMethods: ["mt"] } },
    ['blocker compression-known on kvm-b: kvm-b cannot compress a migration with "mt": it has QEMU 10.0.13'],
  ],
  // the VM
  [
    "a machine type that is too new",
    {
      ...domain({ machine: "pc-q35-10.0" }),
      ...refusal("the machine 'pc-q35-10.0' is not supported by emulator '/usr/bin/qemu-system-x86_64'"),
    },
    [
      "blocker machine-type on kvm-b: kvm-b does not know db-01's machine type pc-q35-10.0 (the machine 'pc-q35-10.0' is not supported by emulator '/usr/bin/qemu-system-x86_64')",
    ],
  ],
  [
    "no such emulator",
    refusal("Cannot check QEMU binary /usr/bin/qemu-system-x86_64: No such file or directory"),
    [
      "blocker emulator on kvm-b: kvm-b has no /usr/bin/qemu-system-x86_64, which db-01 runs with (Cannot check QEMU binary /usr/bin/qemu-system-x86_64: No such file or directory)",
    ],
  ],
  [
    "no KVM on the destination",
    refusal("Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'"),
    [
      "blocker virtualisation on kvm-b: kvm-b cannot run db-01's type of VM (kvm, x86_64) (Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm')",
    ],
  ],
  [
    "a CPU without two features",
    { fit: { capabilities: undefined, cpu: { compatible: false, missing: ["avx512f", "hle"], said: "" } } },
    ["blocker cpu on kvm-b: the CPU of kvm-b lacks what db-01 runs with: avx512f, hle"],
  ],
  [
    "host-passthrough to another CPU",
    {
      ...domain({ cpuMode: "host-passthrough" }),
      destination: healthyHost("kvm-b", { cpu: { model: "EPYC", features: ["svm"] } }),
    },
    [
      "warning cpu-passthrough on kvm-b: db-01 has the CPU of kvm-a itself (host-passthrough), and that of kvm-b is another: it lacks x2apic",
    ],
  ],
  ["host-passthrough to the same CPU", domain({ cpuMode: "host-passthrough" }), []],
  [
    "a TPM that nobody emulates there",
    { ...domain({ tpmEmulator: true }), fit: { capabilities: { tpmBackends: ["passthrough"] }, cpu: undefined } },
    ["blocker tpm-emulator on kvm-b: db-01 has an emulated TPM, and kvm-b has no emulator for one"],
  ],
  [
    "another security driver",
    domain({ securityModels: ["apparmor", "dac"] }),
    ["blocker security-model on kvm-b: db-01 runs under apparmor, and kvm-b has selinux"],
  ],
  // memory
  [
    "too little memory",
    there({ availableMemoryBytes: 2 * 2 ** 30 }),
    ["blocker free-memory on kvm-b: kvm-b has 2 GiB of memory free; db-01 needs 3 GiB"],
  ],
  [
    "memory for now, but not for all of it",
    there({ availableMemoryBytes: 4 * 2 ** 30 }),
    ["warning free-memory on kvm-b: kvm-b has 4 GiB of memory free; db-01 may grow to 8 GiB"],
  ],
  [
    "too few huge pages",
    { ...domain({ hugepageKiB: [0] }), ...there({ freeHugepages: { 2048: 100 } }) },
    ["blocker hugepages on kvm-b: db-01 needs 4096 huge pages of 2 MiB, and kvm-b has 100 free"],
  ],
  [
    "huge pages that are mounted nowhere",
    { ...domain({ hugepageKiB: [1_048_576] }), ...there({ hugetlbfs: false }) },
    ["blocker hugepages on kvm-b: db-01 has its memory in huge pages, and kvm-b has no hugetlbfs mounted"],
  ],
  // disks
  [
    "a disk of the source's own",
    disk({}),
    [`blocker disks on kvm-b: vda of db-01: ${path} lies on a file system of kvm-a itself (ext4)`],
  ],
  ["the same when the user answers for it", { ...disk({}), options: { unsafe: true } }, []],
  ["a disk on a share that both mount", disk({}, onNfs, onNfs), []],
  [
    "a share that the destination does not mount",
    disk({}, onNfs, absentImage),
    [`blocker disks on kvm-b: vda of db-01: kvm-b does not have ${path}`],
  ],
  [
    "another share at the same place",
    disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "nas:/old", inode: "7" })),
    [`blocker disks on kvm-b: vda of db-01: ${path} on kvm-b is another file (on nas:/old, here nas:/vm)`],
  ],
  [
    "another share at the same place when the user answers for it",
    {
      ...disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "nas:/old", inode: "7" })),
      options: { unsafe: true },
    },
    [`warning disks on kvm-b: vda of db-01: ${path} on kvm-b is another file (on nas:/old, here nas:/vm)`],
  ],
  ["one share under two addresses", disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "10.0.0.5:/vm" })), []],
  [
    "a LUN that is another there",
    disk({ type: "block" }, image({ serial: "0x1" }), image({ serial: "0x2" })),
    [`blocker disks on kvm-b: vda of db-01: ${path} on kvm-b is another device (serial 0x2, here 0x1)`],
  ],
  [
    "an ISO image that is not there",
    disk({ device: "cdrom", readonly: true }, image(), absentImage),
    [`blocker disks on kvm-b: vda of db-01: kvm-b does not have ${path}`],
  ],
  [
    "an ISO image that may be left out",
    disk({ device: "cdrom", readonly: true, startupPolicy: "optional" }, image(), absentImage),
    [],
  ],
  ["an empty CD-ROM drive", disk({ device: "cdrom", path: undefined }), []],
  // disks that are copied
  ["a copy into an image of the same size", { ...disk({}), options: copy }, []],
  [
    "a copy into nothing",
    { ...disk({}, image(), absentImage), options: copy },
    [
      `blocker disks on kvm-b: vda of db-01: kvm-b has no image ${path} to copy into, and no storage pool for /var/lib/libvirt/images`,
    ],
  ],
  [
    "a copy into nothing where libvirt can make it",
    {
      ...disk({}, image(), absentImage),
      destination: healthyHost("kvm-b", { poolPaths: ["/var/lib/libvirt/images"] }),
      options: copy,
    },
    [],
  ],
  [
    "a copy into an image of another size",
    { ...disk({}, image(), image({ sizeBytes: 8 * 2 ** 20 })), options: copy },
    [
      `blocker disks on kvm-b: vda of db-01: ${path} on kvm-b has 8 MiB (8388608 bytes), and 16 MiB (16777216) are needed`,
    ],
  ],
  [
    "a copy into an image of another format",
    { ...disk({ format: "qcow2" }, image({ format: "qcow2" })), options: copy },
    [`blocker disks on kvm-b: vda of db-01: ${path} on kvm-b is raw, and qcow2 is needed`],
  ],
  [
    "a copy of a disk on the network onto itself",
    { ...domain({}), options: copy },
    [
      "blocker disks on kvm-b: vda of db-01: it is on the network, and both hosts would write to one image while it is copied onto itself",
    ],
  ],
  [
    "a copy of a share onto itself",
    { ...disk({}, onNfs, onNfs), options: copy },
    [
      `blocker disks on kvm-b: vda of db-01: ${path} is on storage that both hosts see, and would be copied onto itself`,
    ],
  ],
  [
    "a disk that it does not have, and one that is not chosen",
    { ...disk({}), options: { ...copy, copyStorageDisks: ["vdz"] } },
    [
      "blocker disks on kvm-a: db-01 has no disk vdz, which migration.copyStorage.disks names",
      `blocker disks on kvm-b: vda of db-01: ${path} lies on a file system of kvm-a itself (ext4)`,
    ],
  ],
  [
    "an offline move without the image",
    { ...disk({}, image(), absentImage), how: "offline" },
    [
      `blocker disks on kvm-b: vda of db-01: an offline migration moves the definition only, and kvm-b does not have ${path}: it could not start there`,
    ],
  ],
  [
    "firmware that is not there",
    { ...domain({ bootFiles: [{ what: "firmware", path: "/ovmf" }] }), destinationImages: { "/ovmf": absentImage } },
    ["blocker boot-files on kvm-b: db-01 boots with the firmware /ovmf, which kvm-b does not have"],
  ],
  // networks
  [
    "a bridge that is not there",
    there({ interfaces: ["eth0"] }),
    ["blocker networks on kvm-b: db-01 is plugged in the bridge br0, which kvm-b does not have"],
  ],
  [
    "a network that is not active",
    { destination: healthyHost("kvm-b", { networks: [{ name: "default", active: false }] }) },
    ["blocker networks on kvm-b: db-01 is on the libvirt network default, which is not active on kvm-b"],
  ],
  [
    "a network that is not there",
    { destination: healthyHost("kvm-b", { networks: [] }) },
    ["blocker networks on kvm-b: db-01 is on the libvirt network default, which kvm-b does not have"],
  ],
  // devices, and what holds it
  [
    "a PCI device of the host",
    domain({ hostDevices: [{ type: "pci", name: "0000:3b:00.0", transient: false }] }),
    ["blocker host-devices on kvm-a: db-01 has a device of kvm-a itself (pci 0000:3b:00.0), which cannot go along"],
  ],
  ["half of a failover pair", domain({ hostDevices: [{ type: "network function", name: "x", transient: true }] }), []],
  [
    "a PCI device, shut off",
    { ...domain({ hostDevices: [{ type: "pci", name: "x", transient: false }] }), how: "offline" },
    [],
  ],
  [
    "directories of the host",
    domain({
      filesystems: [
        { driver: "9p", target: "a" },
        { driver: "virtiofs", target: "b" },
      ],
    }),
    [
      "blocker host-directories on kvm-a: db-01 has a directory of kvm-a by virtiofs (b), which libvirt may refuse to move",
      "warning host-directories on kvm-a: db-01 has a directory of kvm-a by 9p (a): QEMU refuses to move while the guest has it mounted",
    ],
  ],
  [
    "shared memory",
    domain({ sharedMemory: ["peer"] }),
    ["blocker shared-memory on kvm-a: db-01 shares memory with others on kvm-a (shmem peer), which cannot go along"],
  ],
  [
    "an invariant TSC",
    domain({ invariantTsc: true }),
    ["blocker invariant-tsc on kvm-a: db-01 has the CPU feature invtsc, with which libvirt moves no VM"],
  ],
  [
    "snapshots, a checkpoint and a block job, all at once",
    domain({ snapshots: ["a", "b", "c", "d"], checkpoints: ["x"], blockJobs: ["vda"] }),
    [
      "blocker snapshots on kvm-a: db-01 has 4 snapshots (a, b, c …), with which libvirt moves no VM",
      "blocker block-jobs on kvm-a: a block job (copy, commit, pull or backup) runs on vda of db-01",
      "warning checkpoints on kvm-a: db-01 has 1 checkpoint (x), which libvirt does not take along",
    ],
  ],
  ["post-copy with huge pages of 2 MiB", { ...domain({ hugepageKiB: [2048] }), options: { postCopy: true } }, []],
];

describe("the rules, each fact by itself", () => {
  for (const [title, change, said] of cases) {
    it(`${said.length === 0 ? "let pass" : "say of"} ${title}`, () => {
      const all = findings(healthyMove(change));
      assert.deepEqual(
        all.map(({ severity, rule, where, message }) => `${severity} ${rule} on ${where}: ${message}`),
        said,
      );
      for (const { next } of all) assert.notEqual(next, "");
    });
  }

  it("name the machine types that would do", () => {
    const [finding] = findings(healthyMove(cases.find(([title]) => title === "a machine type that is too new")![1]));
    assert.equal(
      finding!.next,
      "upgrade QEMU on kvm-b, or start db-01 with a machine type that both know; kvm-b has pc-q35-7.2, pc-q35-7.1",
    );
    assert.ok(showFinding(finding!).endsWith(`${finding!.next} [migrationRefused]`));
  });

  it("say nothing about what they are not told, and never throw, whichever facts are missing", () => {
    const blank = (value: unknown, drop: (path: string) => boolean, path = ""): unknown => {
      if (drop(path)) return undefined;
      if (Array.isArray(value)) return value.map((item, index) => blank(item, drop, `${path}.${index}`));
      if (typeof value !== "object" || value === null || value instanceof Set) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, blank(item, drop, `${path}.${key}`)]));
    };
    /** Those that a host may leave open. */
    const open = [
      ".domain",
      ".peer",
      ".peer.control",
      ".peer.login",
      ".peer.ping",
      ".peer.dataAddress",
      ".fit",
      ".fit.cpu",
      ".fit.capabilities",
      ".domain.snapshots",
      ".domain.checkpoints",
      ".domain.blockJobs",
      ".domain.memoryUsedBytes",
      ...[".source", ".destination"].flatMap((side) =>
        [
          "libvirt",
          "qemu",
          "hostUuid",
          "migrateOptions",
          "cpu",
          "securityModels",
          "machines",
          "domains",
          "networks",
          "poolPaths",
          "system",
          "system.qemuConf",
          "system.certificates",
          "system.availableMemoryBytes",
          "system.clockOffsetMs",
          "system.userfaultfd",
        ].map((key) => `${side}.${key}`),
      ),
      ...[".sourceImages", ".destinationImages"].map((side) => `${side}.${path}`),
    ];
    const options = fc.record({
      tls: fc.boolean(),
      postCopy: fc.boolean(),
      copyStorage: fc.constantFrom(undefined, "all", "incremental"),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.subarray(open),
        fc.constantFrom("live", "offline"),
        options,
        (given, gone, how, set) => {
          const facts = healthyMove(given[1]);
          const known = blank({ ...facts, how, options: { ...facts.options, ...set } }, (at) =>
            gone.includes(at),
          ) as MoveFacts;
          for (const finding of findings(known)) assert.doesNotMatch(showFinding(finding), /undefined|NaN|\[object/);
        },
      ),
      { numRuns: 2000 },
    );
    assert.deepEqual(findings(blank(healthyMove(), (at) => open.includes(at)) as MoveFacts), []);
  });
});
