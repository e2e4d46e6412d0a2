import type { OwnedFacts, OwnedOnHost } from "../../../../provider/core/owned";

export const ownedPath = "/var/lib/libvirt/qemu/nvram/db-01_VARS.fd";

/** One file that a VM owns beside its disks, as a host has it. */
export const ownedContent = (change: Partial<OwnedFacts> = {}): OwnedFacts => ({
  digest: "aa",
  bytes: 540_672,
  modified: "2026-11-27 02:28:23",
  irregular: false,
  superseded: false,
  keptCopy: undefined,
  freeBytes: 2 ** 30,
  fileSystem: "ext4",
  mountSource: "/dev/sda1",
  inode: "7",
  changed: "2026-11-27 02:28:23.1 +0000",
  ...change,
});

export const ownedOn = (
  content: OwnedFacts,
  change: Partial<OwnedOnHost> = {},
  path: string = ownedPath,
): OwnedOnHost => ({
  isRoot: true,
  account: "root",
  swtpm: "0.8.0",
  byPath: { [path]: content },
  ...change,
});
