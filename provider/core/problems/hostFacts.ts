/** What the finders know of one host. An undefined field could not be read. */
import type { Daemons } from "../daemons";
import type { HugePages } from "../hugeMemory";
import type { Topology } from "../pinning";

export interface HostFacts {
  host: string;
  libvirt: string | undefined;
  qemu: string | undefined;
  /** libvirt's own UUID of the host. */
  hostUuid: string | undefined;
  /** The options of `virsh migrate` there. */
  migrateOptions: ReadonlySet<string> | undefined;
  /** The host's CPU as libvirt names it. */
  cpu: { model: string; features: readonly string[] } | undefined;
  /** Security drivers: "none", "dac", "selinux", "apparmor". */
  securityModels: readonly string[] | undefined;
  /** Machine types by architecture, without aliases. */
  machines: Readonly<Record<string, readonly string[]>> | undefined;
  domains: readonly { uuid: string; name: string }[] | undefined;
  networks: readonly { name: string; active: boolean }[] | undefined;
  /** Directories of active storage pools; asked only where disks are copied. */
  poolPaths: readonly string[] | undefined;
  /** Asked only where `migration.tls` is set and its key needs one. */
  secrets?: readonly SecretOnHost[] | undefined;
  /** Which of libvirt's daemons serve it. */
  daemons: Daemons | undefined;
  /** What its shell tells. */
  system: SystemFacts | undefined;
}

/** `virsh secret-list`. */
export interface SecretOnHost {
  uuid: string;
  /** "ceph client.libvirt", "volume /images/a.qcow2"; "" where it is for nothing in particular. */
  usage: string;
}

export interface SystemFacts {
  /** Its clock minus the controller's. */
  clockOffsetMs: number | undefined;
  interfaces: readonly string[];
  /** Of all its interfaces, loopback too, without prefix and zone; undefined: not known. */
  addresses?: readonly string[];
  /** What the kernel gives to new processes without swapping, with what ZFS gives back of its cache. */
  availableMemoryBytes: number | undefined;
  /** All memory that the kernel has. */
  totalMemoryBytes: number | undefined;
  /** All that ordinary memory can ever take: memory and swap, without huge pages and what is locked. */
  memoryCapacityBytes: number | undefined;
  defaultHugepageKiB: number;
  /** By their size in KiB. */
  hugepages: Readonly<Record<number, HugePages>>;
  /** A hugetlbfs is mounted, which libvirt needs for all but memfd. */
  hugetlbfs: boolean;
  topology: Topology | undefined;
  /** An unprivileged QEMU may use userfaultfd, which post-copy needs on the destination. */
  userfaultfd: boolean | undefined;
  /** The account that QEMU has there and that may not open /dev/kvm; absent: it may, or it is not known. */
  kvmForbiddenTo?: string;
  qemuConf: QemuConf | undefined;
  /** In the directory that QEMU's migration uses; asked only where `migration.tls` is set. */
  certificates: Certificates | undefined;
}

/** /etc/libvirt/qemu.conf where it can be read, with libvirt's defaults. */
export interface QemuConf {
  migrationHost: string | undefined;
  migrationPortMin: number;
  migrationPortMax: number;
  migrateTlsForce: boolean;
  /** The UUID of the secret that opens the private key of QEMU's certificate in a migration. */
  tlsSecret?: string;
  /** The account of QEMU; undefined: the distribution's default. */
  user: string | undefined;
  /** Directories that the administrator says are shared, whatever their file system (see sameStorage.ts for which libvirt reads it). */
  sharedFilesystems: readonly string[];
}

export interface Certificates {
  directory: string;
  /** All that the host trusts, from one file; while one replaces another there are several. */
  authorities: readonly Certificate[];
  server: Certificate | undefined;
  client: Certificate | undefined;
  /** Key files that are missing, by name. */
  missingKeys: readonly string[];
}

export interface Certificate {
  file: string;
  /** Milliseconds since the epoch. */
  validFromMs: number;
  validToMs: number;
  /** DNS names and IP addresses it bears. */
  names: readonly string[];
  /** Of its subject and key. */
  identity: string;
  /** Identities of those by whom it is signed, as far as its host has their certificates. */
  signers: readonly string[];
}
