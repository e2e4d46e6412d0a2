/** The moves of items as the steps of a plan, VM by VM. */
import { dependenciesOf, reduced } from "./after";
import { type Board, boardOf } from "./board";
import type { Leg } from "./order";
import type { Assignment, Fleet, FleetVm } from "./model";
import type { Step } from "./plan";

interface Move extends Leg {
  readonly vm: FleetVm;
  /** The leg of the items that it is a part of. */
  readonly leg: number;
}

/** @param why the reason of a move that stays; a parking move has its own. */
export function stepsOf(board: Board, legs: readonly Leg[], why: (leg: Leg) => string): Step[] {
  const alone = boardOf(board.fleet, { single: true });
  const itemOf = new Map(alone.items.map(({ vms }, item) => [vms[0]!, item]));
  const moves = legs.flatMap((leg, index) =>
    inOrder(board.items[leg.item]!.vms).map((vm): Move => ({ ...leg, vm, item: itemOf.get(vm)!, leg: index })),
  );
  const after = sharedInGroups(moves, dependenciesOf(alone, moves));
  const last = new Map(moves.map(({ vm }, index) => [vm, index]));
  const ids = moves.map(({ vm }, index) => {
    const earlier = moves.slice(0, index).filter((move) => move.vm === vm).length;
    return `${vm.name}${last.get(vm) === index ? "" : earlier === 0 ? " (parking)" : ` (parking ${earlier + 1})`}`;
  });
  const rounds: number[] = [];
  return moves.map(({ vm, source, destination, leg }, index): Step => {
    const parking = last.get(vm) !== index;
    const before = after[index]!;
    const own = moves.slice(0, index).map((other, at) => (other.vm === vm ? rounds[at]! + 1 : 0));
    rounds[index] = Math.max(0, ...before.map((other) => rounds[other]!), ...own);
    return {
      id: ids[index]!,
      vm: vm.name,
      source: board.hosts[source]!.name,
      destination: board.hosts[destination]!.name,
      after: before.map((other) => ids[other]!),
      reason: parking ? parkingReason(board, legs, leg) : why(legs[leg]!),
      ...(parking && { parking }),
      round: rounds[index],
    };
  });
}

/** What one VM of a group waits for, all of them wait for: they move one right after the other. */
function sharedInGroups(moves: readonly Move[], after: readonly (readonly number[])[]): number[][] {
  return reduced(
    moves.map(({ leg }, index) => {
      const group = moves.flatMap((move, other) => (move.leg === leg ? [other] : []));
      const outside = group.flatMap((member) => after[member]!).filter((other) => !group.includes(other));
      return new Set([...after[index]!, ...outside]);
    }),
  );
}

/** Those that wait for none of the others first, the highest priority first of them. */
function inOrder(vms: readonly FleetVm[]): FleetVm[] {
  const left = [...vms].sort((a, b) => b.priority - a.priority);
  const ordered: FleetVm[] = [];
  while (left.length > 0) {
    const next = left.findIndex((vm) => !left.some((other) => other !== vm && vm.after?.includes(other.name)));
    ordered.push(...left.splice(Math.max(next, 0), 1));
  }
  return ordered;
}

function parkingReason(board: Board, legs: readonly Leg[], index: number): string {
  const { source } = legs[index]!;
  const next = legs.slice(index + 1).find(({ destination }) => destination === source);
  const whom = next && board.items[next.item]!.vms.map(({ name }) => name).join(" and ");
  return `makes room on ${board.hosts[source]!.name}${whom === undefined ? "" : ` for ${whom}`} for a while`;
}

/** The host of each VM. */
export function assignmentOf(board: Board, position: ArrayLike<number>): Assignment {
  const found = board.items.flatMap(({ vms }, item) =>
    vms.map(({ name }): [string, string] => [name, board.hosts[position[item]!]!.name]),
  );
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The fleet when these moves are over. */
export function movedFleet(fleet: Fleet, assignment: ReadonlyMap<string, string>): Fleet {
  return { ...fleet, vms: fleet.vms.map((vm) => ({ ...vm, host: assignment.get(vm.name)! })) };
}
