import { PlacementError } from "../core/errors";
import type { Moved } from "./arrived";
import type { TakenAlong } from "./takenAlong";

/** What was copied beforehand is settled or taken back, by how the move ended; where that is not known, both copies stay. */
export async function withTakenAlong(
  along: TakenAlong | undefined,
  run: () => Promise<Moved | "again">,
): Promise<Moved | "again"> {
  if (along === undefined) return run();
  let moved: Moved | "again";
  try {
    moved = await run();
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    // Only where virsh itself has failed is nothing on its way any more.
    const undone = (error.phase === "migrate" || along.observesEnd) && (await along.putBack().catch(() => false));
    throw undone ? error : error.with({ caution: `Remove nothing by hand meanwhile: ${along.description}` });
  }
  if (moved !== "again")
    await along.settle().catch((error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      throw error.with({
        action: `${along.name} has moved, but what was copied with it could not be verified`,
        phase: "verify",
        seen: moved.view,
        remedies: [{ do: `compare both before you start the VM: ${along.description}` }],
      });
    });
  return moved;
}
