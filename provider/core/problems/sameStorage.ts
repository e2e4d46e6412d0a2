/**
 * Whether two hosts see one and the same file. Equal paths, sizes and even inode numbers prove nothing: hosts that were cloned have them
 * too, and so has a copy. Only what a file system keeps for all of its hosts does.
 */
import { versionBelow } from "../version";
import type { HostFacts } from "./hostFacts";

export interface Seen {
  fileSystem: string | undefined;
  mountSource: string | undefined;
  inode: string | undefined;
  /** When the inode changed, to the nanosecond: no tool can set it, so no copy has that of its original. */
  changed: string | undefined;
}

/** File systems that several hosts mount at once. */
export const sharedFileSystems =
  /^(nfs4?|ocfs2|gfs2?|afs|smb[23]?|cifs|ceph|gpfs|lustre|acfs|beegfs|quobyte|fuse\.(ceph|ceph-fuse|glusterfs|quobyte|beegfs))$/;

/** Those of them that libvirt takes for shared, with the release that began; all others it calls unsafe (virFileIsSharedFS). */
const knownToLibvirt: Readonly<Record<string, string>> = {
  nfs: "0",
  nfs4: "0",
  ocfs2: "0",
  gfs: "0",
  gfs2: "0",
  afs: "0",
  smb2: "0",
  smb3: "0",
  smb: "0",
  cifs: "0",
  ceph: "5.1.0",
  gpfs: "0",
  acfs: "0",
  "fuse.glusterfs": "0",
  "fuse.quobyte": "0",
  beegfs: "9.6.0",
};

/** Whether that libvirt moves a VM with a disk there while it runs. One whose release is not known may be new enough. */
export function isSharedToLibvirt(fileSystem: string, libvirt: string | undefined): boolean {
  const since = Object.hasOwn(knownToLibvirt, fileSystem) ? knownToLibvirt[fileSystem] : undefined;
  return since !== undefined && (libvirt === undefined || !versionBelow(libvirt, since));
}

/**
 * The oldest release that is known to have `shared_filesystems` in qemu.conf: 11.3.0's own file describes it. libvirt's NEWS names no release
 * that began, and an older one takes no notice of what it does not know.
 */
const declares = "11.3.0";

/** Whether that libvirt surely reads what the administrator declares. */
export function readsDeclared(libvirt: string | undefined): boolean {
  return libvirt === undefined || !versionBelow(libvirt, declares);
}

/** The administrator of that host has declared it shared. */
export function isDeclaredShared(path: string, { system }: HostFacts): boolean {
  return (system?.qemuConf?.sharedFilesystems ?? []).some((each) => {
    const directory = each.replace(/(?<=.)\/$/, "");
    return path === directory || path.startsWith(directory === "/" ? "/" : `${directory}/`);
  });
}

/** One file by what the administrator declares, which each host sees by another file system: as it is exported, and as it is mounted. */
export function isDeclaredSame(path: string, onSource: Seen, onDestination: Seen, source: HostFacts): boolean {
  const equal = (key: keyof Seen) => onSource[key] !== undefined && onSource[key] === onDestination[key];
  return isDeclaredShared(path, source) && equal("inode") && equal("changed");
}

/** True only where it is proved: one export or volume of a file system for several hosts, and one inode with one time of change there. */
export function isSameFile(onSource: Seen, onDestination: Seen): boolean {
  const equal = (key: keyof Seen) => onSource[key] !== undefined && onSource[key] === onDestination[key];
  return (
    onSource.fileSystem !== undefined &&
    sharedFileSystems.test(onSource.fileSystem) &&
    equal("fileSystem") &&
    equal("mountSource") &&
    equal("inode") &&
    equal("changed")
  );
}
