/** Blockers of copying images from host to host; those of a VM that runs are copied by libvirt, and have to fit. */
import { listed } from "../near";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import { imagesToCopy, isCopiedOffline, pathsToCopy, destinationPathOf } from "./copied";
import { copiesFit } from "./copyRoom";
import { imagesAreCreated } from "./createdImages";
import type { Disk, MoveFacts } from "./facts";

export function imagesCanBeCopied(facts: MoveFacts): Problem[] {
  const { source, destination, domain, imageCopy } = facts;
  if (facts.how === "live") return [...copiesFit(facts), ...imagesAreCreated(facts)];
  if (domain === undefined || pathsToCopy(facts).length === 0) return [];
  const make: Make = (severity, host, message, remedies = []) => ({
    rule: "image-copy",
    severity,
    code: "unsafeStorage",
    host,
    domain: domain.name,
    message: severity === "blocker" ? `cannot copy the disks of ${domain.name}: ${message}` : message,
    remedies,
  });
  const unable = hostsCannotCopy(facts, make);
  if (unable.length > 0 || imageCopy?.source === undefined || imageCopy.destination === undefined) return unable;
  const images = imagesToCopy(facts);
  const found = [
    ...pathsToCopy(facts).flatMap((each) => placeOf(each, facts, make)),
    ...backingMissing(facts, make),
    ...backingAstray(facts, make),
    ...copiesFit(facts),
  ];
  if (images.length === 0 || found.some(({ severity }) => severity === "blocker")) return found;
  const list = images.map(({ disk, path, destinationPath, allocatedBytes }) => {
    const to = destinationPath === path ? "" : `, to ${destinationPath}`;
    return `${disk} (${path}${to}, ${showBytes(allocatedBytes)})`;
  });
  const says = `${source.host} copies ${listed(list, "and")} of ${domain.name} to ${destination.host} before the definition moves`;
  return [...found, make("information", source.host, says)];
}

type Make = (severity: Problem["severity"], host: string, message: string, remedies?: Remedy[]) => Problem;

/** The account, the programs and the way between the hosts. */
function hostsCannotCopy({ source, destination, imageCopy, peer }: MoveFacts, make: Make): Problem[] {
  const found: Problem[] = [];
  const blocker = (host: string, message: string, remedy: string) =>
    void found.push(make("blocker", host, message, [{ do: remedy }]));
  if (peer !== undefined && peer.transport !== "ssh") {
    blocker(
      source.host,
      `${source.host} reaches ${destination.host} by ${peer.transport}, but images are copied by ssh`,
      "copy the images yourself and set migration.unsafe: true, which moves the definition and checks no disk",
    );
  }
  for (const [host, side] of [
    [source.host, imageCopy?.source],
    [destination.host, imageCopy?.destination],
  ] as const) {
    if (side === undefined) {
      blocker(
        host,
        `${host} does not report its images and programs`,
        `run \`npx vm-placement doctor\`, which asks ${host}`,
      );
      continue;
    }
    if (!side.isRoot) {
      const message = `only root may read and write all images, and the account on ${host} is not root`;
      blocker(host, message, `set user of ${host} in vm-placement:hosts to root`);
    }
    if (side.missing.length > 0)
      blocker(host, `${host} has no ${listed(side.missing)}`, `install ${listed(side.missing, "and")} on ${host}`);
  }
  return found;
}

/** What an incremental copy leaves to stand on. */
function backingMissing(facts: MoveFacts, make: Make): Problem[] {
  const { host } = facts.destination;
  const { chains, destination } = facts.imageCopy!;
  if (facts.options.copyStorage !== "incremental") return [];
  return facts
    .domain!.disks.filter((disk) => isCopiedOffline(disk, facts))
    .flatMap(({ path: top }) =>
      (chains[top!] ?? [])
        .slice(1)
        .filter((path) => destination?.images[path]?.exists === false)
        .map((path) =>
          make("blocker", host, `${host} does not have ${path}, the backing file of ${top!}`, [
            { do: 'set migration.copyStorage: "all", which copies it too' },
            { do: `put it at the same path on ${host}` },
          ]),
        ),
    );
}

