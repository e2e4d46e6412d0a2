/** Blockers by the name of their rule: which of them the user may answer for (`migration.accept`), and why not the others. */
import { listed, nearMatches } from "./near";

/** libvirt or QEMU says so themselves, before the VM has left. */
const refusedHarmlessly = "if it is right, the move fails and the VM stays where it is";

/** With what is risked. */
export const acceptable: Readonly<Record<string, string>> = {
  "block-jobs": refusedHarmlessly,
  "boot-files": "if it is right, the VM cannot start on the destination",
  certificates: refusedHarmlessly,
  "compression-known": refusedHarmlessly,
  "zero-detection-known": refusedHarmlessly,
  cpu: refusedHarmlessly,
  "cpu-passthrough": "if it is right, the guest or its programs crash where they use such a feature",
  "cpu-pinning": refusedHarmlessly,
  "data-address": refusedHarmlessly,
  "data-ports": refusedHarmlessly,
  "driver-daemons": refusedHarmlessly,
  emulator: refusedHarmlessly,
  "free-memory": "if it is right, the destination may run out of memory, and its kernel then ends a VM",
  "host-devices": refusedHarmlessly,
  "host-directories": refusedHarmlessly,
  "host-files": refusedHarmlessly,
  hugepages: refusedHarmlessly,
  "invariant-tsc": refusedHarmlessly,
  limits: "if it is right, the destination is fuller than the program allows",
  "machine-type": refusedHarmlessly,
  "network-filters": refusedHarmlessly,
  networks: refusedHarmlessly,
  peer: refusedHarmlessly,
  "numa-nodes": refusedHarmlessly,
  numad: refusedHarmlessly,
  "peer-certificates": refusedHarmlessly,
  "peer-output": refusedHarmlessly,
  "plain-tcp":
    "the definition of the VM, with the passwords in it, crosses the network in clear text, and an attacker on the way can change it",
  "post-copy-userfaultfd": refusedHarmlessly,
  "qemu-devices": refusedHarmlessly,
  secrets: refusedHarmlessly,
  "security-model": refusedHarmlessly,
  "shared-memory": refusedHarmlessly,
  snapshots: refusedHarmlessly,
  "tls-forced": refusedHarmlessly,
  "tls-secret": refusedHarmlessly,
  "tpm-emulator": refusedHarmlessly,
  "transient-disks": refusedHarmlessly,
  "virsh-options": refusedHarmlessly,
  virtualisation: refusedHarmlessly,
};

/** With the reason. */
export const unacceptable: Readonly<Record<string, string>> = {
  "answers-are-readable": "the provider would not know the disks and devices of the VM",
  decide: "the provider is not certain where the VM runs, or what it may do with the VM",
  disks:
    "the VM would run from a different or older disk. `migration.unsafe` accepts disks that libvirt calls unsafe; `migration.copyStorage` copies disks",
  "distinct-hosts": "source and destination are the same host, which would lose its only definition of the VM",
  "image-copy": "the VM would start from a disk that was not copied, or that was overwritten",
  mapping: "the program names a disk or a network that the VM does not have, or one place for two disks",
  "multi-fd-with-post-copy": "QEMU would end the VM",
  "name-and-uuid-free": "another VM would lose its definition or its UUID",
  "owned-state": "the VM would lose its UEFI variables or the state of its TPM",
  "paused-again": "the guest would lose its memory",
  "peer-identity": "the VM would move to another host than the program names",
  reachable: "a host that does not answer may also run the VM",
  "tls-disk-copy-over-multi-fd":
    "the disks would be copied without a check of the destination's certificate, or not at all",
};

/** Why a name cannot stand in `migration.accept`. */
export function whyNotAcceptable(name: string): string | undefined {
  if (Object.hasOwn(acceptable, name)) return undefined;
  if (Object.hasOwn(unacceptable, name)) return `"${name}" cannot be accepted: ${unacceptable[name]!}`;
  const known = Object.keys(acceptable);
  const near = nearMatches(name, [...known, ...Object.keys(unacceptable)]);
  return `unknown blocker "${name}"${near.length > 0 ? ` (did you mean ${listed(near)}?)` : ""}; migration.accept can name ${listed(known, "and")}`;
}
