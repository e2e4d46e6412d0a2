/** Where VMs are to go, and the moves that bring them there. */
import { type Board, boardOf, type BoardOptions } from "./board";
import { findAssignment } from "./find";
import type { Fleet } from "./model";
import { movesOf, orderOf } from "./order";
import { parkingOrder } from "./park";
import type { Outcome } from "./query";
import { type Budget, costOf, State } from "./state";

export interface Problem {
  readonly fleet: Fleet;
  readonly options: BoardOptions;
  /** The VMs that are to move: to that host, or undefined: to any other. All of one kind. */
  readonly goal: ReadonlyMap<string, string | undefined>;
  /** False: any solution will do. */
  readonly spread: boolean;
}

export interface Solution extends Outcome {
  readonly board: Board;
}

const orderBudget = 200_000;
const parkingBudget = 2_000_000;

export function solve(problem: Problem, budget: Budget): Solution {
  const board = boardOf(problem.fleet, problem.options);
  const targets = [...problem.goal.values()];
  if (targets.some((target) => target !== undefined)) return { board, ...bring(board, problem.goal, budget) };
  const displaced = board.items.flatMap(({ vms }, item) =>
    vms.some(({ name }) => problem.goal.has(name)) ? [item] : [],
  );
  if (displaced.some((item) => board.items[item]!.fixed)) return { board, proven: true };
  const closed = new Set(board.closed);
  // What is on a host that is closed and not emptied stays there.
  const movable = (item: number) => !closed.has(board.items[item]!.start);
  return { board, ...findAssignment({ board, displaced, movable, budget, spread: problem.spread }) };
}

/** Each to its own host; nothing else changes its host. */
function bring(board: Board, goal: Problem["goal"], budget: Budget): Outcome {
  const hostAt = new Map(board.hosts.map(({ name }, index) => [name, index]));
  const starts = Int32Array.from(board.items.map(({ start }) => start));
  const position = Int32Array.from(starts);
  for (const [item, { vms }] of board.items.entries()) {
    const targets = new Set(vms.map((vm) => goal.get(vm.name) ?? vm.host));
    const [target] = targets;
    const host = hostAt.get(target!)!;
    if (targets.size > 1 || !board.allowed[item]![host]) return { proven: true };
    position[item] = host;
  }
  const moved = [...position.keys()].filter((item) => position[item] !== starts[item]);
  const state = new State(board);
  for (const item of moved) state.remove(item);
  for (const item of moved) {
    if (!state.fits(item, position[item]!)) return { proven: true };
    state.add(item, position[item]!);
  }
  return ordered(board, starts, position, budget);
}

/** The moves to a given assignment. */
export function ordered(board: Board, starts: ArrayLike<number>, position: Int32Array, budget: Budget): Outcome {
  const cost = costOf(board, position);
  const direct = orderOf(board, starts, position, { left: Math.min(orderBudget, budget.left) });
  if (direct) return { found: { position, legs: direct, moves: movesOf(board, direct), cost }, proven: true };
  const { legs, proven } = parkingOrder(board, starts, position, Infinity, {
    left: Math.min(parkingBudget, budget.left),
  });
  return legs
    ? { found: { position, legs, moves: movesOf(board, legs), cost }, proven: true }
    : { unordered: position, proven };
}
