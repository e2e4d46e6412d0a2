/**
 * Images that an interrupted run has created for a VM, which has gone to another host since, or with another mapping to the same one. They are
 * removed where it is certain that nothing uses them and that the VM never ran with them, and named with the command otherwise.
 */
import type { DomainView } from "../core/domain";
import { listed } from "../core/near";
import type { MigrationOptions } from "../core/options";
import type { Clock, Progress } from "../core/ports";
import { commandLine } from "../core/shownCommand";
import { isInMigration, isInPostCopy } from "../core/situation";
import { endsWithin } from "../observe/clock";
import type { Hosts } from "../observe/hosts";
import { definitionOf } from "../preflight/probes/definition";
import type { DomainDefinition } from "../virsh/domainXml";
import { UnreadableAnswers } from "../preflight/probes/unreadable";
import { destinationPathsOf, volumesOn } from "../preflight/probes/volumes";
import { inodesScript, leftElsewhereScript, parseLeftElsewhere, removeCreatedScript } from "../virsh/createImage";
import { poolsByDirectory } from "./poolsByDirectory";

const momentMs = 60_000;
/** For a host that has not answered while the VM moved. */
const lateMs = 2000;

/** The hosts that may have such images, by name, each with whether it answers. */
export type HostsAsked = ReadonlyMap<string, Promise<boolean>>;

/** Connects to them while the VM moves: one that is off would be waited for afterwards. */
export function connectMeanwhile(hosts: Hosts, { copyStorageCreateImages }: MigrationOptions): HostsAsked {
  const answers = (name: string) =>
    hosts.on(name).then(
      () => true,
      () => false,
    );
  return new Map(copyStorageCreateImages ? hosts.names.map((name) => [name, answers(name)]) : []);
}

/** Asks the inventory's hosts once this run has moved the VM. A host that does not answer is left for another time. */
export async function removeLeftElsewhere(
  hosts: Hosts,
  view: DomainView,
  options: MigrationOptions,
  { clock, progress }: { clock: Clock; progress: Progress },
  asked = connectMeanwhile(hosts, options),
): Promise<void> {
  if (!options.copyStorageCreateImages || isInMigration(view) || isInPostCopy(view)) return;
  try {
    const virsh = await hosts.on(view.host);
    const definition = await definitionOf(hosts, virsh, view.uuid, new UnreadableAnswers());
    const paths = (definition?.disks ?? []).flatMap(({ path }) => path ?? []);
    if (definition === undefined || paths.length === 0) return;
    const own = new Set((await virsh.run(inodesScript(paths), momentMs)).stdout.split("\n"));
    const query = { view, definition, options, paths, own, progress };
    const others = [...asked].map(async ([name, answers]) => {
      if (name !== view.host && (await endsWithin(clock, lateMs, answers)) && (await answers))
        await onHost(hosts, name, query).catch(() => {});
    });
    await Promise.all([onHost(hosts, view.host, query).catch(() => {}), ...others]);
  } catch {
    // The VM is where it should be.
  }
}

interface Query {
  view: DomainView;
  definition: DomainDefinition;
  options: MigrationOptions;
  /** Of its disks, where it runs. */
  paths: readonly string[];
  /** Inodes of these: of storage that both hosts have, they are the VM's disks. */
  own: ReadonlySet<string>;
  progress: Progress;
}

async function onHost(hosts: Hosts, name: string, query: Query): Promise<void> {
  const { view, definition, options, paths, own, progress } = query;
  const virsh = await hosts.on(name);
  const mapped = destinationPathsOf(definition, { ...(await volumesOn(virsh, definition, options)), options });
  const all = [...new Set([...paths, ...Object.values(mapped)])];
  const { stdout } = await virsh.run(
    leftElsewhereScript(all, view.uuid, `/var/log/libvirt/qemu/${view.name}.log`),
    momentMs,
  );
  const isItsHost = name === view.host;
  const left = parseLeftElsewhere(stdout).filter(({ inode }) => !isItsHost || !own.has(inode));
  if (left.length === 0) return;
  const isThere = !isItsHost && (await virsh.view(view.uuid)) !== undefined;
  const pools = await poolsByDirectory(virsh);
  const [removed, kept]: string[][] = [[], []];
  for (const { path, inode, isUnused } of left) {
    const remove = removeCreatedScript({ path, inode, pool: pools.of(path) }, view.uuid);
    const isGone = isUnused && !isThere && !own.has(inode) && (await virsh.run(remove, momentMs)).code === 0;
    (isGone ? removed! : kept!).push(path);
  }
  const an = (which: readonly string[]) =>
    `${listed(which, "and")} on ${name}, created for a move of ${view.name} that was interrupted`;
  if (removed!.length > 0) progress.info(`removed ${an(removed!)}`);
  if (kept!.length === 0) return;
  const it = kept!.length === 1 ? "it" : "them";
  const files = kept!.map((path) => commandLine`${path}`).join(" ");
  progress.warn(
    `an interrupted move has left ${an(kept!)}: it is not certain that nothing uses ${it}. Where no VM on ${name} does, remove ${it}: \`rm ${files}\` on ${name}`,
  );
}
