/** Every disk must be at hand on the destination: on storage that both hosts see, or as an image to copy into. */
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import type { Disk, ImageFacts, MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import { isSameFile, sharedFileSystems } from "./sameStorage";

type Report = (disk: Disk, message: string, remedies: Remedy[], severity?: Problem["severity"]) => void;

export function disksAreThere(facts: MoveFacts): Problem[] {
  const { domain, destination, options, how } = facts;
  if (domain === undefined) return [];
  const found: Problem[] = [];
  const report: Report = (disk, message, remedies, severity = "blocker") =>
    found.push({
      rule: "disks",
      severity,
      code: "unsafeStorage",
      host: destination.host,
      message: `${disk.target} of ${domain.name}: ${message}`,
      remedies,
    });

  if (how === "live" && options.copyStorage !== undefined) {
    const targets = domain.disks.map(({ target }) => target);
    for (const chosen of (options.copyStorageDisks ?? []).filter((target) => !targets.includes(target))) {
      found.push({
        rule: "disks",
        severity: "blocker",
        code: "unsafeStorage",
        host: facts.source.host,
        message: `${domain.name} has no disk ${chosen}, which migration.copyStorage.disks names`,
        remedies: [{ do: `name some of its disks, which are ${targets.join(", ") || "none"}` }],
      });
    }
  }
  for (const disk of domain.disks) {
    if (how === "offline") offline(disk, facts, report);
    else if (isCopied(disk, facts)) copied(disk, facts, report);
    else if (disk.path !== undefined) opened(disk, disk.path, facts, report);
  }
  return found;
}

/** What libvirt copies: the chosen ones, by default all that the guest can write to and no other VM shares. */
export function isCopied(disk: Disk, { options }: Pick<MoveFacts, "options">): boolean {
  if (options.copyStorage === undefined || (disk.path === undefined && disk.type !== "network")) return false;
  if (options.copyStorageDisks !== undefined) return options.copyStorageDisks.includes(disk.target);
  return !disk.readonly && !disk.shareable && disk.device !== "cdrom" && disk.device !== "floppy";
}

/** A disk that QEMU opens on both hosts. */
function opened(disk: Disk, path: string, facts: MoveFacts, report: Report): void {
  const { source, destination, options } = facts;
  const [here, there] = [facts.sourceImages[path], facts.destinationImages[path]];
  const { host } = destination;
  const removable = disk.device === "cdrom" || disk.device === "floppy";
  const stale = staleCopy(path, facts);
  if (stale !== undefined && !disk.readonly && !removable && !isSameStorage(disk, here, there)) {
    return report(
      disk,
      `${path} on ${host} is not the image it runs with: ${stale}`,
      [
        {
          do: 'set migration.copyStorage: "all", which overwrites it with what is current',
          loses: "what is in the image there",
        },
      ],
      options.unsafe ? "warning" : "blocker",
    );
  }
  if (disk.readonly || removable) {
    if (there?.exists === false && disk.startupPolicy === "mandatory") {
      report(disk, `${host} does not have ${path}`, [
        ...(removable
          ? [
              {
                do: "eject it",
                commands: [
                  {
                    host: source.host,
                    command: commandLine`virsh change-media ${facts.domain!} ${disk.target} --eject`,
                  },
                ],
              },
            ]
          : []),
        { do: `put the file at the same path on ${host}` },
      ]);
    }
    return;
  }
  if (
    disk.type === "file" &&
    here?.fileSystem !== undefined &&
    !sharedFileSystems.test(here.fileSystem) &&
    !options.unsafe
  ) {
    return report(disk, `${path} lies on a file system of ${source.host} itself (${here.fileSystem})`, [
      { do: "put it on storage that both hosts see" },
      { do: 'set migration.copyStorage: "all" with an image of the same size and format on the destination' },
    ]);
  }
  if (there?.exists === false) {
    return report(disk, `${host} does not have ${path}`, [
      {
        do:
          disk.type === "block"
            ? `connect the same LUN or volume on ${host}`
            : `mount the same storage (${here?.mountSource ?? "see findmnt"}) on ${host}`,
      },
    ]);
  }
  if (here === undefined || there === undefined) return;
  const another =
    disk.type === "block"
      ? here.serial !== undefined && there.serial !== undefined && here.serial !== there.serial
      : here.mountSource !== there.mountSource && here.inode !== undefined && here.inode !== there.inode;
  if (another) {
    report(
      disk,
      `${path} on ${host} is another ${disk.type === "block" ? `device (serial ${there.serial}, here ${here.serial})` : `file (on ${there.mountSource ?? "?"}, here ${here.mountSource ?? "?"})`}`,
      [
        {
          do: disk.type === "block" ? `connect the same LUN or volume on ${host}` : `mount the same storage on ${host}`,
        },
      ],
      // libvirt does it with --unsafe, and the user has said that the data is theirs to answer for.
      options.unsafe ? "warning" : "blocker",
    );
  }
}

/** A disk that is copied over: into what is there, or into what libvirt can make. */
function copied(disk: Disk, facts: MoveFacts, report: Report): void {
  const { destination, options, sourceImages, destinationImages } = facts;
  const { host } = destination;
  const only: Remedy[] = [
    { do: `limit migration.copyStorage.disks to the disks that only ${facts.source.host} has` },
    { do: "leave copyStorage out" },
  ];
  if (disk.type === "network") {
    return report(
      disk,
      "it is on the network, and both hosts would write to one image while it is copied onto itself",
      only,
    );
  }
  const { path } = disk;
  if (path === undefined) return;
  const [here, there] = [sourceImages[path], destinationImages[path]];
  if (
    here?.fileSystem !== undefined &&
    sharedFileSystems.test(here.fileSystem) &&
    here.mountSource === there?.mountSource
  ) {
    return report(disk, `${path} is on storage that both hosts see, and would be copied onto itself`, only);
  }
  if (there === undefined) return;
  const size = virtualSize(here, disk.format);
  const create = {
    do: "make the image",
    commands: [{ host, command: commandLine`qemu-img create -f ${disk.format} ${path} ${size ?? "SIZE"}` }],
  };
  const replace = {
    ...create,
    do: "if nobody needs what is there, replace it",
    loses: `what is in ${path} on ${host}`,
  };
  if (!there.exists) {
    const directory = path.slice(0, path.lastIndexOf("/")) || "/";
    const pool = destination.poolPaths?.includes(directory);
    if (pool && options.copyStorage === "all") return;
    if (destination.poolPaths === undefined && options.copyStorage === "all") return;
    return report(
      disk,
      `${host} has no image ${path} to copy into${options.copyStorage === "all" ? `, and no storage pool for ${directory}` : ""}`,
      [create],
    );
  }
  if (there.format !== undefined && disk.format !== "raw" && there.format !== disk.format) {
    return report(disk, `${path} on ${host} is ${there.format}, and ${disk.format} is needed`, [replace]);
  }
  const thereSize = disk.format === "raw" ? there.sizeBytes : virtualSize(there, disk.format);
  if (size !== undefined && thereSize !== undefined && size !== thereSize) {
    report(
      disk,
      `${path} on ${host} has ${showBytes(thereSize)} (${thereSize} bytes), and ${showBytes(size)} (${size}) are needed`,
      [replace],
    );
  }
}

/**
 * Offline only the definition goes; images stay where they are. libvirt accepts it whatever is at the same path on the destination, and
 * the VM would start from that: an old copy, or an empty file. So it has to be proved that both hosts see one image.
 */
function offline(disk: Disk, facts: MoveFacts, report: Report): void {
  const { path, type } = disk;
  const { source, destination, options } = facts;
  if (disk.device === "cdrom" || disk.device === "floppy" || options.unsafe || type === "network") return;
  const onlyTheDefinition = "an offline migration moves the definition only";
  const ways: Remedy[] = [
    { do: "put it on storage that both hosts see" },
    { do: `start ${facts.domain!.name} and move it live with migration.copyStorage` },
    {
      do: `copy the image to ${destination.host} yourself and set migration.unsafe: true, which moves the definition and checks no disk`,
    },
  ];
  if (path === undefined) {
    return report(disk, `${onlyTheDefinition}, and where this disk (type ${type}) lies is not known`, ways);
  }
  const [here, there] = [facts.sourceImages[path], facts.destinationImages[path]];
  if (there?.exists === false) {
    return report(
      disk,
      `${onlyTheDefinition}, and ${destination.host} does not have ${path}: it could not start there`,
      [
        { do: `copy the image to ${destination.host} first` },
        { do: "set migration.unsafe: true to move the definition all the same" },
      ],
    );
  }
  // What the guest cannot write to has no older content.
  if (disk.readonly) return;
  if (here === undefined || there === undefined) {
    const silent = here === undefined ? source.host : destination.host;
    return report(disk, `${onlyTheDefinition}, and ${silent} does not tell what ${path} is`, ways);
  }
  if (isSameStorage(disk, here, there)) return;
  const stale = staleCopy(path, facts);
  const why =
    stale ??
    (type === "block"
      ? `the devices have ${here.serial === undefined || there.serial === undefined ? "no serial number that would show it" : `different serial numbers (${here.serial}, ${there.serial})`}`
      : `it lies on ${storageOf(here)} on ${source.host} and on ${storageOf(there)} on ${destination.host}`);
  report(
    disk,
    `${onlyTheDefinition}, and ${path} on ${destination.host} is not known to be the same ${type === "block" ? "device" : "file"}: ${why}. ${facts.domain!.name} would start from that`,
    ways,
  );
}

function isSameStorage({ type }: Disk, here: ImageFacts | undefined, there: ImageFacts | undefined): boolean {
  if (here === undefined || there === undefined) return false;
  return type === "block" ? here.serial !== undefined && here.serial === there.serial : isSameFile(here, there);
}

function storageOf({ exists, fileSystem, mountSource }: ImageFacts): string {
  if (!exists) return "nothing";
  return fileSystem === undefined ? "an unknown file system" : `${fileSystem} (${mountSource ?? "?"})`;
}

/** What the state knows of the image at the destination. */
function staleCopy(path: string, { staleImages, destination }: MoveFacts): string | undefined {
  const stale = staleImages?.find((image) => image.host === destination.host && image.path === path);
  return stale && `it is the stale copy that the move of ${stale.since} left there`;
}

function virtualSize(image: ImageFacts | undefined, format: string): number | undefined {
  return format === "raw" ? (image?.virtualSizeBytes ?? image?.sizeBytes) : image?.virtualSizeBytes;
}
