/** Facts of a move without a blocker, for tests that change one of them. */
import type { MigrationOptions } from "../../provider/core/options";
import type {
  Certificate,
  DomainFacts,
  HostFacts,
  ImageFacts,
  MoveFacts,
  PeerFacts,
  SystemFacts,
} from "../../provider/core/problems";
import { parseHelpOptions } from "../../provider/virsh/parse";
import { fixture } from "./fixture";

const GiB = 2 ** 30;
const nowMs = Date.UTC(2026, 10, 24);

export function healthySystem(host: string, change: Partial<SystemFacts> = {}): SystemFacts {
  return {
    clockOffsetMs: 12,
    interfaces: ["br0", "eth0", "lo"],
    availableMemoryBytes: 64 * GiB,
    totalMemoryBytes: undefined,
    memoryCapacityBytes: 128 * GiB,
    defaultHugepageKiB: 2048,
    hugepages: {
      2048: { free: 4096, total: 8192, freeOn: { 0: 2048, 1: 2048 } },
      1048576: { free: 8, total: 8, freeOn: undefined },
    },
    hugetlbfs: true,
    topology: {
      onlineCpus: [0, 1, 2, 3, 4, 5, 6, 7],
      possibleCpus: [0, 1, 2, 3, 4, 5, 6, 7],
      numaNodes: [0, 1],
      cgroup2: true,
      numad: false,
    },
    userfaultfd: true,
    qemuConf: {
      migrationHost: host,
      migrationPortMin: 49_152,
      migrationPortMax: 49_215,
      migrateTlsForce: false,
      user: "qemu",
      sharedFilesystems: [],
    },
    certificates: {
      directory: "/etc/pki/qemu",
      authorities: [certificate("ca-cert.pem", [], { identity: "CA" })],
      server: certificate("server-cert.pem", [host]),
      client: certificate("client-cert.pem", [host]),
      missingKeys: [],
    },
    ...change,
  };
}

export function certificate(name: string, names: string[], change: Partial<Certificate> = {}): Certificate {
  return {
    file: `/etc/pki/qemu/${name}`,
    validFromMs: nowMs - 86_400_000,
    validToMs: nowMs + 365 * 86_400_000,
    names,
    identity: name,
    signers: ["CA"],
    ...change,
  };
}

export function healthyHost(host: string, change: Partial<HostFacts> = {}): HostFacts {
  return {
    host,
    libvirt: "9.0.0",
    qemu: "7.2.22",
    hostUuid: `aaaaaaaa-0000-4000-8000-00000000000${host === "kvm-a" ? 1 : 2}`,
    migrateOptions: parseHelpOptions(fixture("9.0.0", "help-migrate")),
    cpu: { model: "EPYC", features: ["svm", "x2apic"] },
    securityModels: ["selinux", "dac"],
    machines: { x86_64: ["pc-q35-7.1", "pc-q35-7.2", "pc-i440fx-7.2"] },
    domains: [],
    networks: [{ name: "default", active: true }],
    poolPaths: [],
    daemons: undefined,
    system: healthySystem(host),
    ...change,
  };
}

export function healthyDomain(change: Partial<DomainFacts> = {}): DomainFacts {
  return {
    name: "db-01",
    uuid: "5c1e2f0a-6d0b-4f8e-9a37-0c1d2e3f4a5b",
    state: "running",
    pausedSinceArrival: undefined,
    virtType: "kvm",
    arch: "x86_64",
    machine: "pc-q35-7.2",
    emulator: "/usr/bin/qemu-system-x86_64",
    cpuMode: "custom",
    invariantTsc: false,
    memoryBytes: 8 * GiB,
    vcpus: 2,
    memoryUsedBytes: 3 * GiB,
    memoryLocked: false,
    hugeMemory: [],
    memfd: false,
    pinning: { cpus: [], nodes: [], automatic: false },
    disks: [
      {
        target: "vda",
        device: "disk",
        type: "network",
        path: undefined,
        format: "raw",
        pciAddress: undefined,
        readonly: false,
        shareable: false,
        transient: false,
        startupPolicy: "mandatory",
      },
    ],
    interfaces: [
      { type: "bridge", source: "br0" },
      { type: "network", source: "default" },
    ],
    hostDevices: [],
    filesystems: [],
    sharedMemory: [],
    qemuDevices: [],
    virtio: false,
    secrets: [],
    filters: [],
    hostFiles: [],
    tpmEmulator: false,
    owned: [],
    bootFiles: [],
    securityModels: ["selinux", "dac"],
    unlabelledModels: [],
    snapshots: [],
    checkpoints: [],
    blockJobs: [],
    ...change,
  };
}

export function healthyPeer(change: Partial<PeerFacts> = {}): PeerFacts {
  return {
    uri: "qemu+ssh://kvm-b/system",
    transport: "ssh",
    address: "kvm-b",
    controlPort: 22,
    control: "open",
    ping: "yes",
    dataAddress: "kvm-b",
    dataAddressFrom: "qemu.conf",
    dataRange: { low: 49_152, high: 49_215 },
    dataPorts: [
      { port: 49_152, answer: "refused" },
      { port: 49_215, answer: "refused" },
    ],
    login: { works: true, tookMs: 300 },
    ...change,
  };
}

export const image = (change: Partial<ImageFacts> = {}): ImageFacts => ({
  exists: true,
  inode: "42",
  sizeBytes: 16 * 2 ** 20,
  fileSystem: "ext4",
  mountSource: "/dev/sda1",
  format: "raw",
  virtualSizeBytes: 16 * 2 ** 20,
  serial: undefined,
  changed: undefined,
  ...change,
});

export const absentImage: ImageFacts = {
  exists: false,
  inode: undefined,
  sizeBytes: undefined,
  fileSystem: undefined,
  mountSource: undefined,
  format: undefined,
  virtualSizeBytes: undefined,
  serial: undefined,
  changed: undefined,
};

export function healthyMove(
  change: Partial<Omit<MoveFacts, "options">> & { options?: Partial<MigrationOptions> } = {},
): MoveFacts {
  const { options, ...rest } = change;
  return {
    source: healthyHost("kvm-a"),
    destination: healthyHost("kvm-b"),
    domain: healthyDomain(),
    sourceImages: {},
    destinationImages: {},
    sourceOwned: undefined,
    destinationOwned: undefined,
    peer: healthyPeer(),
    fit: { capabilities: { tpmBackends: ["emulator"] }, cpu: { compatible: true, missing: [], message: "" } },
    unreadable: [],
    command: "virsh migrate --live --p2p --persistent --undefinesource db-01 qemu+ssh://kvm-b/system",
    how: "live",
    nowMs,
    ...rest,
    options: { mode: "auto", ...options },
  };
}
