/** The moves that are tried between every two kinds of host, and what is expected of each by the releases of its two ends. */
import type { ErrorCode } from "../../provider/core/errorCodes";
import type { MigrationOptions } from "../../provider/core/options";
import type { Host } from "../../provider/core/model";
import { versionBelow } from "../../provider/core/version";
import { modular } from "../libvirt/releases/releases";

export interface Kind {
  /** "12", "13", "modular" … */
  release: string;
  libvirt: string;
  qemu: string;
  /** The newest of q35. */
  machine: string;
}

/** Undefined: it works. `before`: refused by the preflight, nothing is run; `by`: libvirt refuses it, and the error has this code. */
export type Expected = undefined | { before: ErrorCode; says: RegExp } | { by: ErrorCode; says: RegExp };

export interface MatrixCase {
  name: string;
  options: Partial<MigrationOptions>;
  /** Default: one that runs, with the machine type pc-q35-7.2 and a shared disk. */
  guest?: "shutOff" | "newest machine type" | "own disk" | "hard limit" | "host-model" | "host-passthrough";
  /** Of both hosts in the inventory. */
  peer?: Partial<Host>;
  /** It ends in post-copy. */
  switches?: true;
  /** The VM is where it should be: nothing moves. */
  adopts?: true;
  expect?(source: Kind, destination: Kind): Expected;
}

const both = (source: Kind, destination: Kind, libvirt: string) =>
  [source, destination].every((kind) => !versionBelow(kind.libvirt, libvirt));
const unknownOption = { before: "optionUnsupported", says: /does not know --/ } as const;
const sinceLibvirt = (version: string) => (source: Kind) =>
  versionBelow(source.libvirt, version) ? unknownOption : undefined;
const multiFdCompression = (source: Kind, destination: Kind): Expected =>
  both(source, destination, "9.4")
    ? undefined
    : { before: "optionUnsupported", says: /cannot compress a migration with|does not know --comp-z/ };

/**
 * The first pass takes a quarter of a minute and the second phase about a second, on a computer that is busy too: of one that is over before
 * libvirt has seen it begin, libvirt tells nothing.
 */
const switching = { postCopy: true, postCopyAfterMs: 1000, bandwidthMiBps: 1, postCopyBandwidthMiBps: 16 } as const;

export const cases: readonly MatrixCase[] = [
  { name: "adopted where it is", options: {}, adopts: true },
  { name: "live", options: {} },
  { name: "live, TLS", options: { tls: true } },
  { name: "live, libvirt by TLS too", options: { tls: true }, peer: { peerTransport: "tls" } },
  { name: "multi-FD, 4 connections", options: { parallel: true, parallelConnections: 4 } },
  { name: "multi-FD, TLS", options: { parallel: true, tls: true } },
  { name: "auto-converge", options: { autoConverge: true, autoConvergeInitial: 30 } },
  { name: "post-copy", options: switching, switches: true },
  { name: "shut off", options: {}, guest: "shutOff" },
  { name: "disk copy", options: { copyStorage: "all" }, guest: "own disk" },
  {
    name: "disk copy, synchronous writes",
    options: { copyStorage: "all", copyStorageSynchronousWrites: true },
    guest: "own disk",
  },
  {
    name: "disk copy, zeroes detected",
    options: { copyStorage: "all", copyStorageDetectZeroes: ["vda"] },
    guest: "own disk",
    expect: (source, destination) =>
      sinceLibvirt("10.9")(source) ??
      (versionBelow(destination.libvirt, "10.9")
        ? { before: "optionUnsupported", says: /does not take migration\.copyStorage\.detectZeroes/ }
        : undefined),
  },
  { name: "xbzrle", options: { compressionMethods: ["xbzrle"], compressionXbzrleCacheBytes: 2 ** 24 } },
  {
    name: "multi-FD, zlib",
    options: { parallel: true, compressionMethods: ["zlib"], compressionZlibLevel: 1 },
    expect: multiFdCompression,
  },
  {
    name: "multi-FD, zstd",
    options: { parallel: true, compressionMethods: ["zstd"], compressionZstdLevel: 3 },
    expect: multiFdCompression,
  },
  {
    name: "switchover bandwidth",
    options: { switchoverBandwidthMiBps: 800 },
    expect: sinceLibvirt("11.1"),
  },
  {
    // libvirt asks for as much locked memory as the VM has, or as its hard limit says.
    name: "multi-FD, zero-copy, hard limit of 4 MiB",
    options: { parallel: true, zeroCopy: true },
    guest: "hard limit",
  },
  {
    // No host of the lab may lock more memory than it has been given: it lacks CAP_SYS_RESOURCE where this computer does.
    name: "multi-FD, zero-copy",
    options: { parallel: true, zeroCopy: true },
    expect: () => ({ by: "migrationRefused", says: /cannot limit locked memory/ }),
  },
  {
    name: "newest machine type of the source",
    options: {},
    guest: "newest machine type",
    expect: (source, destination) =>
      versionBelow(destination.qemu, source.qemu)
        ? { before: "migrationRefused", says: /does not know vm-\S+'s machine type/ }
        : undefined,
  },
  {
    // Without KVM: what QEMU emulates depends on its release.
    name: "CPU host-model",
    options: {},
    guest: "host-model",
    // QEMU 7.2 emulates pcommit, which 10.0 has dropped; each later one emulates more.
    expect: ({ qemu }, destination) =>
      versionBelow(destination.qemu, qemu) || (versionBelow(qemu, "10") && !versionBelow(destination.qemu, "10"))
        ? { before: "migrationRefused", says: /lacks features that vm-model-\S+ uses: / }
        : undefined,
  },
  {
    // All run on one CPU; of that a QEMU brings what it knows.
    name: "CPU host-passthrough, with KVM",
    options: {},
    guest: "host-passthrough",
    expect: ({ qemu }, destination) =>
      versionBelow(destination.qemu, qemu) || (versionBelow(qemu, "10.1") && !versionBelow(destination.qemu, "10.1"))
        ? { before: "migrationRefused", says: /as it is \(host-passthrough\), but the CPU of \S+ differs: it lacks / }
        : undefined,
  },
  {
    name: "multi-FD, post-copy",
    options: { parallel: true, postCopy: true, postCopyAfterMs: 1000 },
    expect: () => ({ before: "unsafeCombination", says: /loses the guest below QEMU|hangs with machine types/ }),
  },
  {
    name: "multi-FD, post-copy, newest machine type",
    options: { parallel: true, ...switching },
    guest: "newest machine type",
    switches: true,
    expect: ({ qemu }, destination) =>
      [qemu, destination.qemu].some((version) => versionBelow(version, "10.1"))
        ? { before: "unsafeCombination", says: /loses the guest below QEMU/ }
        : undefined,
  },
];

export function titleOf({ release }: Pick<Kind, "release">): string {
  return release === modular ? "modular" : /^\d/.test(release) ? `Debian ${release}` : release;
}
