/** Images that the provider creates on the destination, for libvirt to copy the disks of a running VM into. */
import type { ImageToCreate } from "../imageCopy";
import { listed } from "../near";
import type { Problem } from "../problem";
import { commandLine } from "../shownCommand";
import { destinationPathOf, isCopied, volumeOnDestination } from "./copied";
import type { Disk, MoveFacts } from "./facts";
import type { DiskProblem } from "./oneDisk";

/** Asked for, and the destination has no file there. */
export function isCreated(disk: Disk, facts: MoveFacts): boolean {
  const { path, type, target } = disk;
  const volume = volumeOnDestination(disk, facts);
  if (facts.how !== "live" || !facts.options.copyStorageCreateImages || path === undefined) return false;
  if (type !== "file" || !isCopied(disk, facts) || facts.destinationImages[path]?.exists !== false) return false;
  const onDestination = volume && facts.destinationVolumes?.[target];
  return volume === undefined || (onDestination?.pool === "active" && (onDestination.path ?? onDestination.newPath) !== undefined); // prettier-ignore
}

export function imagesToCreate(facts: MoveFacts): ImageToCreate[] {
  return (facts.domain?.disks ?? [])
    .filter((disk) => isCreated(disk, facts) && whyNotCreated(disk, facts) === undefined)
    .map((disk) => ({
      disk: disk.target,
      path: destinationPathOf(disk.path!, facts),
      format: disk.format as ImageToCreate["format"],
      virtualSizeBytes: sizeOf(disk, facts)!,
      backing: facts.options.copyStorage === "incremental" ? backingOf(disk, facts) : undefined,
    }));
}

/** Of a disk whose image is to be created. */
export function whyNotCreated(disk: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { path, format } = disk;
  const { source, destination, sourceImages, imageCopy } = facts;
  const destinationPath = destinationPathOf(path!, facts);
  const directory = directoryOf(destinationPath);
  const size = sizeOf(disk, facts);
  const byHand = (message: string): DiskProblem => ({
    message: `${message}; migration.copyStorage.createImages creates qcow2 and raw images`,
    remedies: [{ do: `create the image at ${destinationPath} on ${destination.host} yourself` }],
  });
  if (format !== "qcow2" && format !== "raw") return byHand(`its image is ${format}`);
  if (sourceImages[path!]?.encrypted) return byHand("its image is encrypted");
  if (size === undefined) {
    const command = commandLine`qemu-img info -U ${path!}`;
    return {
      message: `\`qemu-img info\` on ${source.host} does not show the virtual size of ${path!}`,
      remedies: [{ do: "check why it fails", commands: [{ host: source.host, command }] }],
    };
  }
  if (imageCopy?.destination?.images[path!]?.directoryExists === false) {
    return {
      message: `${destination.host} has no directory ${directory} to create its image in`,
      remedies: [
        {
          do: "create it, or mount the file system for the images there",
          commands: [{ host: destination.host, command: commandLine`mkdir -p ${directory}` }],
        },
      ],
    };
  }
  if (imageCopy?.destination?.isRoot === false && destination.poolPaths?.includes(directory) === false) {
    return {
      message: `only root may create an image in ${directory} on ${destination.host}, and the account there is not root`,
      remedies: [
        { do: `set user of ${destination.host} in vm-placement:hosts to root` },
        { do: `define a storage pool for ${directory} on ${destination.host}` },
      ],
    };
  }
  return facts.options.copyStorage === "incremental" ? whyNoBacking(disk, facts) : undefined;
}

function whyNoBacking({ path, format }: Disk, facts: MoveFacts): DiskProblem | undefined {
  const { source, destination, destinationImages, imageCopy } = facts;
  const chain = imageCopy?.chains[path!];
  if (chain === undefined) {
    const command = commandLine`qemu-img info -U --backing-chain ${path!}`;
    return {
      message: `\`qemu-img info\` on ${source.host} does not show the backing chain of ${path!}`,
      remedies: [{ do: "check why it fails", commands: [{ host: source.host, command }] }],
    };
  }
  const missing = chain.slice(1).find((file) => destinationImages[file]?.exists === false);
  if (missing !== undefined) {
    return {
      message: `${destination.host} does not have ${missing}, the backing file of ${path!}`,
      remedies: [
        { do: `put it at the same path on ${destination.host}` },
        { do: 'set migration.copyStorage.mode: "all", which copies its content into one image' },
      ],
    };
  }
  if (chain.length > 1 && format === "qcow2" && imageCopy?.backing?.[path!] === undefined) {
    return {
      message: `the format of ${chain[1]!}, the backing file of ${path!}, is not known`,
      remedies: replaceable(chain[1]!, path!, source.host),
    };
  }
  return undefined;
}

function replaceable(backing: string, path: string, host: string) {
  const command = commandLine`qemu-img rebase -u -F FORMAT -b ${backing} ${path}`;
  return [{ do: "name its format in the image, while the VM is shut off", commands: [{ host, command }] }];
}

/** Says what is created. */
export function imagesAreCreated(facts: MoveFacts): Problem[] {
  const images = imagesToCreate(facts);
  if (images.length === 0) return [];
  const { host } = facts.destination;
  const list = images.map((image) => `${image.disk} (\`${createCommand(image)}\`)`);
  return [
    {
      rule: "image-copy",
      severity: "information",
      code: "unsafeStorage",
      host,
      message: `${host} gets an empty image for ${listed(list, "and")} of ${facts.domain!.name} before the move; if it fails, ${images.length === 1 ? "it is" : "they are"} removed`,
      remedies: [],
    },
  ];
}

/** As a shell does it; in a storage pool it is a volume. */
function createCommand({ format, path, virtualSizeBytes, backing }: ImageToCreate): string {
  return backing === undefined
    ? commandLine`qemu-img create -f ${format} ${path} ${virtualSizeBytes}`
    : commandLine`qemu-img create -f ${format} -F ${backing.format} -b ${backing.path} ${path} ${virtualSizeBytes}`;
}

/** In another directory a name relative to the image's own leads elsewhere. */
function backingOf({ path }: Disk, facts: MoveFacts): ImageToCreate["backing"] {
  const named = facts.imageCopy?.backing?.[path!];
  const [, absolute] = facts.imageCopy?.chains[path!] ?? [];
  if (named === undefined || absolute === undefined) return undefined;
  return directoryOf(destinationPathOf(path!, facts)) === directoryOf(path!) ? named : { ...named, path: absolute };
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function sizeOf({ path, format }: Disk, { sourceImages }: MoveFacts): number | undefined {
  const image = sourceImages[path!];
  return format === "raw" ? (image?.sizeBytes ?? image?.virtualSizeBytes) : image?.virtualSizeBytes;
}
