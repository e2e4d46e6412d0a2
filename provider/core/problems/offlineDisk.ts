/**
 * Offline only the definition goes; images stay where they are. libvirt accepts it whatever is at the same path on the destination, and
 * the VM would start from that: an old copy, or an empty file. So it has to be proved that both hosts see one image.
 */
import type { Remedy } from "../problem";
import { destinationPathOf } from "./copied";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import { type DiskProblem, isSameStorage, staleCopy } from "./oneDisk";

/** Their data is on no host: it is behind a server, or behind a program that has a socket. */
const elsewhere = ["network", "vhostuser"];

const onlyTheDefinition = "an offline migration moves the definition only";

export function problemOffline(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { path, type } = disk;
  const { source, destination, options } = facts;
  const { name } = facts.domain!;
  if (disk.device === "cdrom" || disk.device === "floppy" || options.unsafe || elsewhere.includes(type))
    return undefined;
  const remedies = copyFirst(destination.host);
  if (path === undefined) {
    return { message: `${onlyTheDefinition}, but the location of this disk (type ${type}) is not known`, remedies };
  }
  const destinationPath = destinationPathOf(path, facts);
  const [onSource, onDestination] = [facts.sourceImages[path], facts.destinationImages[path]];
  if (onDestination?.exists === false) {
    return {
      message: `${onlyTheDefinition}, but ${destination.host} does not have ${destinationPath}: ${name} could not start there`,
      remedies: [
        { do: 'set migration.copyStorage: "all", which copies it first' },
        { do: "set migration.unsafe: true to move the definition anyway" },
      ],
    };
  }
  // What the guest cannot write to has no older content.
  if (disk.readonly) return undefined;
  if (onSource === undefined || onDestination === undefined) {
    const [silent, what] = onSource === undefined ? [source.host, path] : [destination.host, destinationPath];
    return { message: `${onlyTheDefinition}, but ${silent} does not report what ${what} is`, remedies };
  }
  if (isSameStorage(disk, onSource, onDestination, source)) return undefined;
  const why = staleCopy(destinationPath, facts) ?? whyNotTheSame(disk, onSource, onDestination, facts);
  return {
    message: `${onlyTheDefinition}, but ${destinationPath} on ${destination.host} is not known to be the same ${type === "block" ? "device" : "file"}${destinationPath === path ? "" : ` as ${path} on ${source.host}`}: ${why}. ${name} would start from it`,
    remedies,
  };
}

export function copyFirst(destination: string): Remedy[] {
  return [
    { do: "put it on storage that both hosts see" },
    { do: 'set migration.copyStorage: "all", which copies it first' },
    {
      do: `copy the image to ${destination} yourself and set migration.unsafe: true, which moves the definition and checks no disk`,
    },
  ];
}

function whyNotTheSame(
  { type }: Disk,
  onSource: ImageFacts,
  onDestination: ImageFacts,
  { source, destination }: MoveFacts,
): string {
  if (type !== "block") {
    return `it is on ${storageOf(onSource)} on ${source.host} and on ${storageOf(onDestination)} on ${destination.host}`;
  }
  return onSource.serial === undefined || onDestination.serial === undefined
    ? "the devices have no serial numbers to compare"
    : `the devices have different serial numbers (${onSource.serial}, ${onDestination.serial})`;
}

function storageOf({ exists, fileSystem, mountSource }: ImageFacts): string {
  if (!exists) return "nothing";
  return fileSystem === undefined ? "an unknown file system" : `${fileSystem} (${mountSource ?? "?"})`;
}
