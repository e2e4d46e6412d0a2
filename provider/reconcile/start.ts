/** Starts the planned migration: what may stand in its way, what goes along with it, and a last look before the command. */
import type { LastMigration } from "../core/args";
import type { DomainView } from "../core/domain";
import type { Decision } from "../core/decide/types";
import { showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import { renderProblem } from "../core/problem";
import { ownedToCopy } from "../core/problems";
import { listed } from "../core/near";
import type { Hosts } from "../observe/hosts";
import type { Ports } from "../core/ports";
import { assess, type DesiredPlacement } from "../observe/assess";
import { plannedMigration } from "../observe/migration";
import { migrate, type Moved } from "./migrate";
import { blocked, preflight } from "../preflight/preflight";
import { supersede, takeAlong, type TakenAlong } from "./ownedState";

export interface Step {
  view: DomainView;
  lastMigration?: LastMigration;
  /** False: look again, something is left to do. */
  complete: boolean;
}

export async function start(
  hosts: Hosts,
  wanted: DesiredPlacement,
  decision: Extract<Decision, { action: "migrate" }>,
  ports: Ports,
): Promise<Step | "again"> {
  const { view, to } = decision;
  return hosts.withRoom(
    view.host,
    to,
    (reason) => ports.progress.live(reason),
    async () => {
      const move = plannedMigration(hosts, wanted, view, to, decision.how, decision.reason);
      const { command, how, options } = move;
      const what = `cannot move ${view.name} from ${view.host} to ${to}`;
      const staleImages = wanted.lastMigration?.staleImages;
      const { facts, found } = await preflight(
        hosts,
        { uuid: view.uuid, state: view.state, source: view.host, destination: to, command, how, options, staleImages },
        ports.clock,
      );
      const error = blocked(found, what, view.name);
      if (error) throw error.with({ seen: view });
      for (const problem of found) if (problem.severity === "warning") ports.progress.warn(renderProblem(problem));

      const owned = ownedToCopy(facts);
      if (owned.length > 0)
        ports.progress.live(
          `copying ${listed(
            owned.map(({ what: name }) => name),
            "and",
          )} to ${to}`,
        );
      const way = { name: view.name, uuid: view.uuid, from: view.host, to };
      const along = owned.length > 0 ? await takeAlong(hosts, way, owned) : undefined;
      // While the rules were asked, or a place was waited for, the VM may have been stopped, started or moved.
      const { decision: again } = await assess(hosts, wanted);
      if (again.action !== "migrate" || again.how !== how || again.view.host !== view.host || again.to !== to) {
        await along?.putBack();
        return "again";
      }
      if (how === "offline" && options.maxDowntimeMs !== undefined) {
        ports.progress.info(`${view.name} is ${showState(again.view)}: migration.maxDowntime is not needed`);
      }
      const moved = await withOwned(along, () => migrate(hosts, { ...move, view: again.view }, ports));
      if (moved === "again") return moved;
      if (how === "live")
        await supersede(
          hosts,
          view.host,
          (facts.domain?.owned ?? []).flatMap(({ path }) => path ?? []),
        );
      return { view: moved.view, lastMigration: moved.lastMigration, complete: moved.leftover === undefined };
    },
  );
}

/** What was copied beforehand is settled or taken back, by how the move ended; where that is not known, both copies stay. */
async function withOwned(along: TakenAlong | undefined, run: () => Promise<Moved | "again">): Promise<Moved | "again"> {
  if (along === undefined) return run();
  let moved: Moved | "again";
  try {
    moved = await run();
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    // Only where virsh itself has said that it failed is nothing on its way any more.
    const undone = error.phase === "migrate" && (await along.putBack().catch(() => false));
    throw undone ? error : error.with({ caution: `Remove nothing by hand meanwhile: ${along.inWords}` });
  }
  if (moved !== "again")
    await along.settle().catch((error: unknown) => {
      if (!(error instanceof PlacementError)) throw error;
      throw error.with({
        action: `${along.name} has moved, but what it owns beside its disks could not be verified`,
        phase: "verify",
        seen: moved.view,
        remedies: [
          {
            do: `do not start it before that is clear: its copy on the source is beside the place it had (.vm-placement-….kept)`,
          },
        ],
      });
    });
  return moved;
}
