/** Blockers of copying the images of a VM that is shut off, from host to host. */
import type { ImageOnHost, ImageToCopy } from "../imageCopy";
import { listed } from "../near";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import { isCopiedOffline, isShared } from "./copied";
import type { Disk, MoveFacts } from "./facts";

/** All that has to be copied, backing files first, so that no image arrives before what it stands on. */
export function imagesToCopy(facts: MoveFacts): ImageToCopy[] {
  const { imageCopy, destination, staleImages = [] } = facts;
  return pathsToCopy(facts).flatMap(({ disk, path }) => {
    const here = imageCopy?.source?.images[path];
    if (here?.bytes === undefined || here.allocatedBytes === undefined) return [];
    const { isBlock, bytes, allocatedBytes } = here;
    const known = staleImages.some((image) => image.host === destination.host && image.path === path);
    return [{ disk: disk.target, path, isBlock, bytes, allocatedBytes, known }];
  });
}

function pathsToCopy(facts: MoveFacts): { disk: Disk; path: string }[] {
  const all = (facts.domain?.disks ?? [])
    .filter((disk) => isCopiedOffline(disk, facts))
    .flatMap((disk) => {
      const chain = facts.imageCopy?.chains[disk.path!] ?? [disk.path!];
      const files = facts.options.copyStorage === "incremental" ? chain.slice(0, 1) : chain;
      return files.filter((path) => !isShared(path, facts)).map((path) => ({ disk, path }));
    });
  return all.filter(({ path }, index) => all.findIndex((each) => each.path === path) === index).toReversed();
}

export function imagesCanBeCopied(facts: MoveFacts): Problem[] {
  const { source, destination, domain, imageCopy, peer } = facts;
  const paths = pathsToCopy(facts);
  if (domain === undefined || paths.length === 0) return [];
  const make = (severity: Problem["severity"], host: string, message: string, remedies: Remedy[] = []): Problem => ({
    rule: "image-copy",
    severity,
    code: "unsafeStorage",
    host,
    domain: domain.name,
    message,
    remedies,
  });
  const found: Problem[] = [];
  const blocker = (host: string, message: string, remedies: Remedy[]) =>
    void found.push(make("blocker", host, `cannot copy the disks of ${domain.name}: ${message}`, remedies));

  if (peer !== undefined && peer.transport !== "ssh") {
    blocker(source.host, `${source.host} reaches ${destination.host} by ${peer.transport}, and copies go by ssh`, [
      { do: "copy the images yourself and set migration.unsafe: true, which moves the definition and checks no disk" },
    ]);
  }
  for (const [host, side] of [
    [source.host, imageCopy?.source],
    [destination.host, imageCopy?.destination],
  ] as const) {
    if (side === undefined) blocker(host, `${host} does not tell what it has`, [{ do: `run \`npx vm-placement doctor\`, which asks ${host}` }]); // prettier-ignore
    if (side?.isRoot === false)
      blocker(host, `only root may read and write them all, and the account on ${host} is not root`, [
        { do: `set user of ${host} in vm-placement:hosts to root` },
      ]);
    if (side !== undefined && side.missing.length > 0)
      blocker(host, `${host} has no ${listed(side.missing)}`, [
        { do: `install ${listed(side.missing, "and")} on ${host}` },
      ]);
  }
  if (found.length > 0 || imageCopy?.source === undefined || imageCopy.destination === undefined) return found;

  for (const { disk, path } of paths) {
    const here = imageCopy.source.images[path];
    if (imageCopy.chains[disk.path!] === undefined || here?.bytes === undefined) {
      blocker(
        source.host,
        `\`qemu-img info\` on ${source.host} does not tell what ${disk.target} (${path}) is made of`,
        [
          { do: "see what it says", commands: [{ host: source.host, command: commandLine`qemu-img info -U --backing-chain ${path}` }] }, // prettier-ignore
        ],
      );
      continue;
    }
    const there = imageCopy.destination.images[path];
    found.push(...placeOf(path, here, there, facts, make));
  }
  for (const disk of domain.disks) {
    if (facts.options.copyStorage !== "incremental" || !isCopiedOffline(disk, facts)) continue;
    for (const path of (imageCopy.chains[disk.path!] ?? []).slice(1)) {
      if (imageCopy.destination.images[path]?.exists !== false) continue;
      blocker(destination.host, `${destination.host} does not have ${path}, on which ${disk.path!} stands`, [
        { do: 'set migration.copyStorage: "all", which copies it too' },
        { do: `put it at the same path on ${destination.host}` },
      ]);
    }
  }
  const images = imagesToCopy(facts);
  found.push(...roomFor(images, facts, make));
  if (images.length > 0 && !found.some(({ severity }) => severity === "blocker")) {
    const list = images.map(({ disk, path, allocatedBytes }) => `${disk} (${path}, ${showBytes(allocatedBytes)})`);
    found.push(
      make(
        "information",
        source.host,
        `${source.host} copies ${listed(list, "and")} of ${domain.name} to ${destination.host} before the definition moves`,
      ),
    );
  }
  return found;
}

