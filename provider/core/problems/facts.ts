/** The finders' input. An undefined field could not be read: no finder concludes anything from it. */
import type { GivenToVm, MoveAlongside } from "./alongside";
import type { HostLimits } from "../hostLimits";
import type { StaleImage } from "../args";
import type { HugeMemory } from "../hugeMemory";
import type { ImageCopyFacts } from "../imageCopy";
import type { MigrationOptions } from "../options";
import type { Pinning } from "../pinning";
import type { OwnedOnHost, OwnedState } from "../owned";
import type { HostFacts, SecretOnHost } from "./hostFacts";
import type { PeerFacts } from "./peerFacts";

export interface DomainFacts {
  name: string;
  uuid: string;
  /** `virsh domstate`. */
  state: string;
  /** Of a paused VM: it arrived so by a migration and has not run since; undefined: not known, or it is not paused. */
  pausedSinceArrival: boolean | undefined;
  /** "kvm" or "qemu" (emulated CPUs). */
  virtType: string;
  arch: string;
  machine: string;
  emulator: string | undefined;
  cpuMode: string | undefined;
  invariantTsc: boolean;
  memoryBytes: number;
  /** Virtual CPUs that it has now. */
  vcpus: number;
  /** What QEMU holds of it; undefined where libvirt does not say, as for one that is shut off. */
  memoryUsedBytes: number | undefined;
  memoryLocked: boolean;
  hugeMemory: readonly HugeMemory[];
  /** Its memory is a memfd, which needs no hugetlbfs. */
  memfd: boolean;
  pinning: Pinning;
  disks: readonly Disk[];
  interfaces: readonly Interface[];
  hostDevices: readonly HostDevice[];
  /** Directories of the host that the guest mounts. */
  filesystems: readonly Filesystem[];
  sharedMemory: readonly string[];
  qemuDevices: readonly QemuDevice[];
  /** It has virtio devices. */
  virtio: boolean;
  /** Of libvirt, for its disks, its iSCSI devices and its TPM. */
  secrets: readonly SecretOfVm[];
  /** Of libvirt, for its interfaces: their names. */
  filters: readonly string[];
  hostFiles: readonly HostFile[];
  tpmEmulator: boolean;
  /** What it owns on its host beside its disks. */
  owned: readonly OwnedState[];
  /** Firmware, kernel and the like that QEMU opens on whichever host it runs. */
  bootFiles: readonly { what: string; path: string }[];
  securityModels: readonly string[];
  /** Models that it does without: <seclabel type='none'>. */
  unlabelledModels: readonly string[];
  snapshots: readonly string[] | undefined;
  checkpoints: readonly string[] | undefined;
  /** Disks with a block job. */
  blockJobs: readonly string[] | undefined;
}

export interface Disk {
  /** "vda". */
  target: string;
  device: "disk" | "cdrom" | "floppy" | "lun";
  type: string;
  /** Path of a file or block device. */
  path: string | undefined;
  format: string;
  /** Of a disk by pool and volume; its type is "volume" where what it is on the source is not known. */
  volume?: { pool: string; name: string };
  /** Of an NVMe disk, its controller on the host: "0000:01:00.0". */
  pciAddress: string | undefined;
  readonly: boolean;
  shareable: boolean;
  /** What the guest writes is dropped when it stops. */
  transient: boolean;
  startupPolicy: "mandatory" | "requisite" | "optional";
}

export interface Interface {
  type: string;
  /** Bridge, network or device it is plugged in. */
  source: string | undefined;
}

/** A secret as the definition names it: by its UUID, or by what it is for ("ceph client.libvirt"). */
export type SecretOfVm = { uuid: string } | { usage: string };

/** A part of the VM that QEMU does not migrate. */
export interface QemuDevice {
  /** "a USB sound card". */
  what: string;
  /** What its migration depends on besides the definition; absent: QEMU refuses it always. */
  depends?: string;
}

/** A path of the host that QEMU opens wherever the VM runs. */
export interface HostFile {
  /** "directory", "character device" … */
  what: string;
  path: string;
  /** QEMU does not start without it; or another program makes it in time; or it holds content of the guest. */
  kind: "needed" | "socket" | "content";
}

export interface Filesystem {
  driver: "9p" | "virtiofs";
  target: string;
  /** virtiofsd was started by something else than libvirt, which only knows its socket. */
  external: boolean;
}

