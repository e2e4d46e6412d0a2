/** Facts that one thing is wrong with. */
import type { Pinning, Topology } from "../../../../provider/core/pinning";
import type { OwnedFacts, OwnedOnHost, OwnedState } from "../../../../provider/core/owned";
import type {
  Certificate,
  CertificateSide,
  Disk,
  DomainFacts,
  HostDevice,
  MoveAlongside,
  PeerFacts,
  VolumeOnHost,
  SystemFacts,
} from "../../../../provider/core/problems";
import {
  absentImage,
  certificate,
  healthyDomain,
  healthyHost,
  type healthyMove,
  healthyPeer,
  healthySystem,
  image,
} from "../../../support/move-facts";
import { absent, base, copyMove, GiB, onHost, side, vda } from "./image-copy-facts";
import { ownedContent, ownedOn } from "./owned-facts";

export const path = "/var/lib/libvirt/images/db-01.img";
const fileDisk: Disk = {
  target: "vda",
  device: "disk",
  type: "file",
  path,
  format: "raw",
  pciAddress: undefined,
  readonly: false,
  shareable: false,
  transient: false,
  startupPolicy: "mandatory",
};

const nfs = (change = {}) =>
  image({ fileSystem: "nfs4", mountSource: "10.0.0.5:/export", changed: "2026-01-01 00:00:00.1", ...change });

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

type Change = NonNullable<Parameters<typeof healthyMove>[0]>;
const domain = (change: Partial<DomainFacts>): Change => ({ domain: healthyDomain(change) });
const peer = (change: Partial<PeerFacts>): Change => ({ peer: healthyPeer(change) });
const byTcp = peer({
  transport: "tcp",
  uri: "qemu+tcp://kvm-b/system",
  controlPort: 16_509,
  login: undefined,
  control: "open",
});
const otherUuid = "aaaaaaaa-0000-4000-8000-000000000003";
/** Hosts whose addresses are known; both have libvirt's default network. */
const addressed = (): Change => ({
  source: healthyHost("kvm-a", { system: healthySystem("kvm-a", { addresses: ["127.0.0.1", "10.9.0.11", "192.168.122.1"] }) }), // prettier-ignore
  destination: healthyHost("kvm-b", { system: healthySystem("kvm-b", { addresses: ["127.0.0.1", "10.9.0.12", "192.168.122.1"] }) }), // prettier-ignore
});
const dataAt = (data: string[], addressOwners?: Record<string, string>): Change => ({
  ...addressed(),
  ...peer({ dataAddress: "b.lan", resolved: { data }, ...(addressOwners && { addressOwners }) }),
});
const byTcpTo = (change: Partial<PeerFacts>): Change => ({
  ...addressed(),
  ...peer({ ...byTls().peer, address: "b.lan", uri: "qemu+tls://b.lan/system", certificates: undefined, ...change }),
});
const controlSide = (host: string, change: Partial<CertificateSide> = {}): CertificateSide => ({
  host,
  authorityFile: "/etc/pki/CA/cacert.pem",
  certificateFile: `/etc/pki/libvirt/${host === "kvm-a" ? "client" : "server"}cert.pem`,
  keyFile: `/etc/pki/libvirt/private/${host === "kvm-a" ? "client" : "server"}key.pem`,
  authorities: [authority("CA")],
  certificate: certificate(`${host === "kvm-a" ? "client" : "server"}cert.pem`, [host]),
  keyIsMissing: false,
  rejectsAll: "libvirt",
  ...change,
});
const byTls = (
  destination: Partial<CertificateSide> | undefined = {},
  source: Partial<CertificateSide> | undefined = {},
  change: Partial<PeerFacts> = {},
) =>
  peer({
    transport: "tls",
    uri: "qemu+tls://kvm-b/system",
    controlPort: 16_514,
    certificates: {
      source: controlSide("kvm-a", source),
      destination: controlSide("kvm-b", destination),
      takesAnyClient: false,
    },
    ...change,
  });
const untrusted: Partial<PeerFacts> = {
  login: {
    works: false,
    code: "peerTls",
    why: "authentication failed: Failed to verify peer's certificate",
    remedies: [],
  },
};
const destinationHas = (change: Partial<SystemFacts>): Change => ({
  destination: healthyHost("kvm-b", { system: healthySystem("kvm-b", change) }),
});
const pinned = (change: Partial<Pinning>, topology: Partial<Topology> = {}): Change => ({
  ...domain({ pinning: { cpus: [], nodes: [], automatic: false, ...change } }),
  ...destinationHas({ topology: { ...healthySystem("kvm-b").topology!, ...topology } }),
});
const logicalVolume = (at: string): Change => ({
  domain: healthyDomain({ disks: [{ ...fileDisk, type: "block", path: at }] }),
  sourceImages: { [at]: image({ serial: "LVM-aBcD" }) },
  destinationImages: { [at]: absentImage },
});
const disk = (change: Partial<Disk>, onSource = image(), onDestination = image()): Change => ({
  ...domain({ disks: [{ ...fileDisk, ...change }] }),
  sourceImages: { [path]: onSource },
  destinationImages: { [path]: onDestination },
});
const volume = (onDestination: VolumeOnHost): Change => ({
  ...disk({ volume: { pool: "default", name: "a" } }, onNfs, onNfs),
  destinationVolumes: { vda: onDestination },
});
const hostDevice = (type: string, change: Partial<HostDevice> = {}): HostDevice => ({
  type,
  name: "0000:3b:00.0",
  optional: false,
  transient: false,
  ...change,
});
const exported = image({ changed: "2026-11-20 10:00:00.123456789" });
const mounted = image({ fileSystem: "nfs4", mountSource: "kvm-a:/images", changed: "2026-11-20 10:00:00.123456789" });
const declaring = (libvirt: string, directory: string) => {
  const system = healthySystem("kvm-a");
  return healthyHost("kvm-a", {
    libvirt,
    system: { ...system, qemuConf: { ...system.qemuConf!, sharedFilesystems: [directory] } },
  });
};
const into = (name: string, memoryBytes: number, change: Partial<MoveAlongside> = {}): MoveAlongside => ({
  domain: name,
  source: "kvm-a",
  destination: "kvm-b",
  memoryBytes,
  hugeMemory: [],
  begun: false,
  ...change,
});
const outOf = (name: string, memoryBytes: number, change: Partial<MoveAlongside> = {}): MoveAlongside =>
  into(name, memoryBytes, { source: "kvm-b", destination: "kvm-c", ...change });
/** A VM of 8 GiB in huge pages of 2 MiB: 4096 of them. */
const huge = (change: Partial<DomainFacts> = {}): Change =>
  domain({ hugeMemory: [{ bytes: 8 * GiB, pageKiB: 0 }], ...change });
const hugeAlongside = (bytes: number) => ({ hugeMemory: [{ bytes, pageKiB: 2048 }] });
const pages = (free: number, total = free, freeOn: Record<number, number> | undefined = undefined): Change =>
  destinationHas({ hugepages: { 2048: { free, total, freeOn } } });
const onNfs = image({ fileSystem: "nfs4", mountSource: "nas:/vm" });
const tls = (theirs: object, ours: object = {}): Change => {
  const onDestination = healthySystem("kvm-b");
  const near = healthySystem("kvm-a");
  return {
    options: { tls: true },
    source: healthyHost("kvm-a", { system: { ...near, certificates: { ...near.certificates!, ...ours } } }),
    destination: healthyHost("kvm-b", {
      system: { ...onDestination, certificates: { ...onDestination.certificates!, ...theirs } },
    }),
  };
};
const authority = (identity: string, change: Partial<Certificate> = {}) =>
  certificate("ca-cert.pem", [], { identity, ...change });
const newQemu = ({ source, destination, ...rest }: Change): Change => ({
  ...rest,
  source: { ...source!, qemu: "10.2.0" },
  destination: { ...destination!, qemu: "10.2.0" },
});
const refusal = (refused: "machine" | "emulator" | "virtType", text: string): Change => ({
  fit: { capabilities: { refused, refusal: text }, cpu: undefined },
});
const copy = { copyStorage: "all" } as const;
const secretUuid = "55806c7d-8e93-456f-829b-607d8c198367";
const hourMs = 3_600_000;

const owned = (change: Partial<OwnedFacts> = {}, swtpm = "0.8.0"): OwnedOnHost =>
  ownedOn(ownedContent(change), { swtpm }, "/vars.fd");
const offline = (
  what: Partial<OwnedState>,
  onSource: Partial<OwnedFacts> = {},
  onDestination: Partial<OwnedFacts> = {},
): Change => ({
  ...domain({ state: "shut off", owned: [{ what: "UEFI variables", path: "/vars.fd", ...what }] }),
  how: "offline",
  sourceOwned: owned(onSource),
  destinationOwned: owned(onDestination),
});

