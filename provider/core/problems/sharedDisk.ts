/** A disk that QEMU opens on both hosts. */
import { placeOfDisk } from "../mapping";
import { commandLine } from "../shownCommand";
import type { Remedy } from "../problem";
import { restarting } from "../daemons";
import { destinationPathOf } from "./copied";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import type { HostFacts } from "./hostFacts";
import { type DiskProblem, isSameStorage, staleCopy } from "./oneDisk";
import { isDeclaredShared, isSharedToLibvirt, readsDeclared, sharedFileSystems } from "./sameStorage";
import { answerForTheData, putOnSharedStorage } from "./unsafeStorage";

export function problemOfShared(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  return problemOfSharedImage(disk, facts) ?? mappedElsewhere(disk, facts);
}

/** QEMU on the destination writes to what is at the mapped place: it has to be proved that this is the same image. */
function mappedElsewhere(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { source, destination, sourceImages, destinationImages, options } = facts;
  const { path, target } = disk;
  const removable = disk.device === "cdrom" || disk.device === "floppy";
  if (path === undefined || disk.readonly || removable || placeOfDisk(options, target) === undefined) return undefined;
  const destinationPath = destinationPathOf(path, facts);
  if (destinationPath === path || isSameStorage(disk, sourceImages[path], destinationImages[path], source))
    return undefined;
  return {
    severity: options.unsafe ? "warning" : "blocker",
    message: `${destinationPath} on ${destination.host} is not known to be the same ${disk.type === "block" ? "device" : "file"} as ${path} on ${source.host}`,
    remedies: [{ do: 'set migration.copyStorage: "all", which copies the disk to that place' }, answerForTheData],
  };
}

function problemOfSharedImage(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { path } = disk;
  if (disk.type === "nvme") return nvme(disk, facts);
  if (disk.type === "volume" && disk.volume !== undefined) return unknownVolume(disk.volume, facts);
  if (path === undefined) return undefined;
  const { source, destination, options } = facts;
  const [onSource, onDestination] = [facts.sourceImages[path], facts.destinationImages[path]];
  const { host } = destination;
  const removable = disk.device === "cdrom" || disk.device === "floppy";
  if (disk.readonly || removable) return readOnly(disk, path, removable, facts);
  const declared = isDeclaredShared(path, source);
  const destinationPath = destinationPathOf(path, facts);
  const stale = staleCopy(destinationPath, facts);
  // libvirt does it with --unsafe, and the user has said that the data is theirs to answer for.
  const severity = options.unsafe ? "warning" : "blocker";
  if (stale !== undefined && !isSameStorage(disk, onSource, onDestination, source)) {
    return {
      severity,
      message: `${destinationPath} on ${host} is not the current image: ${stale}`,
      remedies: [overwrite],
    };
  }
  if (
    disk.type === "file" &&
    onSource?.fileSystem !== undefined &&
    !isSharedToLibvirt(onSource.fileSystem, source.libvirt) &&
    !(declared && readsDeclared(source.libvirt)) &&
    !options.unsafe
  ) {
    return {
      ...(declared && { severity: "warning" }),
      ...(sharedFileSystems.test(onSource.fileSystem)
        ? {
            message: `${path} is on ${onSource.fileSystem}, which libvirt ${source.libvirt ?? ""} on ${source.host} does not treat as shared storage`,
            remedies: [declareShared(path, source), answerForTheData],
          }
        : {
            message: `${path} is on a local file system of ${source.host} (${onSource.fileSystem})`,
            remedies: putOnSharedStorage,
          }),
    };
  }
  if (onDestination?.exists === false) {
    const storage = `the same storage (${onSource?.mountSource ?? "see findmnt"})`;
    return { message: `${host} does not have ${destinationPath}`, remedies: [connect(disk, host, storage)] };
  }
  if (onSource === undefined || onDestination === undefined) return undefined;
  const another = whichOther(disk, onSource, onDestination, {
    source: source.host,
    samePath: path === destinationPath,
  });
  if (another === undefined) return undefined;
  return {
    severity,
    message: `${destinationPath} on ${host} is a different ${another}`,
    remedies: [connect(disk, host, "the same storage")],
  };
}

