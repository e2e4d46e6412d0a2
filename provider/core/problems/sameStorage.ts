/**
 * Whether two hosts see one and the same file. Equal paths, sizes and even inode numbers prove nothing: hosts that were cloned have them
 * too, and so has a copy. Only what a file system keeps for all of its hosts does.
 */
export interface Seen {
  fileSystem: string | undefined;
  mountSource: string | undefined;
  inode: string | undefined;
  /** When the inode changed, to the nanosecond: no tool can set it, so no copy has that of its original. */
  changed: string | undefined;
}

/** What libvirt takes for shared between hosts; anything else it calls unsafe. */
export const sharedFileSystems =
  /^(nfs4?|ocfs2|gfs2?|afs|smb[23]?|cifs|ceph|gpfs|lustre|acfs|beegfs|quobyte|fuse\.(ceph|ceph-fuse|glusterfs|quobyte|beegfs))$/;

/** True only where it is proved: one export or volume of a file system for several hosts, and one inode with one time of change there. */
export function isSameFile(here: Seen, there: Seen): boolean {
  const equal = (key: keyof Seen) => here[key] !== undefined && here[key] === there[key];
  return (
    here.fileSystem !== undefined &&
    sharedFileSystems.test(here.fileSystem) &&
    equal("fileSystem") &&
    equal("mountSource") &&
    equal("inode") &&
    equal("changed")
  );
}