/** What spoils the move, and what is found then, as `factsOf` gives it. Empty: it is let pass. */
export const cases: [title: string, change: Change, expected: string[]][] = [
  ["a healthy move", {}, []],
  ["a healthy move of a VM that is shut off", { how: "offline" }, []],
  // who is who
  [
    "another VM of the same name",
    { destination: healthyHost("kvm-b", { domains: [{ name: "db-01", uuid: "other" }] }) },
    [
      "blocker name-and-uuid-free on kvm-b: domainConflict",
      "kvm-b$ virsh domrename db-01 NEW-NAME",
      "kvm-b$ virsh undefine --keep-nvram --keep-tpm db-01",
      "loses its definition",
    ],
  ],
  [
    "another VM with the same UUID",
    { destination: healthyHost("kvm-b", { domains: [{ name: "x", uuid: healthyDomain().uuid }] }) },
    [
      "blocker name-and-uuid-free on kvm-b: domainConflict",
      "kvm-b$ virsh undefine --keep-nvram --keep-tpm x",
      "loses its definition",
    ],
  ],
  // the way
  [
    "a login that is refused",
    peer({
      login: {
        works: false,
        code: "peerUntrusted",
        why: "Permission denied (publickey)",
        remedies: [{ do: "add the key" }],
      },
    }),
    ["blocker peer on kvm-a: peerUntrusted"],
  ],
  [
    "a silent ssh port where no login was tried",
    peer({ login: undefined, control: "silent", ping: "no" }),
    ["warning peer on kvm-a: peerUnreachable", "kvm-a$ ssh kvm-b true"],
  ],
  [
    "a closed TLS port",
    peer({ transport: "tls", controlPort: 16_514, login: undefined, control: "refused" }),
    [
      "blocker peer on kvm-a: peerUnreachable",
      "kvm-b$ systemctl enable --now virtproxyd-tls.socket",
      "kvm-b$ systemctl enable --now libvirtd-tls.socket",
    ],
  ],
  [
    "data ports that a firewall swallows",
    peer({ dataPorts: [49_152, 49_215].map((port) => ({ port, answer: "silent" as const })) }),
    [
      "blocker data-ports on kvm-b: peerUnreachable",
      "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
      "kvm-b$ firewall-cmd --reload",
      "kvm-b$ ufw allow proto tcp to any port 49152:49215",
    ],
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
      "warning data-ports on kvm-b: peerUnreachable",
      "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
      "kvm-b$ firewall-cmd --reload",
      "kvm-b$ ufw allow proto tcp to any port 49152:49215",
    ],
  ],
  [
    "data ports that a firewall swallows, where another migration has the first",
    peer({ dataPorts: [49_153, 49_215].map((port) => ({ port, answer: "silent" as const })) }),
    [
      "blocker data-ports on kvm-b: peerUnreachable",
      "kvm-b$ firewall-cmd --permanent --add-port=49152-49215/tcp",
      "kvm-b$ firewall-cmd --reload",
      "kvm-b$ ufw allow proto tcp to any port 49152:49215",
    ],
  ],
  [
    "data ports of another range, whose last is in use",
    peer({ dataRange: { low: 50_000, high: 50_063 }, dataPorts: [{ port: 50_000, answer: "rejected" }] }),
    [
      "blocker data-ports on kvm-b: peerUnreachable",
      "kvm-b$ firewall-cmd --permanent --add-port=50000-50063/tcp",
      "kvm-b$ firewall-cmd --reload",
      "kvm-b$ ufw allow proto tcp to any port 50000:50063",
    ],
  ],
  [
    "a fixed data port that a firewall swallows",
    peer({ dataRange: { low: 49_200, high: 49_200 }, dataPorts: [{ port: 49_200, answer: "silent" }] }),
    [
      "blocker data-ports on kvm-b: peerUnreachable",
      "kvm-b$ firewall-cmd --permanent --add-port=49200/tcp",
      "kvm-b$ firewall-cmd --reload",
      "kvm-b$ ufw allow proto tcp to any port 49200",
    ],
  ],
  [
    "a data address that has no meaning on the source",
    peer({ dataAddress: "b.lan", dataPorts: [{ port: 49_152, answer: "unresolved" }] }),
    ["blocker data-address on kvm-a: peerUnreachable"],
  ],
  [
    "a destination that calls itself localhost",
    peer({ dataAddress: "localhost.localdomain", dataAddressFrom: "hostname" }),
    ["blocker data-address on kvm-b: peerUnreachable", "kvm-b$ hostnamectl set-hostname NAME"],
  ],
  [
    "a data address that another host has",
    dataAt(["10.9.0.13"], { "10.9.0.13": "kvm-c" }),
    ["blocker data-address on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "a data address that another host has, before the destination's own",
    dataAt(["10.9.0.13", "10.9.0.12"], { "10.9.0.13": "kvm-c" }),
    ["warning data-address on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "a data address that is the source itself",
    dataAt(["127.0.1.1"]),
    ["blocker data-address on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "a data address that both ends have on a bridge of their own",
    dataAt(["192.168.122.1"]),
    ["blocker data-address on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  ["a data address that the destination has", dataAt(["10.9.0.12", "10.9.0.13"], { "10.9.0.13": "kvm-c" }), []],
  ["a data address that a router translates", dataAt(["203.0.113.5"]), []],
  ["a data address of another host, tunnelled", { ...dataAt(["127.0.1.1"]), options: { tunnelled: true } }, []],
  [
    "a libvirt of another host behind the address",
    { ...byTcpTo({ hostUuid: otherUuid, resolved: { control: ["203.0.113.5"] } }) },
    ["blocker peer-identity on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "the source's own libvirt behind the address",
    byTcpTo({ hostUuid: "aaaaaaaa-0000-4000-8000-000000000001", resolved: { control: ["127.0.1.1"] } }),
    ["blocker peer-identity on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "an address of another host, whose libvirt does not answer",
    byTcpTo({ resolved: { control: ["10.9.0.13"] }, addressOwners: { "10.9.0.13": "kvm-c" } }),
    ["blocker peer-identity on kvm-a: wrongPeer", "kvm-a$ getent ahosts b.lan"],
  ],
  [
    "the destination's libvirt behind an address that a router translates",
    byTcpTo({ hostUuid: "aaaaaaaa-0000-4000-8000-000000000002", resolved: { control: ["203.0.113.5"] } }),
    [],
  ],
  [
    "closed data ports for a tunnelled migration",
    { ...peer({ dataPorts: [{ port: 49_152, answer: "silent" }] }), options: { tunnelled: true } },
    [],
  ],
  // certificates
  ["good certificates", tls({}), []],
  [
    "authorities of which one replaces the other",
    tls({ authorities: [authority("CA")] }, { authorities: [authority("NEW"), authority("CA")] }),
    [],
  ],
  [
    "a certificate by a new authority that the destination trusts already",
    tls(
      { authorities: [authority("CA"), authority("NEW")] },
      {
        authorities: [authority("NEW"), authority("CA")],
        client: certificate("client-cert.pem", ["kvm-a"], { signers: ["NEW"] }),
      },
    ),
    [],
  ],
  [
    "a certificate by a new authority that the destination does not trust yet",
    tls(
      {},
      {
        authorities: [authority("CA"), authority("NEW")],
        client: certificate("client-cert.pem", ["kvm-a"], { signers: ["NEW"] }),
      },
    ),
    ["blocker certificates on kvm-b: peerTls"],
  ],
  [
    "an authority that was renewed with its key",
    tls({ authorities: [authority("CA", { validFromMs: 0 }), authority("CA")] }),
    [],
  ],
  [
    "an authority that has expired, and no other",
    tls({ authorities: [authority("CA", { validToMs: 0 })] }),
    ["blocker certificates on kvm-b: peerTls"],
  ],
  [
    "an expired authority beside the one that counts",
    newQemu(tls({ authorities: [authority("OLD", { validToMs: 0 }), authority("CA")] })),
    [],
  ],
  [
    "an expired authority beside the one that counts, and a QEMU that minds",
    tls({ authorities: [authority("OLD", { validToMs: 0 }), authority("CA")] }),
    ["warning certificates on kvm-b: peerTls"],
  ],
  [
    "an expired certificate",
    tls({ server: certificate("server-cert.pem", ["kvm-b"], { validToMs: Date.UTC(2024, 1, 29, 5) }) }),
    ["blocker certificates on kvm-b: peerTls"],
  ],
  [
    "a certificate that soon expires",
    tls({ server: certificate("server-cert.pem", ["kvm-b"], { validToMs: Date.UTC(2026, 10, 30) }) }),
    ["warning certificates on kvm-b: peerTls"],
  ],
  [
    "a certificate for another name",
    tls({ server: certificate("server-cert.pem", ["kvm-z"]) }),
    ["blocker certificates on kvm-b: peerTls"],
  ],
  [
    "a certificate for every name of a domain",
    { ...tls({ server: certificate("server-cert.pem", ["*.lan"]) }), ...peer({ dataAddress: "b.lan" }) },
    [],
  ],
  [
    "no client certificate, and another authority",
    tls(
      { authorities: [authority("OTHER")], server: certificate("server-cert.pem", ["kvm-b"], { signers: ["OTHER"] }) },
      { client: undefined },
    ),
    ["blocker certificates on kvm-a: peerTls", "blocker certificates on kvm-a: peerTls"],
  ],
  [
    "a key that is missing, and a certificate of nobody",
    tls({ missingKeys: ["server-key.pem"], server: certificate("s.pem", ["kvm-b"], { signers: ["OTHER"] }) }),
    ["blocker certificates on kvm-b: peerTls", "blocker certificates on kvm-b: peerTls"],
  ],
  [
    "a destination that insists on TLS",
    destinationHas({ qemuConf: { ...healthySystem("kvm-b").qemuConf!, migrateTlsForce: true } }),
    ["blocker tls-forced on kvm-b: peerTls"],
  ],
  // clocks and software
  [
    "clocks two hours apart",
    destinationHas({ clockOffsetMs: -2 * hourMs }),
    [
      "warning clocks-agree on kvm-b: clocksApart",
      "kvm-a$ systemctl enable --now chronyd",
      "kvm-b$ systemctl enable --now chronyd",
    ],
  ],
  ["clocks 30 seconds apart", destinationHas({ clockOffsetMs: 30_000 }), []],
  [
    "a resume that would crash the destination",
    { destination: healthyHost("kvm-b", { libvirt: "11.3.0" }), options: { postCopy: true } },
    ["warning post-copy-resume on kvm-b: unsafeCombination"],
  ],
  [
    "post-copy to a QEMU that may not use userfaultfd",
    { ...destinationHas({ userfaultfd: false }), options: { postCopy: true } },
    ["blocker post-copy-userfaultfd on kvm-b: unsafeCombination", "kvm-b$ sysctl -w vm.unprivileged_userfaultfd=1"],
  ],
  [
    "an older QEMU",
    { source: healthyHost("kvm-a", { qemu: "10.0.13" }) },
    ["warning qemu-not-older on kvm-b: migrationRefused"],
  ],
  [
    "zero detection where the destination's libvirt does not know it",
    {
      ...disk({}),
      source: healthyHost("kvm-a", { libvirt: "11.3.0" }),
      options: { copyStorage: "all", copyStorageDetectZeroes: ["vda"] },
    },
    ["blocker zero-detection-known on kvm-b: optionUnsupported"],
  ],
  [
    "mt compression where QEMU has lost it",
    { destination: healthyHost("kvm-b", { qemu: "10.0.13" }), options: { compressionMethods: ["mt"] } },
    ["blocker compression-known on kvm-b: optionUnsupported"],
  ],
  // the VM
  [
    "a machine type that is too new",
    {
      ...domain({ machine: "pc-q35-10.0" }),
      ...refusal("machine", "the machine 'pc-q35-10.0' is not supported by emulator '/usr/bin/qemu-system-x86_64'"),
    },
    ["blocker machine-type on kvm-b: migrationRefused"],
  ],
  [
    "no such emulator",
    refusal("emulator", "Cannot check QEMU binary /usr/bin/qemu-system-x86_64: No such file or directory"),
    ["blocker emulator on kvm-b: migrationRefused"],
  ],
  [
    "no KVM on the destination",
    refusal("virtType", "Emulator '/usr/bin/qemu-system-x86_64' does not support virt type 'kvm'"),
    ["blocker virtualisation on kvm-b: migrationRefused", "kvm-b$ modprobe kvm_intel", "kvm-b$ modprobe kvm_amd"],
  ],
  [
    "a CPU without two features",
    { fit: { capabilities: undefined, cpu: { compatible: false, missing: ["avx512f", "hle"], message: "" } } },
    ["blocker cpu on kvm-b: migrationRefused"],
  ],
  [
    "host-passthrough to another CPU",
    {
      ...domain({ cpuMode: "host-passthrough" }),
      destination: healthyHost("kvm-b", { cpu: { model: "EPYC", features: ["svm"] } }),
    },
    ["warning cpu-passthrough on kvm-b: migrationRefused"],
  ],
  [
    "host-passthrough to a CPU without two features",
    {
      ...domain({ cpuMode: "host-passthrough" }),
      fit: { capabilities: undefined, cpu: { compatible: false, missing: ["avx512f", "hle"], message: "" } },
    },
    ["blocker cpu-passthrough on kvm-b: migrationRefused"],
  ],
  ["host-passthrough to the same CPU", domain({ cpuMode: "host-passthrough" }), []],
  [
    "a TPM that nobody emulates there",
    { ...domain({ tpmEmulator: true }), fit: { capabilities: { tpmBackends: ["passthrough"] }, cpu: undefined } },
    [
      "blocker tpm-emulator on kvm-b: migrationRefused",
      "kvm-b$ apt install swtpm swtpm-tools",
      "kvm-b$ dnf install swtpm swtpm-tools",
    ],
  ],
  [
    "another security driver",
    domain({ securityModels: ["apparmor", "dac"] }),
    ["blocker security-model on kvm-b: migrationRefused"],
  ],
  // memory
  [
    "too little memory free",
    destinationHas({ availableMemoryBytes: 2 * GiB }),
    ["warning free-memory on kvm-b: migrationRefused"],
  ],
  [
    "memory for now, but not for all of it",
    destinationHas({ availableMemoryBytes: 4 * GiB }),
    ["warning free-memory on kvm-b: migrationRefused"],
  ],
  [
    "less memory and swap than the VM uses",
    destinationHas({ availableMemoryBytes: 2 * GiB, memoryCapacityBytes: 2.5 * GiB }),
    ["blocker free-memory on kvm-b: migrationRefused"],
  ],
  [
    "less memory and swap than a VM locks",
    { ...domain({ memoryLocked: true }), ...destinationHas({ memoryCapacityBytes: 7 * GiB }) },
    ["blocker free-memory on kvm-b: migrationRefused"],
  ],
  [
    "more than the limits of the program leave",
    {
      ...destinationHas({ totalMemoryBytes: 32 * GiB }),
      limits: { memory: 0.5, cpu: 1 },
      givenOnDestination: { "web-01": { memoryBytes: 9 * GiB, vcpus: 7 } },
    },
    ["blocker limits on kvm-b: migrationRefused"],
  ],
  [
    "limits, and a destination that does not tell what its VMs were given",
    { limits: { memory: 0.9 } },
    [
      "warning limits on kvm-b: unreadableAnswer",
      "kvm-b$ virsh domstats --raw --nowait --list-active --balloon --vcpu",
    ],
  ],
  [
    "VMs that fit one by one only",
    {
      ...destinationHas({ availableMemoryBytes: 20 * GiB }),
      alongside: [into("web-01", 8 * GiB), into("web-02", 10 * GiB)],
    },
    ["warning free-memory on kvm-b: migrationRefused"],
  ],
  [
    "VMs that can never all fit",
    {
      ...destinationHas({ memoryCapacityBytes: 20 * GiB }),
      alongside: [into("web-01", 8 * GiB), into("web-02", 10 * GiB)],
    },
    ["blocker free-memory on kvm-b: migrationRefused"],
  ],
  [
    "VMs that fit once another has left",
    {
      ...destinationHas({ availableMemoryBytes: 12 * GiB }),
      alongside: [into("web-01", 8 * GiB), outOf("old-01", 4 * GiB)],
    },
    [],
  ],
  [
    "VMs that do not fit though another has left",
    {
      ...destinationHas({ availableMemoryBytes: 6 * GiB }),
      alongside: [into("web-01", 8 * GiB), outOf("old-01", 4 * GiB)],
    },
    ["warning free-memory on kvm-b: migrationRefused"],
  ],
  [
    "too few huge pages",
    { ...huge(), ...pages(100) },
    ["blocker hugepages on kvm-b: migrationRefused", "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N"],
  ],
  ["as many huge pages as it needs", { ...huge(), ...pages(4096) }, []],
  [
    "huge pages that are mounted nowhere",
    { ...huge({ hugeMemory: [{ bytes: 8 * GiB, pageKiB: 1_048_576 }] }), ...destinationHas({ hugetlbfs: false }) },
    ["blocker hugepages on kvm-b: migrationRefused", "kvm-b$ mount -t hugetlbfs hugetlbfs /dev/hugepages"],
  ],
  ["huge pages of a memfd, mounted nowhere", { ...huge({ memfd: true }), ...destinationHas({ hugetlbfs: false }) }, []],
  [
    "huge pages of two sizes of which one is short",
    {
      ...huge({ hugeMemory: [{ bytes: 4 * GiB, pageKiB: 2048 }, { bytes: 4 * GiB, pageKiB: 1_048_576 }] }), // prettier-ignore
      ...destinationHas({
        hugepages: {
          2048: { free: 4096, total: 4096, freeOn: undefined },
          1048576: { free: 3, total: 8, freeOn: undefined },
        },
      }),
    },
    ["blocker hugepages on kvm-b: migrationRefused", "kvm-b$ virsh allocpages --pagesize 1048576KiB --pagecount N"],
  ],
  [
    "huge pages of a size that the kernel does not have",
    { ...huge({ hugeMemory: [{ bytes: 8 * GiB, pageKiB: 1_048_576 }] }), ...pages(4096) },
    ["blocker hugepages on kvm-b: migrationRefused"],
  ],
  [
    "huge pages that are free on another NUMA node only",
    {
      ...huge({ hugeMemory: [{ bytes: 8 * GiB, pageKiB: 2048, hostNodes: [1] }] }),
      ...pages(8192, 8192, { 0: 8000, 1: 192 }),
    },
    [
      "blocker hugepages on kvm-b: migrationRefused",
      "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N --cellno 1",
    ],
  ],
  [
    "little ordinary memory beside huge pages",
    {
      ...huge({ hugeMemory: [{ bytes: 6 * GiB, pageKiB: 1_048_576 }] }),
      ...destinationHas({ availableMemoryBytes: GiB }),
    },
    ["warning free-memory on kvm-b: migrationRefused"],
  ],
  [
    "little ordinary memory where all is in huge pages",
    { ...huge(), ...destinationHas({ availableMemoryBytes: GiB, memoryCapacityBytes: GiB }) },
    [],
  ],
  [
    "VMs whose huge pages fit one by one only",
    { ...huge(), ...pages(5000, 8192), alongside: [into("web-01", 0, hugeAlongside(4 * GiB))] },
    ["blocker hugepages on kvm-b: migrationRefused", "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N"],
  ],
  [
    "the same where the other is on its way",
    { ...huge(), ...pages(5000, 8192), alongside: [into("web-01", 0, { ...hugeAlongside(4 * GiB), begun: true })] },
    ["warning hugepages on kvm-b: migrationRefused", "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N"],
  ],
  [
    "the same where all that the host has is too little",
    { ...huge(), ...pages(5000), alongside: [into("web-01", 0, { ...hugeAlongside(4 * GiB), begun: true })] },
    ["blocker hugepages on kvm-b: migrationRefused", "kvm-b$ virsh allocpages --pagesize 2048KiB --pagecount N"],
  ],
  [
    "VMs whose huge pages fit once another has left",
    {
      ...huge(),
      ...pages(5000, 8192),
      alongside: [into("web-01", 0, hugeAlongside(4 * GiB)), outOf("old-01", 0, hugeAlongside(4 * GiB))],
    },
    [],
  ],
  // what it is bound to
  [
    "threads pinned to CPUs that are there",
    pinned({
      cpus: [
        { what: "vcpu", id: 0, cpus: [2, 3] },
        { what: "emulator", cpus: [0] },
      ],
      nodes: [{ mode: "strict", nodes: [1] }],
    }),
    [],
  ],
  [
    "threads pinned to CPUs that are not there",
    pinned({
      cpus: [
        { what: "all", cpus: numbers(6, 9) },
        { what: "vcpu", id: 0, cpus: [8] },
        { what: "vcpu", id: 1, cpus: [9] },
        { what: "vcpu", id: 2, cpus: [7] },
        { what: "emulator", cpus: [0, 64] },
        { what: "iothread", id: 1, cpus: [10] },
      ],
    }),
    [
      "blocker cpu-pinning on kvm-b: migrationRefused",
      "kvm-a$ virsh vcpupin db-01 --vcpu N --cpulist CPUS --live --config",
      "kvm-a$ virsh emulatorpin db-01 --cpulist CPUS --live --config",
      "kvm-a$ virsh iothreadpin db-01 --iothread N --cpulist CPUS --live --config",
    ],
  ],
  [
    "the same of a VM that is shut off",
    { ...pinned({ cpus: [{ what: "emulator", cpus: [8] }] }), how: "offline" },
    ["warning cpu-pinning on kvm-b: migrationRefused", "kvm-a$ virsh emulatorpin db-01 --cpulist CPUS --config"],
  ],
  [
    "a vCPU pinned to CPUs that are all offline",
    pinned({ cpus: [{ what: "vcpu", id: 3, cpus: [6, 7] }] }, { onlineCpus: numbers(0, 5) }),
    [
      "blocker cpu-pinning on kvm-b: migrationRefused",
      "kvm-b$ chcpu -e 6-7",
      "kvm-a$ virsh vcpupin db-01 --vcpu N --cpulist CPUS --live --config",
    ],
  ],
  [
    "a vCPU pinned to CPUs of which one is offline",
    pinned({ cpus: [{ what: "vcpu", id: 3, cpus: [5, 6] }] }, { onlineCpus: numbers(0, 5) }),
    [
      "warning cpu-pinning on kvm-b: migrationRefused",
      "kvm-b$ chcpu -e 6",
      "kvm-a$ virsh vcpupin db-01 --vcpu N --cpulist CPUS --live --config",
    ],
  ],
  [
    "the same with the first hierarchy of control groups",
    pinned({ cpus: [{ what: "vcpu", id: 3, cpus: [5, 6] }] }, { onlineCpus: numbers(0, 5), cgroup2: false }),
    [
      "blocker cpu-pinning on kvm-b: migrationRefused",
      "kvm-b$ chcpu -e 6",
      "kvm-a$ virsh vcpupin db-01 --vcpu N --cpulist CPUS --live --config",
    ],
  ],
  [
    "memory bound to a NUMA node that is not there",
    pinned({ nodes: [{ mode: "strict", nodes: [0, 1] }] }, { numaNodes: [0] }),
    [
      "blocker numa-nodes on kvm-b: migrationRefused",
      "kvm-a$ virsh numatune db-01 --nodeset NODES --live --config",
      "kvm-a$ virsh edit db-01",
    ],
  ],
  [
    "a guest's node bound to a NUMA node that is not there",
    pinned({ nodes: [{ guestNode: 1, mode: "preferred", nodes: [1] }] }, { numaNodes: [0] }),
    ["blocker numa-nodes on kvm-b: migrationRefused", "kvm-a$ virsh edit db-01"],
  ],
  ["a placement by numad that is not there", pinned({ automatic: true }), ["blocker numad on kvm-b: migrationRefused"]],
  ["a placement by numad that is there", pinned({ automatic: true }, { numad: true }), []],
  // disks
  ["a disk of the source's own", disk({}), ["blocker disks on kvm-b: unsafeStorage"]],
  ["the same when the user answers for it", { ...disk({}), options: { unsafe: true } }, []],
  ["a disk on a share that both mount", disk({}, onNfs, onNfs), []],
  [
    "a share that the destination does not mount",
    disk({}, onNfs, absentImage),
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "another share at the same place",
    disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "nas:/old", inode: "7" })),
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "another share at the same place when the user answers for it",
    {
      ...disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "nas:/old", inode: "7" })),
      options: { unsafe: true },
    },
    ["warning disks on kvm-b: unsafeStorage"],
  ],
  ["one share under two addresses", disk({}, onNfs, image({ fileSystem: "nfs4", mountSource: "10.0.0.5:/vm" })), []],
  [
    "a LUN that is another there",
    disk({ type: "block" }, image({ serial: "0x1" }), image({ serial: "0x2" })),
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an ISO image that is not there",
    disk({ device: "cdrom", readonly: true }, image(), absentImage),
    ["blocker disks on kvm-b: unsafeStorage", "kvm-a$ virsh change-media db-01 vda --eject"],
  ],
  [
    "an ISO image that may be left out",
    disk({ device: "cdrom", readonly: true, startupPolicy: "optional" }, image(), absentImage),
    [],
  ],
  [
    "another disc at the path of the one in the drive",
    disk({ device: "cdrom", readonly: true }, image(), image({ virtualSizeBytes: 4096 })),
    ["blocker disks on kvm-b: unsafeStorage", "kvm-a$ virsh change-media db-01 vda --eject", "loses what is there now"],
  ],
  ["an empty CD-ROM drive", disk({ device: "cdrom", path: undefined }), []],
  // disks that are copied
  ["a copy into an image of the same size", { ...disk({}), options: copy }, []],
  [
    "a copy into nothing",
    { ...disk({}, image(), absentImage), options: copy },
    [
      "blocker disks on kvm-b: unsafeStorage",
      "kvm-b$ qemu-img create -f raw /var/lib/libvirt/images/db-01.img 16777216",
    ],
  ],
  [
    "a copy into a logical volume that is not there",
    {
      ...disk({ type: "block" }, image(), absentImage),
      destination: healthyHost("kvm-b", { poolPaths: ["/var/lib/libvirt/images"] }),
      options: copy,
    },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a copy into a logical volume that the source has by its group",
    { ...logicalVolume("/dev/vg0/db-01"), options: copy },
    ["blocker disks on kvm-b: unsafeStorage", "kvm-b$ lvcreate --size 16777216b --name db-01 vg0"],
  ],
  [
    "a copy into a logical volume that the source has by the device mapper",
    { ...logicalVolume("/dev/mapper/vg0-db--01"), options: copy },
    ["blocker disks on kvm-b: unsafeStorage", "kvm-b$ lvcreate --size 16777216b --name db-01 vg0"],
  ],
  [
    "a copy into a logical volume that the source has by its UUID",
    { ...logicalVolume("/dev/disk/by-id/dm-uuid-LVM-x"), options: copy },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a copy into a logical volume of another size",
    { ...disk({ type: "block" }, image(), image({ sizeBytes: 2 ** 20 })), options: copy },
    ["blocker disks on kvm-b: unsafeStorage"],
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
      "blocker disks on kvm-b: unsafeStorage",
      "kvm-b$ qemu-img create -f raw /var/lib/libvirt/images/db-01.img 16777216",
      "loses what is in /var/lib/libvirt/images/db-01.img on kvm-b",
    ],
  ],
  [
    "a copy into an image of another format",
    { ...disk({ format: "qcow2" }, image({ format: "qcow2" })), options: copy },
    [
      "blocker disks on kvm-b: unsafeStorage",
      "kvm-b$ qemu-img create -f qcow2 /var/lib/libvirt/images/db-01.img 16777216",
      "loses what is in /var/lib/libvirt/images/db-01.img on kvm-b",
    ],
  ],
  [
    "a copy of a disk on the network onto itself",
    { ...domain({}), options: copy },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a copy of a share onto itself",
    { ...disk({}, onNfs, onNfs), options: copy },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a disk that it does not have, and one that is not chosen",
    { ...disk({}), options: { ...copy, copyStorageDisks: ["vdz"] } },
    ["blocker disks on kvm-a: unsafeStorage", "blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move without the image",
    { ...disk({}, image(), absentImage), how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "firmware that is not there",
    { ...domain({ bootFiles: [{ what: "firmware", path: "/ovmf" }] }), destinationImages: { "/ovmf": absentImage } },
    ["blocker boot-files on kvm-b: migrationRefused"],
  ],
  // disks by pool and volume
  [
    "a volume whose pool is not there",
    volume({ pool: "missing" }),
    [
      "blocker disks on kvm-b: unsafeStorage",
      "kvm-a$ virsh pool-dumpxml default",
      "kvm-b$ virsh pool-define FILE",
      "kvm-b$ virsh pool-start default",
      "kvm-b$ virsh pool-autostart default",
    ],
  ],
  [
    "a volume whose pool is not active",
    volume({ pool: "inactive" }),
    ["blocker disks on kvm-b: unsafeStorage", "kvm-b$ virsh pool-start default", "kvm-b$ virsh pool-autostart default"],
  ],
  [
    "a volume that its pool does not have",
    volume({ pool: "active", path: undefined }),
    ["blocker disks on kvm-b: unsafeStorage", "kvm-b$ virsh pool-refresh default", "kvm-b$ virsh vol-list default"],
  ],
  [
    "a volume at another path",
    volume({ pool: "active", path: "/srv/a.qcow2" }),
    ["warning disks on kvm-b: unsafeStorage", "kvm-a$ virsh pool-dumpxml default", "kvm-b$ virsh pool-dumpxml default"],
  ],
  [
    "a volume at another path that is the same file of a share",
    {
      ...volume({ pool: "active", path: "/srv/a.qcow2" }),
      sourceImages: { [path]: { ...onNfs, changed: "2026-11-26 10:00:00.1" } },
      destinationImages: { [path]: { ...onNfs, changed: "2026-11-26 10:00:00.1" } },
    },
    [],
  ],
  [
    "a volume at another path that is another file of the share",
    { ...volume({ pool: "active", path: "/srv/a.qcow2" }), destinationImages: { [path]: { ...onNfs, inode: "77" } } },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a copy into a volume at another path, of another size",
    {
      ...disk({ volume: { pool: "default", name: "a" } }, image(), image({ sizeBytes: 8 * 2 ** 20 })),
      destinationVolumes: { vda: { pool: "active", path: "/srv/a" } },
      options: copy,
    },
    [
      "blocker disks on kvm-b: unsafeStorage",
      "kvm-b$ qemu-img create -f raw /srv/a 16777216",
      "loses what is in /srv/a on kvm-b",
    ],
  ],
  [
    "an offline move of a volume at another path, without a copy",
    {
      ...disk({ volume: { pool: "default", name: "a" } }, image(), absentImage),
      destinationVolumes: { vda: { pool: "active", path: "/srv/a" } },
      how: "offline",
    },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  ["a volume of a share", volume({ pool: "active", path: "/var/lib/libvirt/images/db-01.img" }), []],
  [
    "a volume that libvirt makes in its pool",
    {
      ...volume({ pool: "active", path: undefined }),
      ...disk({ volume: { pool: "default", name: "a" } }, image(), absentImage),
      options: copy,
    },
    [],
  ],
  // secrets and network filters
  ...(["live", "offline"] as const).flatMap((how): (typeof cases)[number][] => {
    const severity = how === "live" ? "blocker" : "warning";
    const inLibvirt = { how, destinationSecrets: [{ uuid: secretUuid, usage: "ceph client.libvirt" }] };
    const value = `kvm-b$ virsh secret-set-value --interactive`;
    return [
      [`a secret by its UUID, ${how}`, { ...domain({ secrets: [{ uuid: secretUuid }] }), ...inLibvirt }, []],
      [`a secret by its use, ${how}`, { ...domain({ secrets: [{ usage: "ceph client.libvirt" }] }), ...inLibvirt }, []],
      [
        `two secrets that are not there, ${how}`,
        { ...domain({ secrets: [{ uuid: "other" }, { usage: "iscsi client.libvirt" }] }), ...inLibvirt },
        [
          `${severity} secrets on kvm-b: migrationRefused`,
          "kvm-a$ virsh secret-dumpxml other",
          "kvm-b$ virsh secret-define FILE",
          `${value} other`,
          `${severity} secrets on kvm-b: migrationRefused`,
          "kvm-a$ virsh secret-list",
          "kvm-a$ virsh secret-dumpxml UUID",
          "kvm-b$ virsh secret-define FILE",
          `${value} UUID`,
        ],
      ],
      [
        `a filter that is not there, and one that is, ${how}`,
        { ...domain({ filters: ["no spoofing", "clean-traffic"] }), how, destinationFilters: ["clean-traffic"] },
        [
          `${severity} network-filters on kvm-b: migrationRefused`,
          "kvm-a$ virsh nwfilter-dumpxml 'no spoofing'",
          "kvm-b$ virsh nwfilter-define FILE",
        ],
      ],
    ];
  }),
  [
    "secrets and filters of which the host does not tell",
    domain({ secrets: [{ uuid: secretUuid }], filters: ["f"] }),
    [],
  ],
  ...(
    [
      ["without virtsecretd", {}, ["virtnetworkd"], undefined, ["kvm-b$ systemctl enable --now virtsecretd.socket"]],
      [
        "without the secret",
        {},
        ["virtnetworkd", "virtsecretd"],
        [],
        ["kvm-b$ virsh secret-define FILE", `kvm-b$ virsh secret-set-value --interactive ${secretUuid}`],
      ],
      ["with the secret", {}, ["virtnetworkd", "virtsecretd"], [{ uuid: secretUuid, usage: "tls key" }], []],
      ["that is not known", {}, ["virtnetworkd", "virtsecretd"], undefined, []],
      ["without TLS", { options: {} }, ["virtnetworkd"], undefined, []],
    ] as const
  ).map(([title, change, answering, secrets, expected]): (typeof cases)[number] => {
    const { destination, ...rest } = tls({});
    const system = destination!.system!;
    return [
      `an encrypted TLS key on a host ${title}`,
      {
        ...rest,
        ...change,
        destination: {
          ...destination!,
          system: { ...system, qemuConf: { ...system.qemuConf!, tlsSecret: secretUuid } },
          daemons: { layout: "modular", init: "systemd", answering, units: {}, other: undefined },
          secrets,
        },
      },
      expected.length === 0 ? [] : ["blocker tls-secret on kvm-b: peerTls", ...expected],
    ];
  }),
  // networks
  [
    "a bridge that is not there",
    destinationHas({ interfaces: ["eth0"] }),
    ["blocker networks on kvm-b: migrationRefused"],
  ],
  [
    "a network that is not active",
    { destination: healthyHost("kvm-b", { networks: [{ name: "default", active: false }] }) },
    [
      "blocker networks on kvm-b: migrationRefused",
      "kvm-b$ virsh net-start default",
      "kvm-b$ virsh net-autostart default",
    ],
  ],
  [
    "a network that is not there",
    { destination: healthyHost("kvm-b", { networks: [] }) },
    [
      "blocker networks on kvm-b: migrationRefused",
      "kvm-a$ virsh net-dumpxml default",
      "kvm-b$ virsh net-define FILE",
      "kvm-b$ virsh net-start default",
      "kvm-b$ virsh net-autostart default",
    ],
  ],
  [
    "a bridge and a network of other names on the destination",
    {
      options: { networks: { br0: "eth0", default: { network: "lan" } } },
      destination: healthyHost("kvm-b", { networks: [{ name: "lan", active: true }] }),
    },
    [],
  ],
  [
    "a bridge and a network of other names, which the destination has not",
    { options: { networks: { br0: "br-lan", default: "lan" } } },
    [
      "blocker networks on kvm-b: migrationRefused",
      "blocker networks on kvm-b: migrationRefused",
      "kvm-b$ virsh net-define FILE",
      "kvm-b$ virsh net-start lan",
      "kvm-b$ virsh net-autostart lan",
    ],
  ],
  [
    "a network in place of a bridge, which is not active",
    {
      options: { networks: { br0: { network: "lan" } } },
      destination: healthyHost("kvm-b", {
        networks: [
          { name: "default", active: true },
          { name: "lan", active: false },
        ],
      }),
    },
    ["blocker networks on kvm-b: migrationRefused", "kvm-b$ virsh net-start lan", "kvm-b$ virsh net-autostart lan"],
  ],
  ["networks that it has been moved onto already", { options: { networks: { lan: "br0", x: { network: "default" } } } }, []], // prettier-ignore
  [
    "a network that it is not on",
    { options: { networks: { br1: "br-lan" } } },
    ["blocker mapping on kvm-a: migrationRefused"],
  ],
  [
    "a disk that it does not have",
    { options: { disks: { vdb: { path: "/srv/b.img" } } } },
    ["blocker mapping on kvm-a: unsafeStorage"],
  ],
  [
    "another path of a disk that is on the network",
    { options: { disks: { vda: { path: "/srv/b.img" } } } },
    ["blocker mapping on kvm-b: unsafeStorage"],
  ],
  [
    "a file as a block device",
    { ...domain({ disks: [fileDisk] }), options: { disks: { vda: { path: "/dev/vg/b" } }, unsafe: true } },
    ["blocker mapping on kvm-b: unsafeStorage", "warning disks on kvm-b: unsafeStorage"],
  ],
  [
    "two disks at one place",
    {
      ...domain({ disks: [fileDisk, { ...fileDisk, target: "vdb", path: "/srv/b.img" }] }),
      options: { disks: { vda: { path: "/srv/b.img" } }, unsafe: true },
    },
    ["blocker mapping on kvm-b: unsafeStorage", "warning disks on kvm-b: unsafeStorage"],
  ],
  [
    "another path of a disk on shared storage, which leads to the same file",
    {
      ...domain({ disks: [fileDisk] }),
      options: { disks: { vda: { path: "/other/db-01.img" } } },
      sourceImages: { [path]: nfs() },
      destinationImages: { [path]: nfs() },
    },
    [],
  ],
  [
    "another path of a disk on shared storage, which leads to another file",
    {
      ...domain({ disks: [fileDisk] }),
      options: { disks: { vda: { path: "/other/db-01.img" } } },
      sourceImages: { [path]: nfs() },
      destinationImages: { [path]: nfs({ inode: "43" }) },
    },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "another path of a disk on shared storage, of which nothing is known",
    { ...domain({ disks: [fileDisk] }), options: { disks: { vda: { path: "/other/db-01.img" } } } },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "another path of a disk on shared storage, of which nothing is known, offline",
    { ...domain({ disks: [fileDisk] }), how: "offline", options: { disks: { vda: { path: "/other/db-01.img" } } } },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "another path of a disk on shared storage, whose backing file is not at the place that it names",
    {
      ...domain({ disks: [fileDisk] }),
      options: { disks: { vda: { path: "/other/db-01.img" } } },
      sourceImages: { [path]: nfs() },
      destinationImages: { [path]: nfs() },
      brokenChains: ["/other/db-01.img"],
    },
    ["blocker mapping on kvm-b: unsafeStorage", "kvm-b$ qemu-img info -U --backing-chain /other/db-01.img"],
  ],
  // devices, and what holds it
  [
    "a PCI device of the host, with a libvirt that judges by itself",
    { ...domain({ hostDevices: [hostDevice("pci")] }), source: healthyHost("kvm-a", { libvirt: "8.0.0" }) },
    ["blocker host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a PCI device of the host, with a QEMU that cannot be asked",
    { ...domain({ hostDevices: [hostDevice("pci")] }), source: healthyHost("kvm-a", { qemu: "5.2.0" }) },
    ["blocker host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a PCI device of the host, of which QEMU decides",
    domain({ hostDevices: [hostDevice("pci")] }),
    ["warning host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a vGPU",
    domain({ hostDevices: [hostDevice("mdev", { name: "00000000-1111-4222-8333-444455556666" })] }),
    ["warning host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a vDPA interface",
    domain({ interfaces: [{ type: "vdpa", source: "/dev/vhost-vdpa-0" }] }),
    ["warning host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a vDPA interface, with an older libvirt",
    {
      ...domain({ interfaces: [{ type: "vdpa", source: "/dev/vhost-vdpa-0" }] }),
      source: healthyHost("kvm-a", { libvirt: "7.0.0" }),
    },
    ["blocker host-devices on kvm-a: migrationRefused", "kvm-a$ virsh detach-device db-01 FILE --live"],
  ],
  [
    "a USB device of the host",
    domain({ hostDevices: [hostDevice("usb", { name: "bus 1 device 4" })] }),
    ["warning usb-devices on kvm-b: migrationRefused", "kvm-b$ lsusb"],
  ],
  ["a USB device that may be missing", domain({ hostDevices: [hostDevice("usb", { optional: true })] }), []],
  ["one device of a failover pair", domain({ hostDevices: [hostDevice("network function", { transient: true })] }), []],
  ["a PCI device, shut off", { ...domain({ hostDevices: [hostDevice("pci")] }), how: "offline" }, []],
  [
    "devices that QEMU does not migrate, and one that some versions of it do",
    domain({ qemuDevices: [{ what: "a virtio crypto device" }, { what: "an AMD IOMMU", depends: "it depends" }] }),
    ["blocker qemu-devices on kvm-a: migrationRefused", "warning qemu-devices on kvm-a: migrationRefused"],
  ],
  [
    "virtio devices of a QEMU that gives them larger queues",
    {
      ...domain({ virtio: true }),
      source: healthyHost("kvm-a", { qemu: "10.0.13" }),
      destination: healthyHost("kvm-b", { qemu: "11.1.2" }),
    },
    ["warning queue-sizes on kvm-b: migrationRefused"],
  ],
  [
    "files and sockets of the host that the destination lacks",
    {
      ...domain({
        hostFiles: [
          { what: "character device", path: "/dev/ttyS0", kind: "needed" },
          { what: "socket", path: "/run/s", kind: "socket" },
        ],
      }),
      destinationImages: { "/dev/ttyS0": absentImage, "/run/s": absentImage },
    },
    ["blocker host-files on kvm-b: migrationRefused", "warning host-files on kvm-b: migrationRefused"],
  ],
  [
    "the file of an NVDIMM, shut off",
    { ...domain({ hostFiles: [{ what: "nvdimm file", path: "/srv/nv", kind: "content" }] }), how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage", "kvm-a$ ls -l /srv/nv"],
  ],
  [
    "directories of the host",
    domain({
      filesystems: [
        { driver: "9p", target: "a", external: false },
        { driver: "virtiofs", target: "b", external: false },
      ],
    }),
    ["blocker host-directories on kvm-a: migrationRefused", "warning host-directories on kvm-a: migrationRefused"],
  ],
  [
    "a directory by virtiofs, with a libvirt that may refuse it",
    {
      ...domain({ filesystems: [{ driver: "virtiofs", target: "b", external: false }] }),
      source: healthyHost("kvm-a", { libvirt: "10.0.0", qemu: "8.2.2" }),
      destination: healthyHost("kvm-b", { libvirt: "11.3.0", qemu: "10.0.0" }),
    },
    ["warning host-directories on kvm-a: migrationRefused"],
  ],
  [
    "a directory by virtiofs that may go along",
    {
      ...domain({ filesystems: [{ driver: "virtiofs", target: "b", external: false }] }),
      source: healthyHost("kvm-a", { libvirt: "11.3.0", qemu: "10.0.0" }),
      destination: healthyHost("kvm-b", { libvirt: "11.3.0", qemu: "10.0.0" }),
    },
    ["warning host-directories on kvm-a: migrationRefused"],
  ],
  [
    "a transient disk",
    disk({ transient: true }, onNfs, onNfs),
    [
      "blocker transient-disks on kvm-a: migrationRefused",
      "loses what the guest has written to the disk since it started",
      "loses what the guest has written to the disk since it started",
    ],
  ],
  [
    "a transient disk, shut off",
    { ...disk({ transient: true, type: "network", path: undefined }), how: "offline" },
    [],
  ],
  ...(
    [
      ["nfs4", "8.0.0", true],
      ["gpfs", "8.0.0", true],
      ["fuse.glusterfs", "8.0.0", true],
      ["fuse.quobyte", "8.0.0", true],
      ["beegfs", "9.6.0", true],
      ["beegfs", "9.5.0", false],
      ["lustre", "11.3.0", false],
      ["fuse.ceph", "11.3.0", false],
      ["fuse.ceph-fuse", "11.3.0", false],
    ] as const
  ).map(([fileSystem, libvirt, shared]): (typeof cases)[number] => {
    const image_ = image({ fileSystem, mountSource: "cluster:/vm" });
    return [
      `a disk on ${fileSystem} with libvirt ${libvirt}`,
      { ...disk({}, image_, image_), source: healthyHost("kvm-a", { libvirt }) },
      shared ? [] : ["blocker disks on kvm-b: unsafeStorage", "kvm-a$ grep shared_filesystems /etc/libvirt/qemu.conf"],
    ];
  }),
  [
    "a disk that the administrator declares shared",
    { ...disk({}, exported, mounted), source: declaring("11.3.0", "/var/lib/libvirt/images/") },
    [],
  ],
  [
    "an emulated TPM whose emulator is to be installed beside modular daemons",
    {
      ...domain({ tpmEmulator: true }),
      fit: { capabilities: { tpmBackends: [] }, cpu: undefined },
      destination: healthyHost("kvm-b", {
        daemons: { layout: "modular", init: "systemd", answering: ["virtnetworkd"], units: {}, other: undefined },
      }),
    },
    [
      "blocker tpm-emulator on kvm-b: migrationRefused",
      "kvm-b$ apt install swtpm swtpm-tools",
      "kvm-b$ systemctl restart virtqemud",
      "kvm-b$ dnf install swtpm swtpm-tools",
      "kvm-b$ systemctl restart virtqemud",
    ],
  ],
  ...(
    [
      ["no socket", [], {}, "live", "blocker"],
      ["no socket, shut off", [], {}, "offline", "warning"],
      ["a socket", ["virtnetworkd"], {}, "live", undefined],
      ["a service", [], { "virtnetworkd.service": { active: true, enabled: false, masked: false } }, "live", undefined],
    ] as const
  ).map(([what, answering, units, how, severity]): (typeof cases)[number] => [
    `a libvirt network whose daemon has ${what}`,
    {
      how,
      destination: healthyHost("kvm-b", {
        daemons: { layout: "modular", init: "systemd", answering, units, other: undefined },
      }),
    },
    severity === undefined
      ? []
      : [`${severity} driver-daemons on kvm-b: migrationRefused`, "kvm-b$ systemctl enable --now virtnetworkd.socket"],
  ]),
  ...(
    [
      [{ secrets: [{ uuid: secretUuid }] }, "virtsecretd"],
      [{ filters: ["clean-traffic"] }, "virtnwfilterd"],
    ] as const
  ).flatMap(([uses, daemon]) =>
    [[], [daemon]].map((answering): (typeof cases)[number] => [
      `a VM that needs ${daemon} on a host ${answering.length === 0 ? "without" : "with"} it`,
      {
        ...domain(uses),
        destination: healthyHost("kvm-b", {
          daemons: {
            layout: "modular",
            init: "systemd",
            answering: ["virtnetworkd", ...answering],
            units: {},
            other: undefined,
          },
        }),
      },
      answering.length > 0
        ? []
        : ["blocker driver-daemons on kvm-b: migrationRefused", `kvm-b$ systemctl enable --now ${daemon}.socket`],
    ]),
  ),
  ...(
    [
      ["11.3.0", ["blocker security-model on kvm-b: migrationRefused"]],
      ["12.3.0", []],
    ] as const
  ).map(([libvirt, expected]): (typeof cases)[number] => [
    `a VM without a label of a driver that libvirt ${libvirt} there does not have`,
    {
      ...domain({ securityModels: ["dac"], unlabelledModels: ["selinux"] }),
      source: healthyHost("kvm-a", { libvirt }),
      destination: healthyHost("kvm-b", { libvirt, securityModels: ["apparmor", "dac"] }),
    },
    [...expected],
  ]),
  [
    "an account of QEMU that may not open /dev/kvm",
    destinationHas({ kvmForbiddenTo: "libvirt-qemu" }),
    [
      "warning kvm-access on kvm-b: migrationRefused",
      "kvm-b$ ls -lZ /dev/kvm",
      "kvm-b$ udevadm trigger --name-match=kvm",
    ],
  ],
  [
    "such an account, for a VM without KVM",
    { ...domain({ virtType: "qemu" }), ...destinationHas({ kvmForbiddenTo: "libvirt-qemu" }) },
    [],
  ],
  ...(
    [
      [GiB, []],
      [GiB - 1, ["blocker image-copy on kvm-b: unsafeStorage"]],
    ] as const
  ).map(([freeBytes, expected]): (typeof cases)[number] => [
    `a logical volume that libvirt makes with ${freeBytes} bytes free`,
    {
      ...disk({ type: "block", volume: { pool: "vg0", name: "a" } }, image({ sizeBytes: GiB }), absentImage),
      destinationVolumes: { vda: { pool: "active", path: undefined, freeBytes } },
      options: { mode: "live", copyStorage: "all" },
    },
    [...expected],
  ]),
  ...([[], ["virtstoraged"]] as const).map((answering): (typeof cases)[number] => [
    `a volume on a host ${answering.length === 0 ? "without" : "with"} virtstoraged`,
    {
      ...volume({ pool: "active", path }),
      destination: healthyHost("kvm-b", {
        daemons: {
          layout: "modular",
          init: "systemd",
          answering: ["virtnetworkd", ...answering],
          units: {},
          other: undefined,
        },
      }),
    },
    answering.length > 0
      ? []
      : ["blocker driver-daemons on kvm-b: migrationRefused", "kvm-b$ systemctl enable --now virtstoraged.socket"],
  ]),
  [
    "a disk beside what the administrator declares shared",
    { ...disk({}, exported, mounted), source: declaring("11.3.0", "/var/lib/libvirt/image") },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "a disk declared shared to a libvirt that may not know that",
    { ...disk({}, exported, mounted), source: declaring("9.0.0", "/var/lib/libvirt/images") },
    ["warning disks on kvm-b: unsafeStorage"],
  ],
  [
    "a copy of a disk that the administrator declares shared",
    { ...disk({}, exported, mounted), source: declaring("11.3.0", "/var/lib/libvirt/images"), options: copy },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move of a disk that the administrator declares shared",
    { ...disk({}, exported, mounted), source: declaring("11.3.0", "/var/lib/libvirt/images"), how: "offline" },
    [],
  ],
  [
    "a volume that virsh does not tell of",
    disk({ type: "volume", path: undefined, volume: { pool: "default", name: "a.qcow2" } }),
    ["warning disks on kvm-b: unsafeStorage", "kvm-a$ virsh vol-path --pool default --vol a.qcow2"],
  ],
  [
    "an NVMe disk of the host",
    disk({ type: "nvme", path: undefined, pciAddress: "0000:01:00.0" }),
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an NVMe disk of the host, for whose data the user answers",
    { ...disk({ type: "nvme", path: undefined, pciAddress: "0000:01:00.0" }), options: { unsafe: true } },
    ["warning disks on kvm-b: unsafeStorage"],
  ],
  [
    "an NVMe disk that is copied",
    { ...disk({ type: "nvme", path: undefined, pciAddress: "0000:01:00.0" }), options: copy },
    ["warning disks on kvm-b: unsafeStorage", "kvm-b$ lspci -D -nn"],
  ],
  ["shared memory", domain({ sharedMemory: ["peer"] }), ["blocker shared-memory on kvm-a: migrationRefused"]],
  ["an invariant TSC", domain({ invariantTsc: true }), ["blocker invariant-tsc on kvm-a: migrationRefused"]],
  [
    "snapshots, a checkpoint and a block job, all at once",
    domain({ snapshots: ["a", "b", "c", "d"], checkpoints: ["x"], blockJobs: ["vda"] }),
    [
      "blocker snapshots on kvm-a: migrationRefused",
      "kvm-a$ virsh snapshot-delete db-01 NAME",
      "loses the state that it kept",
      "kvm-a$ virsh snapshot-delete db-01 NAME --metadata",
      "loses what libvirt needs to go back to them",
      "blocker block-jobs on kvm-a: migrationRefused",
      "kvm-a$ virsh blockjob db-01 vda --info",
      "kvm-a$ virsh blockjob db-01 vda --abort",
      "loses what it has done so far",
      "warning checkpoints on kvm-a: migrationRefused",
    ],
  ],
  [
    "post-copy with huge pages of 2 MiB",
    { ...domain({ hugeMemory: [{ bytes: GiB, pageKiB: 2048 }] }), options: { postCopy: true } },
    [],
  ],
  // software, once more
  [
    "one host under two names",
    { destination: healthyHost("kvm-b", { hostUuid: healthyHost("kvm-a").hostUuid }) },
    ["blocker distinct-hosts on kvm-b: domainConflict"],
  ],
  [
    "an option that virsh does not know",
    { command: "virsh migrate --live --available-switchover-bandwidth 800 db-01 qemu+ssh://kvm-b/system" },
    ["blocker virsh-options on kvm-a: optionUnsupported"],
  ],
  [
    "an option that nobody knows",
    { command: "virsh migrate --live --no-such-option db-01 qemu+ssh://kvm-b/system" },
    ["blocker virsh-options on kvm-a: optionUnsupported"],
  ],
  [
    "multi-FD with post-copy below QEMU 10.1",
    { options: { parallel: true, postCopy: true } },
    [
      "blocker multi-fd-with-post-copy on kvm-a: unsafeCombination",
      "blocker multi-fd-with-post-copy on kvm-b: unsafeCombination",
    ],
  ],
  [
    "multi-FD with post-copy and an old machine type",
    {
      options: { parallel: true, postCopy: true },
      source: healthyHost("kvm-a", { qemu: "10.1.0", libvirt: "12.0.0" }),
      destination: healthyHost("kvm-b", { qemu: "10.1.0", libvirt: "12.0.0" }),
    },
    ["blocker multi-fd-with-post-copy on kvm-a: unsafeCombination"],
  ],
  [
    "multi-FD with post-copy and a machine type that nobody knows",
    {
      ...domain({ machine: "pc-q35-vz8.0.0" }),
      options: { parallel: true, postCopy: true },
      source: healthyHost("kvm-a", { qemu: "10.1.0", libvirt: "12.0.0" }),
      destination: healthyHost("kvm-b", { qemu: "10.1.0", libvirt: "12.0.0" }),
    },
    ["blocker multi-fd-with-post-copy on kvm-a: unsafeCombination"],
  ],
  [
    "tls, multi-FD and a disk copy together",
    { ...domain({ disks: [] }), options: { ...copy, tls: true, parallel: true } },
    ["blocker tls-disk-copy-over-multi-fd on kvm-a: unsafeCombination"],
  ],
  [
    "zstd compression that libvirt does not know",
    { options: { compressionMethods: ["zstd"] } },
    ["blocker compression-known on kvm-a: optionUnsupported", "blocker compression-known on kvm-b: optionUnsupported"],
  ],
  [
    "a paused VM that is not known to have run",
    domain({ state: "paused" }),
    [
      "blocker paused-again on kvm-a: unsafeCombination",
      "kvm-a$ virsh resume db-01",
      "$ pulumi up",
      "kvm-b$ virsh suspend db-01",
      "kvm-a$ virsh resume db-01",
      "kvm-a$ virsh suspend db-01",
      "$ pulumi up",
    ],
  ],
  [
    "a paused VM with a name that a shell would split",
    domain({ name: "web server", state: "paused", pausedSinceArrival: true }),
    [
      "blocker paused-again on kvm-a: unsafeCombination",
      "kvm-a$ virsh resume 'web server'",
      "$ pulumi up",
      "kvm-b$ virsh suspend 'web server'",
      "kvm-a$ virsh resume 'web server'",
      "kvm-a$ virsh suspend 'web server'",
      "$ pulumi up",
    ],
  ],
  [
    "answers that cannot be read",
    {
      unreadable: [
        { host: "kvm-a", what: "definition", command: "virsh dumpxml 5c1e2f0a" },
        { host: "kvm-a", what: "definition", command: "virsh dumpxml 5c1e2f0a" },
        { host: "kvm-b", what: "capabilities", command: "virsh capabilities", unanswered: true },
        { host: "kvm-b", what: "storage pools", command: "virsh pool-dumpxml POOL" },
      ],
    },
    [
      "blocker answers-are-readable on kvm-a: unreadableAnswer",
      "kvm-a$ virsh dumpxml 5c1e2f0a | xmllint --noout -",
      "warning answers-are-readable on kvm-b: unreadableAnswer",
      "kvm-b$ virsh capabilities",
      "warning answers-are-readable on kvm-b: unreadableAnswer",
      "kvm-b$ virsh pool-dumpxml POOL | xmllint --noout -",
    ],
  ],
  // the way, once more
  [
    "start-up files that print",
    peer({ login: { works: true, tookMs: 300, noise: { text: "Welcome!\nNews", user: "deploy" } } }),
    ["blocker peer-output on kvm-b: peerOutput"],
  ],
  [
    "an ssh port that refuses",
    peer({ login: undefined, control: "refused" }),
    [
      "warning peer on kvm-a: peerUnreachable",
      "kvm-b$ systemctl enable --now sshd",
      "kvm-b$ systemctl enable --now ssh",
    ],
  ],
  [
    "a control address that has no meaning",
    peer({ login: undefined, control: "unresolved", address: "b.lan" }),
    ["warning peer on kvm-a: peerUnreachable"],
  ],
  [
    "a TLS port that is rejected",
    peer({ transport: "tls", controlPort: 16_514, login: undefined, control: "rejected" }),
    ["blocker peer on kvm-a: peerUnreachable", "kvm-a$ nc -vz kvm-b 16514"],
  ],
  [
    "a TCP port that refuses",
    {
      ...peer({
        transport: "tcp",
        uri: "qemu+tcp://kvm-b/system",
        controlPort: 16_509,
        login: undefined,
        control: "refused",
      }),
      options: { accept: ["plain-tcp"] },
    },
    [
      "blocker peer on kvm-a: peerUnreachable",
      "kvm-b$ systemctl enable --now virtproxyd-tcp.socket",
      "kvm-b$ systemctl enable --now libvirtd-tcp.socket",
      "warning plain-tcp on kvm-b: peerTls",
    ],
  ],
  ["a definition that would cross the network in clear text", byTcp, ["blocker plain-tcp on kvm-b: peerTls"]],
  ["memory that would, too", { ...byTcp, options: { tunnelled: true } }, ["blocker plain-tcp on kvm-b: peerTls"]],
  [
    "plain TCP between two hosts, without a VM",
    { ...byTcp, domain: undefined },
    ["warning plain-tcp on kvm-b: peerTls"],
  ],
  [
    "a TLS port that refuses, and a login that says so too",
    byTls(
      {},
      {},
      { control: "refused", login: { works: false, code: "peerUnreachable", why: "Connection refused", remedies: [] } },
    ),
    [
      "blocker peer on kvm-a: peerUnreachable",
      "kvm-b$ systemctl enable --now virtproxyd-tls.socket",
      "kvm-b$ systemctl enable --now libvirtd-tls.socket",
    ],
  ],
  ["certificates of libvirt's own that are good", byTls(), []],
  [
    "certificates of libvirt's own that cannot be read",
    peer({ ...byTls().peer, certificates: { source: undefined, destination: undefined, takesAnyClient: false } }),
    [],
  ],
  [
    "libvirt's own certificate without the name of the peer",
    byTls({ certificate: certificate("servercert.pem", ["b.lan"]) }, {}, untrusted),
    ["blocker peer-certificates on kvm-b: peerTls"],
  ],
  [
    "libvirt's own certificate that has expired",
    byTls(
      {},
      { certificate: certificate("clientcert.pem", ["kvm-a"], { validToMs: Date.UTC(2026, 1, 1) }) },
      untrusted,
    ),
    ["blocker peer-certificates on kvm-a: peerTls"],
  ],
  [
    "no certificate of libvirt's own on the source",
    byTls({}, { certificate: undefined, keyIsMissing: true }, untrusted),
    ["blocker peer-certificates on kvm-a: peerTls"],
  ],
  [
    "no key of libvirt's own on the destination",
    byTls({ keyIsMissing: true }, {}, untrusted),
    ["blocker peer-certificates on kvm-b: peerTls"],
  ],
  [
    "no authority of libvirt's own on the source",
    byTls({}, { authorities: [] }, untrusted),
    ["blocker peer-certificates on kvm-a: peerTls"],
  ],
  [
    "libvirt's own certificate by an authority that the destination does not trust",
    byTls(
      {},
      {
        authorities: [authority("CA"), authority("NEW")],
        certificate: certificate("clientcert.pem", ["kvm-a"], { signers: ["NEW"] }),
      },
      untrusted,
    ),
    ["blocker peer-certificates on kvm-b: peerTls"],
  ],
  [
    "no certificate of the source, which the destination does not check",
    {
      ...peer({
        ...byTls().peer,
        certificates: {
          source: controlSide("kvm-a", { certificate: undefined }),
          destination: controlSide("kvm-b"),
          takesAnyClient: true,
        },
      }),
    },
    [],
  ],
  [
    "certificates that are good and a connection that fails all the same",
    byTls({}, {}, untrusted),
    ["blocker peer on kvm-a: peerTls"],
  ],
  [
    "a link that would take more connections than the plan has",
    { ...peer({ linkBitsPerSecond: 25e9 }), options: { parallel: true, parallelConnections: "auto" } },
    [
      "information link-speed on kvm-a: optionUnsupported",
      "$ pulumi config set --path 'vm-placement:hosts.kvm-b.linkSpeed' 25Gbps",
    ],
  ],
  [
    "a link that two connections fill",
    { ...peer({ linkBitsPerSecond: 20e9 }), options: { parallel: true, parallelConnections: "auto" } },
    [],
  ],
  [
    "a certificate of tomorrow",
    tls({ server: certificate("s.pem", ["kvm-b"], { validFromMs: Date.UTC(2026, 11, 1) }) }),
    ["blocker certificates on kvm-b: peerTls"],
  ],
  // the VM, once more
  [
    "an older swtpm",
    { ...domain({ tpmEmulator: true }), sourceOwned: owned({}, "0.8.0"), destinationOwned: owned({}, "0.7.1") },
    [
      "blocker tpm-emulator on kvm-b: migrationRefused",
      "kvm-b$ apt install swtpm swtpm-tools",
      "kvm-b$ dnf install swtpm swtpm-tools",
    ],
  ],
  [
    "no emulator of another architecture",
    {
      ...domain({ arch: "aarch64", emulator: undefined }),
      ...refusal("emulator", "could not find a suitable emulator"),
    },
    ["blocker emulator on kvm-b: migrationRefused"],
  ],
  [
    "a type of VM that is not KVM",
    { ...domain({ virtType: "xen" }), ...refusal("virtType", "Emulator does not support virt type 'xen'") },
    ["blocker virtualisation on kvm-b: migrationRefused", "kvm-b$ virsh domcapabilities --virttype xen --arch x86_64"],
  ],
  [
    "post-copy with huge pages of 1 GiB",
    { ...domain({ hugeMemory: [{ bytes: GiB, pageKiB: 1_048_576 }] }), options: { postCopy: true } },
    ["warning post-copy-hugepages on kvm-a: migrationRefused"],
  ],
  [
    "a template of UEFI variables that is not there",
    {
      ...domain({ owned: [{ what: "UEFI variables", path: "/vars.fd", template: "/OVMF_VARS.fd" }] }),
      destinationImages: { "/OVMF_VARS.fd": absentImage },
      destinationOwned: owned({ digest: "nothing" }),
    },
    ["blocker boot-files on kvm-b: migrationRefused"],
  ],
  [
    "a stale copy of a disk",
    {
      ...disk({ type: "block" }, image(), image()),
      staleImages: [{ host: "kvm-b", path, since: "2026-11-26T10:00:00.000Z" }],
    },
    ["blocker disks on kvm-b: unsafeStorage", "loses what is in the image there"],
  ],
  [
    "an offline move of a disk of the source's own",
    { ...disk({}), how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move of a device without a serial number",
    { ...disk({ type: "block" }), how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move of a disk that lies nobody knows where",
    { ...disk({ path: undefined }), how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move of a disk that a host says nothing of",
    { ...disk({}), destinationImages: {}, how: "offline" },
    ["blocker disks on kvm-b: unsafeStorage"],
  ],
  // disks that are copied, of a VM that is shut off
  ["an offline move that copies the disks", copyMove(), ["information image-copy on kvm-a: unsafeStorage"]],
  [
    "an offline move that copies into other content",
    copyMove({ to: side({ [vda]: onHost({ bytes: GiB }), [base]: absent() }) }),
    ["blocker image-copy on kvm-b: unsafeStorage", `kvm-b$ mv ${vda} ${vda}.old`],
  ],
  [
    "an offline move that copies into an image of the same size",
    copyMove({ to: side({ [vda]: onHost(), [base]: absent() }) }),
    [
      "warning image-copy on kvm-b: unsafeStorage",
      `kvm-b$ mv ${vda} ${vda}.old`,
      "information image-copy on kvm-a: unsafeStorage",
    ],
  ],
  [
    "an offline move that copies without room",
    copyMove({ to: side({ [vda]: absent({ freeBytes: GiB }), [base]: absent() }) }),
    ["blocker image-copy on kvm-b: unsafeStorage"],
  ],
  [
    "an offline move that copies as another account",
    copyMove({ from: side({}, { isRoot: false }) }),
    ["blocker image-copy on kvm-a: unsafeStorage"],
  ],
  // what it owns, of a VM that is shut off
  [
    "UEFI variables that lie nobody knows where",
    offline({ path: undefined }),
    ["blocker owned-state on kvm-a: unsafeStorage"],
  ],
  [
    "UEFI variables that a host says nothing of",
    { ...offline({}), destinationOwned: undefined },
    ["blocker owned-state on kvm-b: unsafeStorage"],
  ],
  [
    "UEFI variables that an interrupted move kept",
    offline({}, { digest: "nothing", keptCopy: "/vars.fd.kept" }),
    [
      "blocker owned-state on kvm-a: unsafeStorage",
      "kvm-a$ mv -T /vars.fd.kept /vars.fd",
      "$ pulumi up",
      "loses the UEFI variables",
    ],
  ],
  [
    "vTPM state that both hosts see",
    {
      ...offline({ what: "vTPM state" }, { fileSystem: "nfs4" }, { fileSystem: "nfs4" }),
      source: healthyHost("kvm-a", { libvirt: "8.10.0" }),
    },
    ["blocker owned-state on kvm-a: unsafeStorage", "kvm-a$ virsh edit db-01"],
  ],
  [
    "UEFI variables that the account may not read",
    { ...offline({}), sourceOwned: { ...owned({}), isRoot: false, account: "ops" } },
    ["blocker owned-state on kvm-a: unsafeStorage"],
  ],
  [
    "UEFI variables that are a symbolic link",
    offline({}, { irregular: true }),
    ["blocker owned-state on kvm-a: unsafeStorage", "kvm-a$ find /vars.fd -ls"],
  ],
  [
    "UEFI variables that cannot be read",
    offline({}, {}, { digest: undefined }),
    ["blocker owned-state on kvm-b: unsafeStorage", "kvm-b$ find /vars.fd -ls"],
  ],
  [
    "other UEFI variables",
    offline({}, {}, { digest: "bb" }),
    ["blocker owned-state on kvm-b: unsafeStorage", "kvm-b$ mv -T /vars.fd /vars.fd.old", "$ pulumi up"],
  ],
  [
    "UEFI variables of another VM",
    offline({}, { digest: "nothing" }, {}),
    ["blocker owned-state on kvm-b: unsafeStorage", "kvm-b$ mv -T /vars.fd /vars.fd.old", "$ pulumi up"],
  ],
  [
    "UEFI variables that are too big",
    offline({}, { bytes: 2 ** 30 }, { digest: "nothing" }),
    ["blocker owned-state on kvm-a: unsafeStorage"],
  ],
  [
    "UEFI variables that have no room",
    offline({}, {}, { digest: "nothing", freeBytes: 1000 }),
    ["blocker owned-state on kvm-b: unsafeStorage"],
  ],
  [
    "a definition that nobody reads, offline",
    { domain: undefined, how: "offline" },
    ["blocker owned-state on kvm-a: unsafeStorage", "kvm-a$ virsh dumpxml NAME"],
  ],
];
