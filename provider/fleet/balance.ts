/** Spreads VMs over the hosts: moves from fuller hosts to emptier ones, as long as each is worth it. */
import { type Board, boardOf, type BoardOptions } from "./board";
import { finished } from "./finished";
import type { Fleet } from "./model";
import { type Leg, movesOf, orderOf } from "./order";
import { packedPositions } from "./pack";
import type { BalanceOptions, FleetPlan } from "./plan";
import { ordered } from "./solve";
import { Spreading } from "./spreading";
import { State } from "./state";
import { assignmentOf, movedFleet } from "./steps";

const nothingListed = { stays: [], blocked: [] };
/** Spreading again changes something only where VMs of a `together` rule met on one host. */
const mostRepeats = 5;
const stepsOfOrder = 100_000;

export function planBalance(fleet: Fleet, options: BalanceOptions): FleetPlan {
  const stay = new Set([...(options.ignore ?? []), ...(options.recentlyMoved ?? [])]);
  const boardOptions: BoardOptions = { stay, ...(options.by && { by: options.by }) };
  const board = boardOf(fleet, boardOptions);
  if (options.pack) return packed(fleet, board, boardOptions);
  const legs = settledLegs(fleet, boardOptions, options);
  const final = after(Int32Array.from(board.items.map(({ start }) => start)), legs);
  const moves = movesOf(board, legs);
  return finished(fleet, board, { position: final, legs, moves }, nothingListed, (leg) => reasonOf(board, final, leg));
}

/** Deeper than any chain of plans that was seen, each of which follows from the one before. */
const mostPlans = 8;

/**
 * Moves after which nothing is left to propose: what the next plan would add is part of this one, or this one is not made. Else the next
 * plan would take moves of this one back, since each VM moves once in a plan.
 */
function settledLegs(fleet: Fleet, boardOptions: BoardOptions, options: BalanceOptions, depth = 0): Leg[] {
  const board = boardOf(fleet, boardOptions);
  const starts = Int32Array.from(board.items.map(({ start }) => start));
  for (const legs of spreadingLegs(fleet, board, starts, boardOptions, options)) {
    if (legs.length === 0 || legs.length >= (fleet.limits.moves ?? Infinity) || depth === mostPlans) return legs;
    const next = movedFleet(fleet, assignmentOf(board, after(starts, legs)));
    const more = settledLegs(next, boardOptions, options, depth + 1);
    if (more.length === 0) return legs;
    const nextBoard = boardOf(next, boardOptions);
    const nextStarts = Int32Array.from(nextBoard.items.map(({ start }) => start));
    const final = positionOf(board, assignmentOf(nextBoard, after(nextStarts, more)));
    const whole = orderOf(board, starts, final, { left: stepsOfOrder });
    if (whole) return whole;
  }
  return [];
}

function after(position: Int32Array, legs: readonly Leg[]): Int32Array {
  const at = position.slice();
  for (const { item, destination } of legs) at[item] = destination;
  return at;
}

/** Of two VMs that should change places, none may have room before the other has left. Then no VMs change places. */
function* spreadingLegs(
  fleet: Fleet,
  board: Board,
  starts: Int32Array,
  boardOptions: BoardOptions,
  options: BalanceOptions,
): Generator<Leg[]> {
  const from = (exchanges: boolean) => spread(fleet, board, boardOptions, options, { position: starts, exchanges });
  const all = orderOf(board, starts, from(true), { left: stepsOfOrder });
  if (all) yield all;
  yield directly(board, from(false));
}

function spread(
  fleet: Fleet,
  board: Board,
  boardOptions: BoardOptions,
  options: BalanceOptions,
  { position: first, exchanges }: { position: Int32Array; exchanges: boolean },
): Int32Array {
  const most = fleet.limits.moves ?? Infinity;
  let position = first;
  for (let repeat = 0; repeat < mostRepeats; repeat++) {
    const at = assignmentOf(board, position);
    const now = boardOf(movedFleet(fleet, at), boardOptions);
    const next = new Spreading(now, options, fleet, { most, exchanges }).run();
    const after = assignmentOf(now, next);
    if ([...after].every(([vm, host]) => at.get(vm) === host)) break;
    position = positionOf(board, after);
  }
  return position;
}

/** As many of the moves as can be made one after the other, each once: all of them but in the tightest fleets. */
function directly(board: Board, position: Int32Array): Leg[] {
  const starts = board.items.map(({ start }) => start);
  const all = orderOf(board, starts, position, { left: stepsOfOrder });
  if (all) return all;
  const state = new State(board);
  const legs: Leg[] = [];
  for (let again = true; again;) {
    again = false;
    for (const [item, destination] of position.entries()) {
      const source = state.position[item]!;
      if (source === destination || !state.fits(item, destination)) continue;
      if (board.waits[item]!.some((other) => state.position[other] !== position[other])) continue;
      state.move(item, destination);
      legs.push({ item, source, destination });
      again = true;
    }
  }
  return legs;
}

/** What both hosts would be without this move. */
function reasonOf(board: Board, position: Int32Array, { item, source, destination }: Leg): string {
  const state = new State(board, position);
  const after = [source, destination].map((host) => state.loads.of(host));
  state.move(item, source);
  const before = [source, destination].map((host) => state.loads.of(host));
  const show = (index: number, host: number) =>
    `${board.hosts[host]!.name} from ${percent(before[index]!)} to ${percent(after[index]!)}`;
  return `brings ${show(0, source)} and ${show(1, destination)} of its load`;
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}

/** The fleet with as many hosts empty as packing could empty, by moves that there is an order for. */
function packed(fleet: Fleet, board: Board, boardOptions: BoardOptions): FleetPlan {
  const starts = board.items.map(({ start }) => start);
  const assignments = packedPositions(fleet, boardOptions);
  for (const assignment of assignments.reverse()) {
    const position = positionOf(board, assignment);
    const { found } = ordered(board, starts, position, { left: 300_000 });
    if (!found || found.moves > (fleet.limits.moves ?? Infinity)) continue;
    const empties = (leg: Leg) => !position.includes(leg.source);
    return finished(fleet, board, found, nothingListed, (leg) =>
      empties(leg) ? `empties ${board.hosts[leg.source]!.name}` : `makes room on ${board.hosts[leg.source]!.name}`,
    );
  }
  return finished(fleet, board, { position: Int32Array.from(starts), legs: [], moves: 0 }, nothingListed, () => "");
}

function positionOf(board: Board, assignment: ReadonlyMap<string, string>): Int32Array {
  const hostAt = new Map(board.hosts.map(({ name }, index) => [name, index]));
  return Int32Array.from(board.items.map(({ vms }) => hostAt.get(assignment.get(vms[0]!.name)!)!));
}
