/** A disk that is copied over: into what is there, or into what libvirt can make. */
import type { Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import { destinationPathOf, volumeOnDestination } from "./copied";
import { isCreated, whyNotCreated } from "./createdImages";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import { createImage, replaceImage } from "./images";
import type { DiskProblem } from "./oneDisk";
import { isDeclaredSame, sharedFileSystems } from "./sameStorage";

export function problemOfCopy(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { path, type, format } = disk;
  if (path === undefined) return problemWithoutPath(disk, facts);
  const { host } = facts.destination;
  const [onSource, onDestination] = [facts.sourceImages[path], facts.destinationImages[path]];
  const destinationPath = destinationPathOf(path, facts);
  // At another path of one file system there may be another file.
  const onOneMount =
    onSource?.fileSystem !== undefined &&
    sharedFileSystems.test(onSource.fileSystem) &&
    onSource.mountSource === onDestination?.mountSource &&
    (destinationPath === path || onSource.inode === onDestination?.inode);
  const declared =
    onSource !== undefined &&
    onDestination !== undefined &&
    isDeclaredSame(path, onSource, onDestination, facts.source);
  if (onOneMount || declared) {
    return {
      message: `${path} is on storage that both hosts see, and would be copied onto itself`,
      remedies: copyOthersOnly(facts.source.host),
    };
  }
  if (onDestination === undefined) return undefined;
  const size = virtualSize(onSource, format);
  const image = { format, path: destinationPath, size };
  if (!onDestination.exists) {
    if (isCreated(disk, facts)) return whyNotCreated(disk, facts);
    if (isMadeInPool(disk, facts)) return undefined;
    if (type === "block")
      return {
        message: `${host} has no block device ${destinationPath} to copy into`,
        remedies: [makeDevice(host, destinationPath, onSource?.sizeBytes ?? size, onSource)],
      };
    const message = noImage(destinationPath, facts);
    return message === undefined ? undefined : { message, remedies: [createImage(host, image)] };
  }
  if (onDestination.format !== undefined && format !== "raw" && onDestination.format !== format) {
    return {
      message: `${destinationPath} on ${host} is ${onDestination.format}, but ${format} is needed`,
      remedies: [replaceImage(host, image)],
    };
  }
  const destinationSize = format === "raw" ? onDestination.sizeBytes : virtualSize(onDestination, format);
  if (size === undefined || destinationSize === undefined || size === destinationSize) return undefined;
  return {
    message: `${destinationPath} on ${host} has ${showBytes(destinationSize)} (${destinationSize} bytes), but ${showBytes(size)} (${size}) are needed`,
    remedies: [type === "block" ? makeDevice(host, destinationPath, size) : replaceImage(host, image)],
  };
}

function problemWithoutPath(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  if (disk.type === "network") {
    return {
      message: "the disk is on the network, so it would be copied onto itself while both hosts write to it",
      remedies: copyOthersOnly(facts.source.host),
    };
  }
  if (disk.type === "nvme") {
    return {
      severity: "warning",
      message: `the disk is copied onto the NVMe device at ${disk.pciAddress ?? "the same address"} of ${facts.destination.host}`,
      remedies: [
        {
          do: "check what that device is before it is overwritten",
          commands: [{ host: facts.destination.host, command: "lspci -D -nn" }],
        },
      ],
    };
  }
  if (disk.type === "vhostuser") {
    return {
      message: "the disk is behind a vhost-user socket, and libvirt copies nothing into one",
      remedies: copyOthersOnly(facts.source.host),
    };
  }
  return undefined;
}

/**
 * libvirt makes none, and `qemu-img create` would put a file in its place. A logical volume has a command, since its path names it.
 *
 * @param onSource of a device that is missing on the destination.
 */
function makeDevice(host: string, path: string, size: number | undefined, onSource?: ImageFacts): Remedy {
  const volume = onSource?.serial?.startsWith("LVM-") ? logicalVolume(path) : undefined;
  if (volume === undefined || size === undefined)
    return {
      do: `make one of ${size === undefined ? "the same size" : `${size} bytes`} there, with \`lvcreate\` for instance`,
    };
  return {
    do: "create it, as on the source",
    commands: [
      {
        host,
        command: commandLine`lvcreate --size ${`${size}b`} --name ${volume.name} ${volume.group}`,
      },
    ],
  };
}

/** "/dev/vg0/db-01" and "/dev/mapper/vg0-db--01", where a hyphen of a name is doubled. */
function logicalVolume(path: string): { group: string; name: string } | undefined {
  const mapped = /^\/dev\/mapper\/((?:[^-/]|--){1,128})-((?:[^-/]|--){1,128})$/.exec(path);
  const [, group, name] = mapped ?? /^\/dev\/([^/]{1,128})\/([^/]{1,128})$/.exec(path) ?? [];
  if (group === undefined || name === undefined || group === "mapper" || group === "disk") return undefined;
  const plain = (text: string) => (mapped ? text.replaceAll("--", "-") : text);
  return { group: plain(group), name: plain(name) };
}

/** The pool of a volume is looked up by name, and with "all" libvirt makes the volume in it: a logical volume too. */
function isMadeInPool(disk: Disk, facts: MoveFacts): boolean {
  const isVolume = volumeOnDestination(disk, facts) !== undefined;
  return facts.options.copyStorage === "all" && isVolume && facts.destinationVolumes?.[disk.target]?.pool === "active";
}

/** With "all", libvirt makes the image itself where a storage pool has its directory. */
function noImage(path: string, facts: MoveFacts): string | undefined {
  const { host, poolPaths } = facts.destination;
  if (facts.options.copyStorage !== "all") return `${host} has no image ${path} to copy into`;
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  if (poolPaths === undefined || poolPaths.includes(directory)) return undefined;
  return `${host} has no image ${path} to copy into, and no storage pool for ${directory}`;
}

function copyOthersOnly(source: string): Remedy[] {
  return [
    { do: `limit migration.copyStorage.disks to the disks that only ${source} has` },
    { do: "leave out migration.copyStorage" },
  ];
}

function virtualSize(image: ImageFacts | undefined, format: string): number | undefined {
  return format === "raw" ? (image?.virtualSizeBytes ?? image?.sizeBytes) : image?.virtualSizeBytes;
}
