import { PlacementError } from "../core/errors";
import type { World } from "./world";

const pollMs = 1000;
/** An upgrade may restart sshd, or the network. */
const patienceMs = 300_000;

/** Shows what a command prints, from its beginning, until it does not run any more. It runs without us. */
export async function follow(world: World, host: string, id: string): Promise<void> {
  let from = 1;
  let answeredAt = world.clock.now();
  while (!world.interrupted()) {
    try {
      const { lines, state } = await world.output(host, id, from);
      answeredAt = world.clock.now();
      for (const line of lines) world.say(`${host} | ${line}`);
      from += lines.length;
      if (lines.length > 0) continue;
      if (state.is !== "running") return;
    } catch (error) {
      if (!(error instanceof PlacementError) || world.clock.now() - answeredAt > patienceMs) throw error;
    }
    await world.clock.sleep(pollMs);
  }
}