type Make = (severity: Problem["severity"], host: string, message: string, remedies: Remedy[]) => Problem;

function placeOf(
  path: string,
  here: ImageOnHost,
  there: ImageOnHost | undefined,
  { destination: { host }, domain, staleImages = [] }: MoveFacts,
  make: Make,
): Problem[] {
  const name = domain!.name;
  const blocker = (message: string, ...remedies: Remedy[]) => [
    make("blocker", host, `cannot copy the disks of ${name}: ${message}`, remedies),
  ];
  const directory = path.slice(0, path.lastIndexOf("/")) || "/";
  if (here.isBlock) {
    if (there?.isBlock !== true)
      return blocker(`${host} has no block device ${path} to copy into`, {
        do: `make one of ${here.bytes} bytes or more there, with \`lvcreate\` for instance`,
      });
    if (there.bytes !== undefined && there.bytes < here.bytes!)
      return blocker(`${path} on ${host} has ${showBytes(there.bytes)}, and ${showBytes(here.bytes!)} are needed`, {
        do: `make it larger, with \`lvextend\` for instance`,
      });
  } else if (there?.directoryExists === false) {
    return blocker(`${host} has no directory ${directory}`, {
      do: "make it, or mount there what should hold the images",
      commands: [{ host, command: commandLine`mkdir -p ${directory}` }],
    });
  }
  const known = staleImages.some((image) => image.host === host && image.path === path);
  if (there?.exists !== true || there.isEmpty || there.superseded || known) return [];
  if (there.bytes === here.bytes) {
    return [
      make("warning", host, `${host} has a ${path} of the same size: it is used where its checksum is the same, else nothing is moved`, [{ do: "move it away if it is not the same", commands: [{ host, command: commandLine`mv ${path} ${`${path}.old`}` }] }]), // prettier-ignore
    ];
  }
  return blocker(`${host} has a ${path} with other content`, {
    do: "move it out of the way",
    commands: [{ host, command: commandLine`mv ${path} ${`${path}.old`}` }],
  });
}

/** Images that land on one file system take their room together. */
function roomFor(images: readonly ImageToCopy[], { imageCopy, destination: { host }, domain }: MoveFacts, make: Make) {
  const there = imageCopy!.destination!.images;
  const needed = new Map<string, { bytes: number; free: number; path: string }>();
  for (const { path, isBlock, allocatedBytes } of images) {
    const { fileSystemId, freeBytes } = there[path] ?? {};
    if (isBlock || fileSystemId === undefined || freeBytes === undefined) continue;
    const before = needed.get(fileSystemId);
    needed.set(fileSystemId, { bytes: (before?.bytes ?? 0) + allocatedBytes, free: freeBytes, path });
  }
  return [...needed.values()]
    .filter(({ bytes, free }) => bytes > free)
    .map(({ bytes, free, path }) =>
      make(
        "blocker",
        host,
        `cannot copy the disks of ${domain!.name}: ${host} has ${showBytes(free)} free for ${path}, and ${showBytes(bytes)} are needed`,
        [{ do: `free space on ${host}` }],
      ),
    );
}
