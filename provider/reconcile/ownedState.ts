/**
 * What a VM that is shut off owns beside its disks goes with it: copied to the destination and verified there before its definition
 * moves, since libvirt sends none of it and deletes vTPM state on the source. Interrupted at any point, the hosts are in one of two
 * states: the definition is on the source, whose content counts; or it is on the destination, which has all of it.
 */
import { PlacementError } from "../core/errors";
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
import type { Hosts } from "../observe/hosts";

/** For some megabytes over a slow line. */
const copyMs = 300_000;
const momentMs = 60_000;

export interface TakenAlong {
  /** After the definition has moved: the destination has the content still, and the copies that were kept for the case of a failure go. */
  settle(): Promise<void>;
  /** The move did not happen: both hosts as before. False where a host shows something else, and content stays beside its definition. */
  putBack(): Promise<boolean>;
  readonly name: string;
  /** Where the content stands twice now, in words. */
  readonly inWords: string;
}

interface Way {
  name: string;
  uuid: string;
  from: string;
  to: string;
}

/** @throws PlacementError with both hosts as they were before. */
export async function takeAlong(hosts: Hosts, way: Way, owned: readonly OwnedToCopy[]): Promise<TakenAlong> {
  const { from, to, uuid, name } = way;
  const [source, destination] = await Promise.all([hosts.on(from), hosts.on(to)]);
  const kept: OwnedToCopy[] = [];
  const placed: OwnedToCopy[] = [];

  const putBack = async (): Promise<boolean> => {
    const [here, there] = await Promise.all([source.view(uuid), destination.view(uuid)]);
    if (here === undefined) return false;
    // libvirt 9.0.0 leaves one on both hosts where the destination could not write it to its disk.
    if (there === undefined) {
      for (const { path, digest } of placed) await act(destination, removePlacedScript(path, digest), momentMs, way);
    }
    for (const { path, digest } of kept) await act(source, putBackScript(path, digest), momentMs, way);
    return there === undefined;
  };
  const settle = async (): Promise<void> => {
    for (const { path, digest } of owned) await act(destination, settleScript(path, digest), momentMs, way);
    for (const { path } of owned) await act(source, leaveScript(path), momentMs, way);
  };

  try {
    for (const each of owned) {
      const { path, digest, what } = each;
      kept.push(each);
      const packed = parsePacked(await act(source, keepAndPackScript(path, digest), copyMs, way));
      if (packed === undefined) throw failed(source, way, `${from} gave out the ${what} at ${path} in part only`);
      const said = await act(destination, placeScript(path, digest, packed), copyMs, way);
      if (/^placed$/m.test(said)) placed.push(each);
    }
  } catch (error) {
    await putBack().catch(() => {});
    throw error;
  }
  const list = owned.map(({ what, path }) => `${what} (${path})`).join(" and ");
  return { name, settle, putBack, inWords: `the ${list} of ${name} on ${from} and its copy on ${to}` };
}

/** After a live move: what the source keeps of it is old from now on, so that a later move back may replace it. Best effort. */
export async function supersede(hosts: Hosts, host: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  try {
    await (await hosts.on(host)).run(supersedeScript(paths), momentMs);
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
  }
}

async function act(virsh: Virsh, script: ShellScript, deadlineMs: number, way: Way): Promise<string> {
  const { code, stdout, stderr } = await virsh.run(script, deadlineMs);
  if (code === 0) return stdout;
  throw failed(virsh, way, stderr.trim().split("\n").at(-1) || `a script ended with code ${code}`);
}

function failed({ host }: Virsh, { name, from, to }: Way, why: string): PlacementError {
  const known = readFailure(why, { domain: name, source: from, destination: to });
  return new PlacementError({
    code: known?.code ?? "unsafeStorage",
    phase: "migrate",
    action: `cannot take along what ${name} owns beside its disks from ${from} to ${to}`,
    domain: name,
    host,
    message: why,
    remedies: [{ do: `its definition was not moved: see to that on ${host}, then run \`pulumi up\` again` }],
  });
}
