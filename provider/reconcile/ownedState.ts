/**
 * What a VM that is shut off owns beside its disks goes with it: copied to the destination and verified there before its definition
 * moves, since libvirt sends none of it and deletes vTPM state on the source. Interrupted at any point, the hosts are in one of two
 * states: the definition is on the source, whose content counts; or it is on the destination, which has all of it.
 */
import { PlacementError } from "../core/errors";
import type { Migration } from "../core/migration";
import type { OwnedToCopy } from "../core/problems";
import type { Virsh } from "../virsh/client";
import type { ShellScript } from "../virsh/shellScript";
import {
  keepAndPackScript,
  leaveScript,
  parsePacked,
  placeScript,
  putBackScript,
  removePlacedScript,
  settleScript,
  supersedeScript,
} from "../virsh/ownedFiles";
import { readFailure } from "../virsh/failures";
import { answerOf } from "../observe/answerOf";
import type { Hosts } from "../observe/hosts";
import type { TakenAlong } from "./takenAlong";

/** For some megabytes over a slow line. */
const copyMs = 300_000;
const momentMs = 60_000;

/** @throws PlacementError with both hosts as they were before. */
export async function takeAlong(
  hosts: Hosts,
  migration: Migration,
  owned: readonly OwnedToCopy[],
): Promise<TakenAlong> {
  const { name, uuid } = migration.domain;
  const [onSource, onDestination] = await Promise.all([hosts.on(migration.source), hosts.on(migration.destination)]);
  const run = (virsh: Virsh, script: ShellScript, deadlineMs: number) => act(virsh, script, deadlineMs, migration);
  const kept: OwnedToCopy[] = [];
  const placed: OwnedToCopy[] = [];

  const putBack = async (): Promise<boolean> => {
    const [source, destination] = await Promise.all([onSource.view(uuid), onDestination.view(uuid)]);
    if (source === undefined) return false;
    // libvirt 9.0.0 leaves one on both hosts where the destination could not write it to its disk.
    if (destination === undefined) {
      for (const { path, digest } of placed) await run(onDestination, removePlacedScript(path, digest), momentMs);
    }
    for (const { path, digest } of kept) await run(onSource, putBackScript(path, digest), momentMs);
    return destination === undefined;
  };
  const settle = async (): Promise<void> => {
    for (const { path, digest } of owned) await run(onDestination, settleScript(path, digest), momentMs);
    for (const { path } of owned) await run(onSource, leaveScript(path), momentMs);
  };

  try {
    for (const each of owned) {
      const { path, digest, what } = each;
      kept.push(each);
      const packed = parsePacked(await run(onSource, keepAndPackScript(path, digest), copyMs));
      if (packed === undefined) {
        throw failed(onSource, migration, `${migration.source} sent only a part of the ${what} at ${path}`);
      }
      const output = await run(onDestination, placeScript(path, digest, packed), copyMs);
      if (/^placed$/m.test(output)) placed.push(each);
    }
  } catch (error) {
    await putBack().catch(() => {});
    throw error;
  }
  const list = owned.map(({ what, path }) => `${what} (${path})`).join(" and ");
  return {
    name,
    settle,
    putBack,
    description: `the ${list} of ${name} on ${migration.source} and its copy on ${migration.destination}`,
  };
}

/** After a live move: what the source keeps of it is old from now on, so that a later move back may replace it. Best effort. */
export async function supersede(hosts: Hosts, host: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  await answerOf(hosts, host, (virsh) => virsh.run(supersedeScript(paths), momentMs));
}

async function act(virsh: Virsh, script: ShellScript, deadlineMs: number, migration: Migration): Promise<string> {
  const { code, stdout, stderr } = await virsh.run(script, deadlineMs);
  if (code === 0) return stdout;
  throw failed(virsh, migration, stderr.trim().split("\n").at(-1) || `a script ended with code ${code}`);
}

function failed({ host }: Virsh, { domain, source, destination }: Migration, message: string): PlacementError {
  const known = readFailure(message, { domain: domain.name, source, destination });
  return new PlacementError({
    code: known?.code ?? "unsafeStorage",
    phase: "migrate",
    action: `cannot copy what ${domain.name} owns beside its disks from ${source} to ${destination}`,
    domain: domain.name,
    host,
    message: `${message}; its definition was not moved`,
    remedies: [{ do: `fix that on ${host}, then run \`pulumi up\` again` }],
  });
}
