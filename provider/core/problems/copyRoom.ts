/** Room for the copies of disks on the destination: what lands on one file system is counted together, with that of the run's other VMs. */
import type { CopiedBytes } from "../imageCopy";
import { listed } from "../near";
import type { Problem } from "../problem";
import { showBytes } from "../units";
import { imagesToCopy, isCopied, isShared, destinationPathOf, volumeOnDestination } from "./copied";
import { isCreated } from "./createdImages";
import type { Disk, MoveFacts } from "./facts";
import { freeSpace } from "./space";

/** What a move writes to each file system of its destination. */
export function bytesToCopy(facts: MoveFacts): CopiedBytes[] {
  const copies = facts.how === "live" ? [...copiedByLibvirt(facts), ...madeInPools(facts)] : copiedByUs(facts);
  const sums = new Map<string, CopiedBytes>();
  for (const each of copies) {
    const before = sums.get(each.fileSystemId);
    sums.set(each.fileSystemId, {
      ...each,
      atLeast: each.atLeast + (before?.atLeast ?? 0),
      atMost: each.atMost + (before?.atMost ?? 0),
    });
  }
  return [...sums.values()];
}

function copiedByUs(facts: MoveFacts): CopiedBytes[] {
  return imagesToCopy(facts).flatMap(({ path, isBlock, allocatedBytes }) =>
    isBlock ? [] : written(path, facts, { atLeast: allocatedBytes, atMost: allocatedBytes }),
  );
}

/** Into an image that is there, or one that libvirt makes: a raw one with all of its blocks, since it names no allocation. */
function copiedByLibvirt(facts: MoveFacts): CopiedBytes[] {
  if (facts.imageCopy === undefined) return [];
  const { source, destination, chains } = facts.imageCopy;
  return (facts.domain?.disks ?? []).flatMap((disk) => {
    const { path, format } = disk;
    if (path === undefined || disk.type !== "file" || !isCopied(disk, facts) || isShared(disk, path, facts)) return [];
    const [onSource, onDestination] = [source?.images[path], destination?.images[path]];
    const size = sizeOf(disk, facts);
    if (
      onSource?.allocatedBytes === undefined ||
      size === undefined ||
      onDestination === undefined ||
      onDestination.isBlock
    )
      return [];
    const files = facts.options.copyStorage === "incremental" ? [path] : (chains[path] ?? [path]);
    // The files of a chain may hold the same blocks: sure is the fullest of them.
    const used = Math.min(size, Math.max(...files.map((file) => source?.images[file]?.allocatedBytes ?? 0)));
    const taken = onDestination.allocatedBytes ?? 0;
    const isSparse =
      onDestination.exists ||
      isCreated(disk, facts) ||
      format !== "raw" ||
      facts.options.copyStorageDetectZeroes?.includes(disk.target);
    return written(path, facts, {
      atLeast: Math.max(0, (isSparse ? used : size) - taken),
      atMost: Math.max(0, size - taken),
    });
  });
}

/** Volumes that libvirt makes in a volume group or a pool of ZFS take all of their size there, since it names no allocation. */
function madeInPools(facts: MoveFacts): CopiedBytes[] {
  return (facts.domain?.disks ?? []).flatMap((disk) => {
    const { path, target, type } = disk;
    const volume = volumeOnDestination(disk, facts);
    const onDestination = facts.destinationVolumes?.[target];
    if (path === undefined || volume === undefined || type !== "block" || !isCopied(disk, facts)) return [];
    if (onDestination?.pool !== "active" || onDestination.path !== undefined) return [];
    const size = facts.sourceImages[path]?.sizeBytes;
    const { freeBytes } = onDestination;
    if (size === undefined || freeBytes === undefined) return [];
    return [{ fileSystemId: `pool ${volume.pool}`, freeBytes, path, atLeast: size, atMost: size }];
  });
}

function sizeOf({ path, format }: Disk, { sourceImages, imageCopy }: MoveFacts): number | undefined {
  const virtual = sourceImages[path!]?.virtualSizeBytes;
  return format === "raw" ? (virtual ?? imageCopy?.source?.images[path!]?.bytes) : virtual;
}

function written(path: string, facts: MoveFacts, bytes: Pick<CopiedBytes, "atLeast" | "atMost">): CopiedBytes[] {
  const { fileSystemId, freeBytes } = facts.imageCopy?.destination?.images[path] ?? {};
  return fileSystemId === undefined || freeBytes === undefined
    ? []
    : [{ fileSystemId, freeBytes, path: destinationPathOf(path, facts), ...bytes }];
}

/** What others on their way write may be in the free space already, or not: then it is not sure. */
export function copiesFit(facts: MoveFacts): Problem[] {
  const { destination, domain, alongside = [] } = facts;
  const { host } = destination;
  if (domain === undefined) return [];
  return bytesToCopy(facts).flatMap(({ fileSystemId, freeBytes, path, atLeast, atMost }) => {
    const others = alongside
      .filter((each) => each.destination === host)
      .flatMap(({ domain: name, begun, copies = [] }) =>
        copies.filter((each) => each.fileSystemId === fileSystemId).map((each) => ({ ...each, name, begun })),
      );
    const sum = (key: "atLeast" | "atMost", among = others) => among.reduce((total, each) => total + each[key], 0);
    const sure = atLeast + sum("atLeast", others.filter(({ begun }) => !begun)); // prettier-ignore
    const [least, most] = [atLeast + sum("atLeast"), atMost + sum("atMost")];
    if (most <= freeBytes || (atMost === 0 && others.length > 0)) return [];
    const needs = least > freeBytes ? `needs ${showBytes(atLeast)}` : `may take up to ${showBytes(atMost)}`;
    const names = [...new Set(others.map(({ name }) => name))];
    const together =
      names.length === 0
        ? ""
        : `, and ${listed(names, "and")}, which this run moves there too, ${showBytes(sum(least > freeBytes ? "atLeast" : "atMost"))}`;
    return [
      {
        rule: "image-copy",
        severity: sure > freeBytes ? "blocker" : "warning",
        code: "unsafeStorage",
        host,
        message: `${host} has ${showBytes(freeBytes)} free for the disks of ${domain.name} (${path}); the copy ${needs}${together}`,
        remedies: [freeSpace(host)],
      } satisfies Problem,
    ];
  });
}
