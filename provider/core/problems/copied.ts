/** Which disks are copied, and by whom. */
import type { ImageToCopy } from "../imageCopy";
import { placeOfDisk } from "../mapping";
import type { Disk, DomainFacts, MoveFacts } from "./facts";
import { isSameStorage } from "./oneDisk";

/** What libvirt copies: the chosen ones, by default all that the guest can write to and no other VM shares. */
export function isCopied(disk: Disk, { options }: Pick<MoveFacts, "options">): boolean {
  const isKnown = disk.path !== undefined || ["network", "nvme", "vhostuser"].includes(disk.type);
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

/** The pool and volume by which the definition on the destination names a disk. */
export function volumeOnDestination(
  { volume, target }: Pick<Disk, "volume" | "target">,
  { options }: Pick<MoveFacts, "options">,
): Disk["volume"] {
  const place = placeOfDisk(options, target);
  if (place === undefined) return volume;
  return "path" in place ? undefined : { pool: place.pool, name: place.volume };
}

/**
 * Where an image of the source lies, or would lie, on the destination: the same path, but for a disk that is mapped, and for a volume of a
 * pool with another.
 */
export function destinationPathOf(
  path: string,
  facts: { domain: Pick<DomainFacts, "disks"> | undefined } & Pick<MoveFacts, "destinationVolumes" | "options">,
): string {
  const { domain, destinationVolumes, options } = facts;
  const disk = domain?.disks.find((each) => each.path === path);
  const place = disk && placeOfDisk(options, disk.target);
  if (place !== undefined && "path" in place) return place.path;
  const volume = disk && volumeOnDestination(disk, facts) && destinationVolumes?.[disk.target];
  if (volume?.pool !== "active") return path;
  const destinationPath = volume.path ?? volume.newPath;
  return destinationPath?.startsWith("/") ? destinationPath : path;
}

/** All that has to be copied, backing files first, so that no image arrives before what it stands on. */
export function imagesToCopy(facts: MoveFacts): ImageToCopy[] {
  const { imageCopy, destination, staleImages = [] } = facts;
  return pathsToCopy(facts).flatMap(({ disk, path }) => {
    const onSource = imageCopy?.source?.images[path];
    if (onSource?.bytes === undefined || onSource.allocatedBytes === undefined) return [];
    const { isBlock, bytes, allocatedBytes } = onSource;
    const destinationPath = destinationPathOf(path, facts);
    const known = staleImages.some((image) => image.host === destination.host && image.path === destinationPath);
    const pool = path === disk.path ? volumeOnDestination(disk, facts)?.pool : undefined;
    const where = { path, destinationPath, ...(pool !== undefined && { pool }) };
    return [{ disk: disk.target, ...where, isBlock, bytes, allocatedBytes, known }];
  });
}

export function pathsToCopy(facts: MoveFacts): { disk: Disk; path: string }[] {
  const all = (facts.domain?.disks ?? [])
    .filter((disk) => isCopiedOffline(disk, facts))
    .flatMap((disk) => {
      const chain = facts.imageCopy?.chains[disk.path!] ?? [disk.path!];
      const files = facts.options.copyStorage === "incremental" ? chain.slice(0, 1) : chain;
      return files.filter((path) => !isShared(disk, path, facts)).map((path) => ({ disk, path }));
    });
  return all.filter(({ path }, index) => all.findIndex((each) => each.path === path) === index).toReversed();
}
