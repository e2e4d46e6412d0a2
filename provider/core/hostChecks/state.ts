/** What `vm-placement doctor` asks a host about itself. */
import type { Daemons } from "../daemons";

/** Undefined where the host does not tell. */
export interface HostState {
  host: string;
  libvirt: string | undefined;
  qemu: string | undefined;
  daemons: Daemons | undefined;
  /** /dev/kvm is there. */
  kvmDevice: boolean | undefined;
  /** libvirt offers KVM. */
  kvmOffered: boolean | undefined;
  sshClient: boolean | undefined;
  /** Which of swtpm and swtpm_setup are missing. */
  swtpmMissing: readonly string[] | undefined;
  /** The host is a VM itself. */
  isVm: boolean | undefined;
  /** sshd's MaxSessions; only root may ask. */
  maxSessions: number | undefined;
  selinux: "enforcing" | "permissive" | "off" | undefined;
  apparmor: boolean | undefined;
  /** libvirt's own. */
  securityModels: readonly string[] | undefined;
  /** How QEMU's output is kept, and disks are locked (qemu.conf). */
  stdioHandler: "logd" | "file" | undefined;
  /** qemu.conf names a secret for the private key of QEMU's TLS certificate. */
  tlsKeyHasSecret: boolean | undefined;
  deprecatedMachines: readonly string[] | undefined;
  guests: readonly Guest[] | undefined;
  /** Other hosts reach it, or are reached from it, by qemu+ssh. */
  usesSsh: boolean;
}

export interface Guest {
  name: string;
  virtType: string;
  machine: string;
  hasTpm: boolean;
  /** The guest sees VMX or SVM, and may run VMs of its own. */
  canNest: boolean;
  /** Connected to a network of libvirt's. */
  usesNetworks: boolean;
  usesSecrets: boolean;
  /** Its interfaces have network filters of libvirt's. */
  usesFilters: boolean;
}
