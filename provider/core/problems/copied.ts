/** Which disks are copied, and by whom. */
import type { Disk, MoveFacts } from "./facts";
import { isSameStorage } from "./oneDisk";

/** What libvirt copies: the chosen ones, by default all that the guest can write to and no other VM shares. */
export function isCopied(disk: Disk, { options }: Pick<MoveFacts, "options">): boolean {
  const isKnown = disk.path !== undefined || disk.type === "network" || disk.type === "nvme";
  if (options.copyStorage === undefined || !isKnown) return false;
  if (options.copyStorageDisks !== undefined) return options.copyStorageDisks.includes(disk.target);
  return !disk.readonly && !disk.shareable && disk.device !== "cdrom" && disk.device !== "floppy";
}

/** True for a disk that is copied by us, as `isCopied` has it, and that no storage of both hosts holds. */
export function isCopiedOffline(disk: Disk, facts: MoveFacts): boolean {
  return (
    facts.how === "offline" && isCopied(disk, facts) && disk.path !== undefined && !isShared(disk, disk.path, facts)
  );
}

/**
 * Proved to be one file or device on both hosts.
 *
 * @param path of the disk, or of a file of its backing chain.
 */
export function isShared(disk: Disk, path: string, { source, sourceImages, destinationImages }: MoveFacts): boolean {
  const type = path === disk.path ? disk.type : "file";
  return isSameStorage({ ...disk, type, path }, sourceImages[path], destinationImages[path], source);
}