/** QEMU drives the controller itself, as it does a PCI device of the host; libvirt takes it for unsafe. */
function nvme({ pciAddress, readonly }: Disk, { source, destination, options }: MoveFacts): DiskProblem | undefined {
  if (readonly) return undefined;
  return {
    severity: options.unsafe ? "warning" : "blocker",
    message: `the disk is the NVMe device ${pciAddress ?? "?"} of ${source.host}, and ${destination.host} has a different device at that address, or none`,
    remedies: [
      { do: "move its content to storage that both hosts see" },
      { do: "detach it and move the VM without it" },
    ],
  };
}

function unknownVolume({ pool, name }: { pool: string; name: string }, { source: { host } }: MoveFacts): DiskProblem {
  return {
    severity: "warning",
    message: `the path of the volume ${name} of the pool ${pool} on ${host} is not known, so the disk is not checked`,
    remedies: [
      {
        do: "check what virsh prints",
        commands: [{ host, command: commandLine`virsh vol-path --pool ${pool} --vol ${name}` }],
      },
    ],
  };
}

/** The file that comes with libvirt describes each of its options, whatever the distribution has taken over from later releases. */
function declareShared(path: string, { host, daemons }: HostFacts): Remedy {
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  const { then, commands } = restarting(host, daemons);
  return {
    do: `where /etc/libvirt/qemu.conf on ${host} describes \`shared_filesystems\`, declare ${directory} shared there and ${then}`,
    commands: [{ host, command: "grep shared_filesystems /etc/libvirt/qemu.conf" }, ...commands],
  };
}

const overwrite: Remedy = {
  do: 'set migration.copyStorage: "all", which overwrites it with the current content',
  loses: "what is in the image there",
};

/** QEMU only reads it, so a copy at that path will do. The guest goes on reading where it was: in another file it reads nonsense. */
function readOnly(disk: Disk, path: string, removable: boolean, facts: MoveFacts): DiskProblem | undefined {
  const { source, destination, domain, options } = facts;
  const [onSource, onDestination] = [facts.sourceImages[path], facts.destinationImages[path]];
  const eject = {
    do: "eject it",
    commands: [{ host: source.host, command: commandLine`virsh change-media ${domain!} ${disk.target} --eject` }],
  };
  const put = { do: `put the file at that path on ${destination.host}` };
  const remedies = (then: Remedy) => (removable ? [eject, then] : [then]);
  const onDestinationPath = destinationPathOf(path, facts);
  if (onDestination?.exists === false) {
    if (disk.startupPolicy !== "mandatory") return undefined;
    return { message: `${destination.host} does not have ${onDestinationPath}`, remedies: remedies(put) };
  }
  const sizes = [onSource, onDestination].map((image) => image?.virtualSizeBytes ?? image?.sizeBytes);
  if (sizes[0] === undefined || sizes[1] === undefined || sizes[0] === sizes[1]) return undefined;
  return {
    severity: options.unsafe ? "warning" : "blocker",
    message: `${onDestinationPath} on ${destination.host} is a different file (${sizes[1]} bytes; on ${source.host}: ${sizes[0]})`,
    remedies: remedies({ ...put, loses: "what is there now" }),
  };
}

function connect({ type }: Disk, host: string, storage: string): Remedy {
  return { do: type === "block" ? `connect the same LUN or volume on ${host}` : `mount ${storage} on ${host}` };
}

function whichOther(
  { type }: Disk,
  onSource: ImageFacts,
  onDestination: ImageFacts,
  { source, samePath }: { source: string; samePath: boolean },
): string | undefined {
  const differs = (key: "serial" | "inode" | "mountSource") => onSource[key] !== onDestination[key];
  const known = (key: "serial" | "inode") => onSource[key] !== undefined && onDestination[key] !== undefined;
  if (type === "block") {
    if (!known("serial") || !differs("serial")) return undefined;
    return `device (serial ${onDestination.serial}; on ${source}: ${onSource.serial})`;
  }
  if (!known("inode") || !differs("inode") || (samePath && !differs("mountSource"))) return undefined;
  return `file (on ${onDestination.mountSource ?? "?"}; on ${source}: ${onSource.mountSource ?? "?"})`;
}
