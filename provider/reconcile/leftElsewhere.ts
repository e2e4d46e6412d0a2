/**
 * Images that an interrupted run has created for a VM on a host that it never came to: the VM has gone to another one since. They are removed
 * where it is certain that nothing uses them and that the VM never ran with them, and named with the command otherwise.
 */
import type { DomainView } from "../core/domain";
import { listed } from "../core/near";
import type { MigrationOptions } from "../core/options";
import type { Progress } from "../core/ports";
import { commandLine } from "../core/shownCommand";
import { isInMigration, isInPostCopy } from "../core/situation";
import type { Hosts } from "../observe/hosts";
import { definitionOf } from "../preflight/probes/definition";
import type { DomainDefinition } from "../virsh/domainXml";
import { UnreadableAnswers } from "../preflight/probes/unreadable";
import { destinationPathsOf, volumesOn } from "../preflight/probes/volumes";
import { inodesScript, leftElsewhereScript, parseLeftElsewhere, removeCreatedScript } from "../virsh/createImage";
import { poolsByDirectory } from "./poolsByDirectory";

const momentMs = 60_000;

/** Asks the inventory's hosts once this run has moved the VM. A host that does not answer is left for another time. */
export async function removeLeftElsewhere(
  hosts: Hosts,
  view: DomainView,
  options: MigrationOptions,
  progress: Progress,
): Promise<void> {
  if (!options.copyStorageCreateImages || isInMigration(view) || isInPostCopy(view)) return;
  try {
    const virsh = await hosts.on(view.host);
    const definition = await definitionOf(hosts, virsh, view.uuid, new UnreadableAnswers());
    const paths = (definition?.disks ?? []).flatMap(({ path }) => path ?? []);
    if (definition === undefined || paths.length === 0) return;
    const own = new Set((await virsh.run(inodesScript(paths), momentMs)).stdout.split("\n"));
    const others = hosts.names.filter((name) => name !== view.host);
    const asked = others.map((name) =>
      onHost(hosts, name, { view, definition, options, paths, own, progress }).catch(() => {}),
    );
    await Promise.all(asked);
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
  const left = parseLeftElsewhere(stdout);
  if (left.length === 0) return;
  const isThere = (await virsh.view(view.uuid)) !== undefined;
  const pools = await poolsByDirectory(virsh);
  const [removed, kept]: string[][] = [[], []];
  for (const { path, inode, isUnused } of left) {
    const remove = removeCreatedScript(path, inode, pools.of(path));
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