/** Copied into another directory, an image does not find what it names relative to its own. */
function backingAstray(facts: MoveFacts, make: Make): Problem[] {
  const { source, destination } = facts;
  return facts.domain!.disks.flatMap((disk) => {
    const { path } = disk;
    if (path === undefined || !isCopiedOffline(disk, facts) || !facts.imageCopy!.relative?.includes(path)) return [];
    const destinationPath = destinationPathOf(path, facts);
    if (directoryOf(destinationPath) === directoryOf(path)) return [];
    const [, backing = "FILE"] = facts.imageCopy!.chains[path] ?? [];
    const message = `${path} names its backing file relative to ${directoryOf(path)}, but lies in ${directoryOf(destinationPath)} on ${destination.host}`;
    const command = commandLine`qemu-img rebase -u -F FORMAT -b ${backing} ${path}`;
    return [
      make("blocker", source.host, message, [
        { do: `name the backing file by its full path`, commands: [{ host: source.host, command }] },
        { do: "give the storage pool the same target path on both hosts" },
      ]),
    ];
  });
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function placeOf({ disk, path }: { disk: Disk; path: string }, facts: MoveFacts, make: Make): Problem[] {
  const { source, destination, imageCopy, staleImages = [] } = facts;
  const { host } = destination;
  const destinationPath = destinationPathOf(path, facts);
  const onSource = imageCopy!.source!.images[path];
  const onDestination = imageCopy!.destination!.images[path];
  const blocker = (message: string, ...remedies: Remedy[]) => [make("blocker", host, message, remedies)];
  if (imageCopy!.chains[disk.path!] === undefined || onSource?.bytes === undefined) {
    const message = `\`qemu-img info\` on ${source.host} does not show the backing chain of ${disk.target} (${path})`;
    const command = commandLine`qemu-img info -U --backing-chain ${path}`;
    const remedy = { do: "check why it fails", commands: [{ host: source.host, command }] };
    return [make("blocker", source.host, message, [remedy])];
  }
  const directory = directoryOf(destinationPath);
  if (onSource.isBlock) {
    if (onDestination?.isBlock !== true)
      return blocker(`${host} has no block device ${destinationPath} to copy into`, {
        do: `create one of ${onSource.bytes} bytes or more there, with \`lvcreate\` for instance`,
      });
    if (onDestination.bytes !== undefined && onDestination.bytes < onSource.bytes)
      return blocker(
        `${destinationPath} on ${host} has ${showBytes(onDestination.bytes)}, but ${showBytes(onSource.bytes)} are needed`,
        {
          do: `make it larger, with \`lvextend\` for instance`,
        },
      );
  } else if (onDestination?.isBlock || (destinationPath !== path && destinationPath.startsWith("/dev/"))) {
    return blocker(`${destinationPath} on ${host} is a block device, but ${path} on ${source.host} is a file`, {
      do: "give the storage pool the same type on both hosts",
    });
  } else if (onDestination?.directoryExists === false) {
    return blocker(`${host} has no directory ${directory}`, {
      do: "create it, or mount the file system for the images there",
      commands: [{ host, command: commandLine`mkdir -p ${directory}` }],
    });
  }
  const known = staleImages.some((image) => image.host === host && image.path === destinationPath);
  if (onDestination?.exists !== true || onDestination.isEmpty || onDestination.superseded || known) return [];
  if (onDestination.bytes === onSource.bytes) {
    return [
      make("warning", host, `${host} already has ${destinationPath}, of the same size: it is used if its checksum is the same; otherwise nothing is moved`, [{ do: "rename it if its content differs", commands: [{ host, command: commandLine`mv ${destinationPath} ${`${destinationPath}.old`}` }] }]), // prettier-ignore
    ];
  }
  return blocker(`${host} already has ${destinationPath}, and its content differs`, {
    do: "rename it",
    commands: [{ host, command: commandLine`mv ${destinationPath} ${`${destinationPath}.old`}` }],
  });
}
