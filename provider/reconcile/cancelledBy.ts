import type { PlacementError } from "../core/errors";
import { readNote, takeNote } from "../virsh/cancelNote";
import { failed, type Ended } from "./ended";

const askMs = 5000;

/** The error of a migration that `vm-placement cancel` ended, on this computer or another; undefined where there is no note of that. */
export async function cancelledBy(end: Ended): Promise<PlacementError | undefined> {
  const { hosts, migration, durationMs } = end;
  try {
    const source = await hosts.on(migration.source);
    const { stdout } = await source.run(takeNote(migration.domain.uuid), askMs);
    const who = readNote(stdout, durationMs);
    if (who === undefined) return undefined;
    return failed(end, {
      code: "migrationCancelled",
      message: `the migration was cancelled by ${who}`,
      remedies: [{ do: "start it again", commands: [{ command: "pulumi up" }] }],
    });
  } catch {
    return undefined;
  }
}
