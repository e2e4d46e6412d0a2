/**
 * The one table of migration options: what the user writes, what virsh is told, what it needs and what it cannot be combined with.
 * The input schema, the commands, the refusals and the reference in the docs are all derived from it.
 */

import { whyNotAcceptable } from "./accept";
import type { ConvergenceStep } from "./convergence/step";
import type { DiskPlace, NetworkPlace } from "./mapping";

/** A migration's options after parsing: numbers carry their unit in the name, absent means libvirt's default. */
export interface MigrationOptions {
  mode: "auto" | "live" | "offline";
  postCopy?: boolean;
  postCopyAfterMs?: number;
  postCopyBandwidthMiBps?: number;
  parallel?: boolean;
  parallelConnections?: number | "auto";
  autoConverge?: boolean;
  autoConvergeInitial?: number;
  autoConvergeIncrement?: number;
  maxDowntimeMs?: number;
  maxDowntimeAfterMs?: number;
  bandwidthMiBps?: number;
  timeoutMs?: number;
  /** In place of `timeoutMs`, until the memory of the VM is known (timeout.ts). */
  timeoutMsPerGiB?: number;
  onTimeout?: "abort" | "postCopy" | "suspend";
  convergence?: readonly ConvergenceStep[];
  tls?: boolean;
  tlsDestination?: string;
  tunnelled?: boolean;
  compressionMethods?: readonly ("xbzrle" | "zlib" | "zstd" | "mt")[];
  compressionXbzrleCacheBytes?: number;
  compressionZlibLevel?: number;
  compressionZstdLevel?: number;
  compressionMtLevel?: number;
  compressionMtThreads?: number;
  compressionMtDecompressThreads?: number;
  zeroCopy?: boolean;
  copyStorage?: "all" | "incremental";
  copyStorageDisks?: readonly string[];
  copyStoragePort?: number;
  copyStorageSynchronousWrites?: boolean;
  copyStorageDetectZeroes?: readonly string[];
  copyStorageCreateImages?: boolean;
  disks?: Readonly<Record<string, DiskPlace>>;
  networks?: Readonly<Record<string, NetworkPlace>>;
  switchoverBandwidthMiBps?: number;
  listenAddress?: string;
  graphicsUri?: string;
  changeProtection?: boolean;
  abortOnError?: boolean;
  unsafe?: boolean;
  accept?: readonly string[];
}

export type OptionName = Exclude<keyof MigrationOptions, "timeoutMsPerGiB">;

/** How a value is written by the user and read into a number, a word or a list. */
export type OptionKind =
  | { type: "flag" }
  | { type: "choice"; values: readonly string[] }
  | { type: "integer"; min: number; max: number; orAuto?: true }
  | { type: "duration"; minMs: number; maxMs: number; perGiB?: true }
  | { type: "rate" }
  | { type: "size"; powerOfTwo?: boolean }
  | { type: "steps" }
  | { type: "map"; of: "disks" | "networks" }
  | { type: "text"; pattern: RegExp; expected: string }
  | {
      type: "list";
      values?: readonly string[];
      pattern?: RegExp;
      expected: string;
      /** What is wrong with an item of the right form. */
      refusal?: (item: string) => string | undefined;
    };

/** A value that can be read by itself. */
export type PlainKind = Exclude<OptionKind, { type: "steps" } | { type: "map" }>;

export interface OptionSpec {
  /** Where it stands under `migration`. `a.b` makes `a` an object; `a` alone is then also a boolean or word. */
  input: string;
  kind: OptionKind;
  /** The key that carries the value itself where the input is written as an object; without one the object implies `true`. */
  objectKey?: string;
  /** An input that is right, for messages and docs. */
  example: string;
  /** The virsh migrate option, or the virsh command that carries it out; undefined: the provider's own. */
  virsh?: string;
  /** The libvirt release that brought it. */
  since?: string;
  /** Also meaningful for a VM that is shut off; "copying": where its disks are copied. */
  offline?: true | "copying";
  /** Options that must be there too, with the reason. */
  needs?: Partial<Record<OptionName, string>>;
  /** Options that must not be there too, with the reason. */
  conflicts?: Partial<Record<OptionName, string>>;
}

