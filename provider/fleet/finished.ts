/** A plan from its moves, if there may be so many. */
import type { Board } from "./board";
import type { Found } from "./query";
import type { Fleet } from "./model";
import type { Leg } from "./order";
import type { ImpossiblePlan, Listed, PossiblePlan } from "./plan";
import { assignmentOf, stepsOf } from "./steps";

export function finished(
  fleet: Fleet,
  board: Board,
  { position, legs, moves }: Pick<Found, "position" | "legs" | "moves">,
  { stays, blocked }: Listed,
  why: (leg: Leg) => string,
): PossiblePlan | ImpossiblePlan {
  const most = fleet.limits.moves ?? Infinity;
  if (moves > most) {
    const vms = [...new Set(legs.flatMap(({ item }) => board.items[item]!.vms.map(({ name }) => name)))].sort();
    const hosts = [...new Set(legs.map(({ source }) => board.hosts[source]!.name))].sort();
    const why = `it takes ${moves} moves, and a plan may have ${most}`;
    return {
      possible: false,
      conflict: { rules: [], limits: ["moves"], vms, hosts, why, proven: true },
      stays,
      blocked,
    };
  }
  const steps = stepsOf(board, legs, why);
  return { possible: true, assignment: assignmentOf(board, position), steps, stays, blocked };
}
