/** In which order items can move, one after the other, each of them on both hosts while it moves. */
import type { Board } from "./board";
import { type Budget, State } from "./state";

export interface Leg {
  readonly item: number;
  readonly source: number;
  readonly destination: number;
}

/** An order in which each item moves once; items of a high priority as early as that allows. Undefined if there is none. */
export function orderOf(
  board: Board,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  budget: Budget,
): Leg[] | undefined {
  const left = board.items.map((_, item) => item).filter((item) => from[item] !== to[item]);
  left.sort((a, b) => board.items[b]!.priority - board.items[a]!.priority || a - b);
  return new Ordering(board, new State(board, from), to, budget).run(new Set(left));
}

class Ordering {
  /** Sets of moves that no order continues. */
  readonly #dead = new Set<string>();

  constructor(
    private readonly board: Board,
    private readonly state: State,
    private readonly to: ArrayLike<number>,
    private readonly budget: Budget,
  ) {}

  run(left: Set<number>): Leg[] | undefined {
    if (left.size === 0) return [];
    this.budget.left -= left.size;
    const key = [...left].sort((a, b) => a - b).join();
    if (this.#dead.has(key)) return undefined;
    for (const item of left) {
      if (this.budget.left-- <= 0) return undefined;
      const destination = this.to[item]!;
      if (!mayStart(this.board, item, left) || !this.state.fits(item, destination)) continue;
      const safe = roomForAll(this.state, this.to, left, destination);
      const leg = { item, source: this.state.position[item]!, destination };
      this.state.move(item, destination);
      const rest = this.run(new Set([...left].filter((other) => other !== item)));
      if (rest) return [leg, ...rest];
      this.state.move(item, leg.source);
      if (safe) break;
    }
    this.#dead.add(key);
    return undefined;
  }
}

function mayStart({ waits }: Board, item: number, left: ReadonlySet<number>): boolean {
  return waits[item]!.every((other) => !left.has(other));
}

/** Whether all that is to come to a host can come at once: then nothing else has to wait because one of them comes now. */
export function roomForAll(state: State, to: ArrayLike<number>, left: ReadonlySet<number>, host: number): boolean {
  const coming = [...left].filter((item) => to[item] === host);
  const undo: [number, number][] = [];
  const all = coming.every((item) => {
    if (!state.fits(item, host)) return false;
    undo.push([item, state.position[item]!]);
    // Nothing of the coming leaves this host, so that what they free elsewhere does not count.
    state.move(item, host);
    return true;
  });
  for (const [item, source] of undo) state.move(item, source);
  return all;
}

/** How many moves of VMs they are. */
export function movesOf(board: Board, legs: readonly Leg[]): number {
  return legs.reduce((sum, { item }) => sum + board.items[item]!.vms.length, 0);
}
