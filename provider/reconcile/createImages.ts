/**
 * Images on the destination that libvirt copies the disks of a running VM into. Removed again where the move has failed, and only once
 * it is certain that the VM runs on the source and the destination has neither a definition of it nor a process that uses them. An
 * interrupted run leaves them with a mark: the next one copies into them, and answers for them.
 */
import { cleanLine } from "../core/clean";
import { PlacementError } from "../core/errors";
import type { DomainView } from "../core/domain";
import type { ImageToCreate } from "../core/imageCopy";
import { listed } from "../core/near";
import type { Migration } from "../core/migration";
import type { MigrationOptions } from "../core/options";
import type { Clock, Progress } from "../core/ports";
import { commandLine } from "../core/shownCommand";
import { isActive, isInMigration, isInPostCopy } from "../core/situation";
import type { Hosts } from "../observe/hosts";
import type { Virsh } from "../virsh/client";
import { definitionOf } from "../preflight/probes/definition";
import { UnreadableAnswers } from "../preflight/probes/unreadable";
import { destinationPathsOf, volumesOn } from "../preflight/probes/volumes";
import {
  createImageScript,
  leftImagesScript,
  parseLeftImages,
  removeCreatedScript,
  settleCreatedScript,
} from "../virsh/createImage";
import { poolsByDirectory } from "./poolsByDirectory";
import type { TakenAlong } from "./takenAlong";

const momentMs = 60_000;
/** libvirt on the destination ends its QEMU a moment after the source has given up. */
const tries = 10;
const pauseMs = 1000;

interface Created {
  path: string;
  inode: string;
  pool: string | undefined;
}

/**
 * Beside what it creates, it answers for what an interrupted run has left for this VM.
 *
 * @returns undefined where there is neither.
 * @throws PlacementError with the destination as it was before.
 */
export async function createImages(
  hosts: Hosts,
  migration: Migration,
  images: readonly ImageToCreate[],
  ports: { clock: Clock; progress: Progress },
): Promise<TakenAlong | undefined> {
  const left = await imagesLeft(hosts, migration);
  if (images.length === 0 && left.length === 0) return undefined;
  const virsh = await hosts.on(migration.destination);
  const pools = await poolsByDirectory(virsh);
  const made = new CreatedImages(
    hosts,
    migration,
    ports,
    left.map((each) => ({ ...each, pool: pools.of(each.path) })),
  );
  try {
    for (const image of images) {
      ports.progress.live(`creating the image of ${image.disk} on ${migration.destination}`);
      await made.add(virsh, image, pools.of(image.path));
    }
  } catch (error) {
    await made.putBack().catch(() => {});
    throw error;
  }
  return made;
}

/** Once it is known that the VM runs where it should, what an interrupted run has created there is its own. Asked only with createImages. */
export async function settleCreated(
  hosts: Hosts,
  { host, uuid }: DomainView,
  { copyStorageCreateImages }: MigrationOptions,
): Promise<void> {
  if (!copyStorageCreateImages) return;
  const paths = await diskPaths(hosts, host, uuid);
  const virsh = await hosts.on(host);
  if (paths.length > 0) await virsh.run(settleCreatedScript(paths, uuid), momentMs).catch(() => undefined);
}

async function imagesLeft(
  hosts: Hosts,
  { domain, source, destination, how, options }: Migration,
): Promise<{ path: string; inode: string }[]> {
  if (how !== "live" || !options.copyStorageCreateImages) return [];
  const [onSource, onDestination] = await Promise.all([hosts.on(source), hosts.on(destination)]);
  const definition = await definitionOf(hosts, onSource, domain.uuid, new UnreadableAnswers());
  const volumes = await volumesOn(onDestination, definition, options);
  const others = destinationPathsOf(definition, { ...volumes, options });
  const paths = (definition?.disks ?? []).flatMap(({ path }) => (path === undefined ? [] : (others[path] ?? path)));
  if (paths.length === 0) return [];
  const { stdout } = await onDestination.run(leftImagesScript(paths, domain.uuid), momentMs);
  return parseLeftImages(stdout);
}

async function diskPaths(hosts: Hosts, host: string, uuid: string): Promise<string[]> {
  const definition = await definitionOf(hosts, await hosts.on(host), uuid, new UnreadableAnswers());
  return (definition?.disks ?? []).flatMap(({ path }) => path ?? []);
}

class CreatedImages implements TakenAlong {
  readonly observesEnd = true;
  constructor(
    private readonly hosts: Hosts,
    private readonly migration: Migration,
    private readonly ports: { clock: Clock; progress: Progress },
    private created: Created[],
  ) {}

  get name(): string {
    return this.migration.domain.name;
  }

  get description(): string {
    const { source, destination } = this.migration;
    const paths = this.created.map(({ path }) => path);
    return `${listed(paths, "and")} on ${destination} ${paths.length === 1 ? "was" : "were"} created for this move. Once ${this.name} runs on ${source} and ${destination} neither runs nor defines it, remove ${paths.length === 1 ? "it" : "them"}: \`rm ${paths.map((path) => commandLine`${path}`).join(" ")}\` on ${destination}`;
  }

  async add(virsh: Virsh, image: ImageToCreate, pool: string | undefined): Promise<void> {
    const { code, stdout, stderr } = await virsh.run(
      createImageScript(image, this.migration.domain.uuid, pool),
      momentMs,
    );
    const inode = /^created (\d+)$/m.exec(stdout)?.[1];
    if (code === 0 && inode !== undefined) {
      this.created.push({ path: image.path, inode, pool });
      return;
    }
    const { domain, source, destination } = this.migration;
    const why = cleanLine(stderr.trim().split("\n").at(-1) ?? "").replace(/^error: /, "");
    throw new PlacementError({
      code: "unsafeStorage",
      phase: "migrate",
      action: `cannot move ${domain.name} from ${source} to ${destination}`,
      domain: domain.name,
      host: destination,
      message: `the image ${image.path} of ${image.disk} could not be created: ${why || `the command ended with code ${code}`}; nothing was moved`,
      remedies: [{ do: `fix that on ${destination}, or create the image there yourself` }],
    });
  }

  /** It has left the source, where an earlier move may have marked the same paths. */
  async settle(): Promise<void> {
    const { source, destination, domain } = this.migration;
    const paths = this.created.map(({ path }) => path);
    for (const host of [destination, source])
      await (await this.hosts.on(host)).run(settleCreatedScript(paths, domain.uuid), momentMs).catch(() => {});
  }

  async putBack(): Promise<boolean> {
    if (this.created.length === 0) return true;
    for (let left = tries; !(await this.isUnused()); left--) {
      if (left <= 1) return false;
      await this.ports.clock.sleep(pauseMs);
    }
    const virsh = await this.hosts.on(this.migration.destination);
    const kept: Created[] = [];
    for (const each of this.created) {
      const { code } = await virsh.run(removeCreatedScript(each, this.migration.domain.uuid), momentMs);
      if (code !== 0) kept.push(each);
    }
    this.created = kept;
    return kept.length === 0;
  }

  /** The VM runs on the source and is not on its way, and the destination does not know it. */
  private async isUnused(): Promise<boolean> {
    const { uuid } = this.migration.domain;
    const [source, destination] = await Promise.all([
      this.hosts.on(this.migration.source).then((virsh) => virsh.view(uuid)),
      this.hosts.on(this.migration.destination).then((virsh) => virsh.view(uuid)),
    ]);
    if (destination !== undefined || source === undefined || !isActive(source)) return false;
    return !isInMigration(source) && !isInPostCopy(source);
  }
}