export interface HostDevice {
  /** "pci", "usb", "mdev", "scsi" … */
  type: string;
  /** As the user knows it: "0000:3b:00.0", "bus 1 device 4". */
  name: string;
  /** The VM also goes where it is missing (startupPolicy `optional` or `requisite`). */
  optional: boolean;
  /** Unplugged for the move by libvirt, as part of a failover pair. */
  transient: boolean;
}

/** One file or block device as one host sees it. */
export interface ImageFacts {
  exists: boolean;
  /** Device and inode numbers mean nothing elsewhere, the inode number alone does on a file system that both share. */
  inode: string | undefined;
  sizeBytes: number | undefined;
  /** "nfs4", "ext4" … */
  fileSystem: string | undefined;
  /** What is mounted there: "10.0.0.5:/export", "/dev/sda1". */
  mountSource: string | undefined;
  /** As `qemu-img info` says; undefined where it was not to be had. */
  format: string | undefined;
  virtualSizeBytes: number | undefined;
  encrypted?: true;
  /** A block device's WWN or serial number. */
  serial: string | undefined;
  /** When its inode changed, to the nanosecond. */
  changed: string | undefined;
}

/** What the destination's libvirt makes of a disk by pool and volume. */
export type VolumeOnHost =
  | { pool: "missing" | "inactive" }
  /** Where the volume is not there yet: the path that it would have (absent: none, or not known), and the free bytes of the pool. */
  | { pool: "active"; path: string | undefined; newPath?: string; freeBytes?: number };

/** What the destination's libvirt says of this domain. */
export interface FitFacts {
  /** `domcapabilities` for its architecture, emulator and machine type; what is refused otherwise, with libvirt's message. */
  capabilities:
    | { tpmBackends: readonly string[] | undefined }
    | { refused: "machine" | "emulator" | "virtType"; refusal: string }
    | undefined;
  /** `hypervisor-cpu-compare` with its CPU. */
  cpu: { compatible: boolean; missing: readonly string[]; message: string } | undefined;
}

/** An answer that came and cannot be read: not well-formed, cut off, or larger than any that libvirt gives. */
export interface UnreadableAnswer {
  host: string;
  what: "definition" | "capabilities" | "storage pools";
  /** What was asked: "virsh dumpxml UUID". */
  command: string;
  /** virsh gave no answer at all. */
  unanswered?: true;
}

export interface MoveFacts {
  source: HostFacts;
  destination: HostFacts;
  /** undefined: it could not be read. */
  domain: DomainFacts | undefined;
  /** By path; only of those that the domain uses. The destination's are by the path on the source too (see `destinationPathOf`). */
  sourceImages: Readonly<Record<string, ImageFacts>>;
  destinationImages: Readonly<Record<string, ImageFacts>>;
  /** Of disks by pool and volume, by target; those that are not known are left out. */
  destinationVolumes?: Readonly<Record<string, VolumeOnHost>>;
  /** Of the destination's libvirt, asked only where the VM needs some; undefined: not known. */
  destinationSecrets?: readonly SecretOnHost[] | undefined;
  destinationFilters?: readonly string[] | undefined;
  /** Of what the domain owns beside its disks; undefined where it owns nothing, or nothing was to be had. */
  sourceOwned: OwnedOnHost | undefined;
  destinationOwned: OwnedOnHost | undefined;
  peer: PeerFacts | undefined;
  fit: FitFacts | undefined;
  unreadable: readonly UnreadableAnswer[];
  /** What earlier moves with copyStorage left behind, as far as the state knows. */
  staleImages?: readonly StaleImage[] | undefined;
  /** Moves of other VMs in this run, into the destination or out of it; absent: none. */
  alongside?: readonly MoveAlongside[];
  /** How much of the destination its VMs may take. */
  limits?: HostLimits | undefined;
  /** What the VMs that run on the destination were given, by name; asked only where there are limits. */
  givenOnDestination?: Readonly<Record<string, GivenToVm>> | undefined;
  imageCopy?: ImageCopyFacts;
  /** Paths on the destination of images that are mapped and not copied, and whose backing files are not all there. */
  brokenChains?: readonly string[];
  /** The command that would run. */
  command: string;
  how: "live" | "offline";
  options: MigrationOptions;
  /** The controller's clock, for validity of certificates. */
  nowMs: number;
}