const flag = { type: "flag" } as const;
const percent = { type: "integer", min: 1, max: 99 } as const;
const after = { type: "duration", minMs: 100, maxMs: 24 * 3_600_000 } as const;
/** libvirt puts IPv6 into brackets itself. */
const addressWithoutPort = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*|(?=[^%]*:[^%]*:)[\dA-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]+)?)$/;
const address = { type: "text", pattern: addressWithoutPort, expected: "an IP address or host name" } as const;
const diskTarget = /^(?!-)[A-Za-z0-9_-]+$/;

/** `satisfies` holds the table complete: an option without a row does not compile. */
export const optionTable = {
  mode: {
    input: "mode",
    kind: { type: "choice", values: ["auto", "live", "offline"] },
    example: '"auto"',
    virsh: "--live | --offline",
    offline: true,
  },
  postCopy: {
    input: "postCopy",
    kind: flag,
    example: "true",
    virsh: "--postcopy",
    since: "1.3.3",
    conflicts: {
      tunnelled: "libvirt refuses post-copy over a tunnelled connection",
    },
  },
  postCopyAfterMs: {
    input: "postCopy.after",
    kind: after,
    example: '"20s"',
    virsh: "migrate-postcopy",
    since: "1.3.3",
    conflicts: { onTimeout: "`postCopy.after` already says when to switch; after the switch no timeout can act" },
  },
  postCopyBandwidthMiBps: {
    input: "postCopy.bandwidth",
    kind: { type: "rate" },
    example: '"500MiB/s"',
    virsh: "--postcopy-bandwidth",
    since: "5.1.0",
  },
  parallel: {
    input: "parallel",
    kind: flag,
    example: "true",
    virsh: "--parallel",
    since: "5.2.0",
    conflicts: { tunnelled: "a tunnelled migration has one connection" },
  },
  parallelConnections: {
    input: "parallel.connections",
    kind: { type: "integer", min: 1, max: 255, orAuto: true },
    example: "4",
    virsh: "--parallel-connections",
    since: "5.2.0",
  },
  autoConverge: {
    input: "autoConverge",
    kind: flag,
    example: "true",
    virsh: "--auto-converge",
    since: "1.2.3",
  },
  autoConvergeInitial: {
    input: "autoConverge.initial",
    kind: percent,
    example: "20",
    virsh: "--auto-converge-initial",
    since: "2.0.0",
  },
  autoConvergeIncrement: {
    input: "autoConverge.increment",
    kind: percent,
    example: "10",
    virsh: "--auto-converge-increment",
    since: "2.0.0",
  },
  maxDowntimeMs: {
    input: "maxDowntime",
    objectKey: "limit",
    kind: { type: "duration", minMs: 1, maxMs: 2_000_000 },
    example: '"500ms"',
    virsh: "migrate-setmaxdowntime",
    since: "0.8.0",
  },
  maxDowntimeAfterMs: {
    input: "maxDowntime.after",
    kind: after,
    example: '"30s"',
    virsh: "migrate-setmaxdowntime",
    since: "0.8.0",
    needs: { maxDowntimeMs: "there is nothing to raise" },
  },
  bandwidthMiBps: {
    input: "bandwidth",
    kind: { type: "rate" },
    example: '"1GiB/s"',
    virsh: "--bandwidth",
    since: "5.7.0",
    offline: "copying",
  },
  timeoutMs: {
    input: "timeout",
    kind: { type: "duration", minMs: 1000, maxMs: 7 * 24 * 3_600_000, perGiB: true },
    example: '"5m"',
    offline: "copying",
  },
  onTimeout: {
    input: "onTimeout",
    kind: { type: "choice", values: ["abort", "postCopy", "suspend"] },
    example: '"abort"',
    virsh: "domjobabort | migrate-postcopy | suspend",
    needs: { timeoutMs: "without a timeout it never comes to it" },
  },
  convergence: {
    input: "convergence",
    kind: { type: "steps" },
    example: '"balanced"',
    virsh: "migrate-setmaxdowntime | migrate-setspeed | migrate-postcopy | domjobabort | suspend",
    since: "0.9.0",
    conflicts: {
      postCopyAfterMs: 'write it as a step: { after: "20s", do: "postCopy" }',
      maxDowntimeAfterMs: 'write it as a step: { after: "30s", do: { raiseDowntime: "500ms" } }',
    },
  },
  tls: {
    input: "tls",
    kind: flag,
    example: "true",
    virsh: "--tls",
    since: "3.2.0",
    conflicts: {
      tunnelled: "a tunnelled migration is carried by libvirt's own connection, which TLS here does not reach",
    },
  },
  tlsDestination: {
    input: "tls.destination",
    kind: { ...address, expected: "the name in the destination's certificate" },
    example: '"kvm-b.example.net"',
    virsh: "--tls-destination",
    since: "6.0.0",
  },
  tunnelled: {
    input: "tunnelled",
    kind: flag,
    example: "true",
    virsh: "--tunnelled",
    since: "0.7.2",
    conflicts: { copyStorage: "libvirt refuses to copy disks over a tunnelled connection" },
  },
  compressionMethods: {
    input: "compression.methods",
    kind: { type: "list", values: ["xbzrle", "zlib", "zstd", "mt"], expected: 'of "xbzrle", "zlib", "zstd", "mt"' },
    example: '["xbzrle"]',
    virsh: "--comp-methods",
    since: "1.3.4",
    conflicts: { zeroCopy: "zero-copy sends pages as they are" },
  },
  compressionXbzrleCacheBytes: {
    input: "compression.xbzrleCache",
    kind: { type: "size", powerOfTwo: true },
    example: '"64MiB"',
    virsh: "--comp-xbzrle-cache",
    since: "1.3.4",
    needs: { compressionMethods: 'add "xbzrle" to compression.methods' },
  },
  compressionZlibLevel: {
    input: "compression.zlibLevel",
    kind: { type: "integer", min: 0, max: 9 },
    example: "1",
    virsh: "--comp-zlib-level",
    since: "9.4.0",
    needs: { compressionMethods: 'add "zlib" to compression.methods' },
  },
  compressionZstdLevel: {
    input: "compression.zstdLevel",
    kind: { type: "integer", min: 0, max: 20 },
    example: "1",
    virsh: "--comp-zstd-level",
    since: "9.4.0",
    needs: { compressionMethods: 'add "zstd" to compression.methods' },
  },
  compressionMtLevel: {
    input: "compression.mtLevel",
    kind: { type: "integer", min: 0, max: 9 },
    example: "1",
    virsh: "--comp-mt-level",
    since: "1.3.4",
    needs: { compressionMethods: 'add "mt" to compression.methods' },
  },
  compressionMtThreads: {
    input: "compression.mtThreads",
    kind: { type: "integer", min: 1, max: 255 },
    example: "8",
    virsh: "--comp-mt-threads",
    since: "1.3.4",
    needs: { compressionMethods: 'add "mt" to compression.methods' },
  },
  compressionMtDecompressThreads: {
    input: "compression.mtDecompressThreads",
    kind: { type: "integer", min: 1, max: 255 },
    example: "2",
    virsh: "--comp-mt-dthreads",
    since: "1.3.4",
    needs: { compressionMethods: 'add "mt" to compression.methods' },
  },
  zeroCopy: {
    input: "zeroCopy",
    kind: flag,
    example: "true",
    virsh: "--zerocopy",
    since: "8.5.0",
    needs: { parallel: "QEMU sends without copying only in a multi-FD migration" },
    conflicts: { tls: "encryption has to copy every page" },
  },
  copyStorage: {
    input: "copyStorage",
    objectKey: "mode",
    kind: { type: "choice", values: ["all", "incremental"] },
    example: '"all"',
    virsh: "--copy-storage-all | --copy-storage-inc",
    since: "0.8.2",
    offline: "copying",
  },
  copyStorageDisks: {
    input: "copyStorage.disks",
    kind: { type: "list", pattern: diskTarget, expected: "of disk targets" },
    example: '["vda"]',
    virsh: "--migrate-disks",
    since: "1.2.17",
    offline: "copying",
    needs: { copyStorage: "say what is copied" },
  },
  copyStoragePort: {
    input: "copyStorage.port",
    kind: { type: "integer", min: 1, max: 65_535 },
    example: "49200",
    virsh: "--disks-port",
    since: "1.3.3",
    needs: { copyStorage: "say what is copied" },
  },
  copyStorageSynchronousWrites: {
    input: "copyStorage.synchronousWrites",
    kind: flag,
    example: "true",
    virsh: "--copy-storage-synchronous-writes",
    since: "8.0.0",
    needs: { copyStorage: "say what is copied" },
  },
  copyStorageDetectZeroes: {
    input: "copyStorage.detectZeroes",
    kind: { type: "list", pattern: diskTarget, expected: "of disk targets" },
    example: '["vda"]',
    virsh: "--migrate-disks-detect-zeroes",
    since: "10.9.0",
    needs: { copyStorage: "say what is copied" },
  },
  copyStorageCreateImages: {
    input: "copyStorage.createImages",
    kind: flag,
    example: "true",
    virsh: "vol-create",
    since: "0.4.1",
    offline: "copying",
    needs: { copyStorage: "say what is copied" },
  },
  disks: {
    input: "disks",
    kind: { type: "map", of: "disks" },
    example: '{ "vda": { "path": "/srv/vms/db.qcow2" } }',
    virsh: "--xml | --persistent-xml",
    since: "1.3.4",
    offline: true,
  },
  networks: {
    input: "networks",
    kind: { type: "map", of: "networks" },
    example: '{ "br0": "br-lan" }',
    virsh: "--xml | --persistent-xml",
    since: "1.3.4",
    offline: true,
  },
  switchoverBandwidthMiBps: {
    input: "switchoverBandwidth",
    kind: { type: "rate" },
    example: '"800MiB/s"',
    virsh: "--available-switchover-bandwidth",
    since: "11.1.0",
  },
  listenAddress: {
    input: "listenAddress",
    kind: address,
    example: '"10.9.0.12"',
    virsh: "--listen-address",
    since: "1.1.4",
    conflicts: { tunnelled: "a tunnelled migration opens no port" },
  },
  graphicsUri: {
    input: "graphicsUri",
    kind: { type: "text", pattern: /^(spice|vnc|rdp):\/\/[^\s'"`$\\]+$/, expected: "a spice://, vnc:// or rdp:// URI" },
    example: '"spice://kvm-b.example.net:5900"',
    virsh: "--graphicsuri",
    since: "1.1.0",
  },
  changeProtection: {
    input: "changeProtection",
    kind: flag,
    example: "true",
    virsh: "--change-protection",
    since: "0.9.4",
  },
  abortOnError: {
    input: "abortOnError",
    kind: flag,
    example: "true",
    virsh: "--abort-on-error",
    since: "1.1.0",
  },
  unsafe: {
    input: "unsafe",
    kind: flag,
    example: "true",
    virsh: "--unsafe",
    since: "0.9.11",
  },
  accept: {
    input: "accept",
    kind: { type: "list", pattern: /^[a-z]+(-[a-z]+)*$/, expected: "of names of blockers", refusal: whyNotAcceptable },
    example: '["host-devices"]',
    offline: true,
  },
} satisfies Record<OptionName, OptionSpec> as Record<OptionName, OptionSpec>;

/** virsh migrate options that are no input, and why. */
export const leftOut: Record<string, string> = {
  "--p2p": "always on: the migration survives the loss of the controller",
  "--persistent": "always on: else the VM is transient on the destination",
  "--undefinesource": "always on: else the source keeps a second definition",
  "--verbose": "progress is read from domjobinfo instead",
  "--direct": "QEMU has no direct migration",
  "--suspend":
    "a placement keeps the state of the VM: running stays running, paused stays paused (one exception: docs/moving.md)",
  "--dname": "a placement keeps the identity of the VM",
  "--migrateuri": "made from the destination's `migrationAddress` in the inventory",
  "--disks-uri": "made from `migrationAddress` and `copyStorage.port`; a socket path needs a proxy on both hosts",
  "--timeout": "`timeout`: virsh's own timer dies with the virsh client",
  "--timeout-suspend": '`onTimeout: "suspend"`',
  "--timeout-postcopy": '`onTimeout: "postCopy"`',
  "--postcopy-after-precopy": "`postCopy.after`: virsh's own switch dies with the virsh client",
  "--postcopy-resume": "an interrupted post-copy is resumed by the provider",
  "--migrate-disks-target-zero":
    "an image that was not all zeroes would keep what it had; `copyStorage.detectZeroes` writes no zeroes where it need not",
  "--compressed": "`compression.methods` names the method; without one libvirt picks xbzrle",
  "--rdma-pin-all": "migration over RDMA is not offered",
};

export const optionNames = Object.keys(optionTable) as OptionName[];
