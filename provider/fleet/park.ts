/** Orders in which some items move more than once: they make room for others on a host where they do not stay. */
import type { Board } from "./board";
import { type Leg, roomForAll } from "./order";
import { type Budget, State } from "./state";

interface Node {
  readonly position: Int32Array;
  readonly moves: number;
  readonly estimate: number;
  readonly parent?: Node;
  readonly leg?: Leg;
}

/** Up to so many moves and choices the search is exact; beyond it takes each move that harms no other at once. */
const exactMoves = 8;
const exactChoices = 120;

export interface Parking {
  /** Undefined: none with at most this many moves. */
  readonly legs: Leg[] | undefined;
  /** False if the budget ended the search, or it was not exact. */
  readonly proven: boolean;
}

/** The order with the fewest moves, counted by VM, `most` at most. */
export function parkingOrder(
  board: Board,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  most: number,
  budget: Budget,
): Parking {
  const misplaced = board.items.map((_, item) => item).filter((item) => from[item] !== to[item]);
  const choices = board.items.filter(({ fixed }) => !fixed).length * board.hosts.length;
  const exact = misplaced.length <= exactMoves && choices <= exactChoices;
  const search = new ParkingSearch(board, to, most, exact, budget);
  const legs = search.run(Int32Array.from(from));
  return { legs, proven: legs !== undefined || (exact && budget.left > 0) };
}

class ParkingSearch {
  readonly #best = new Map<string, number>();
  /** By estimate of the whole: a list from which the newest is taken. */
  readonly #open = new Map<number, Node[]>();
  readonly #sizes: readonly number[];

  constructor(
    private readonly board: Board,
    private readonly to: ArrayLike<number>,
    private readonly most: number,
    private readonly exact: boolean,
    private readonly budget: Budget,
  ) {
    this.#sizes = board.items.map(({ vms }) => vms.length);
  }

  run(from: Int32Array): Leg[] | undefined {
    this.#push({ position: from, moves: 0, estimate: this.#misplaced(from) });
    for (let node = this.#pop(); node !== undefined; node = this.#pop()) {
      if (node.estimate === 0) return legsOf(node);
      if (this.#best.get(node.position.join()) !== node.moves) continue;
      const state = new State(this.board, node.position);
      const choices = this.exact ? this.#all(state, from) : (this.#harmless(state) ?? this.#stuck(state, from));
      for (const [item, host] of choices) {
        if (this.budget.left <= 0) return undefined;
        this.budget.left -= 1 + (this.board.items.length >> 2);
        this.#reach(node, item, host);
      }
      this.budget.left -= 2 * this.board.items.length;
      if (this.budget.left <= 0) return undefined;
    }
    return undefined;
  }

  #reach(parent: Node, item: number, host: number): void {
    const position = Int32Array.from(parent.position);
    const leg = { item, source: position[item]!, destination: host };
    position[item] = host;
    this.#push({
      position,
      moves: parent.moves + this.#sizes[item]!,
      estimate: this.#misplaced(position),
      parent,
      leg,
    });
  }

  #push(node: Node): void {
    if (node.moves + node.estimate > this.most) return;
    const key = node.position.join();
    const known = this.#best.get(key);
    if (known !== undefined && known <= node.moves) return;
    this.#best.set(key, node.moves);
    const total = node.moves + node.estimate * (this.exact ? 1 : 3);
    const list = this.#open.get(total);
    if (list) list.push(node);
    else this.#open.set(total, [node]);
  }

  #pop(): Node | undefined {
    if (this.#open.size === 0) return undefined;
    const total = Math.min(...this.#open.keys());
    const list = this.#open.get(total)!;
    const node = list.pop();
    if (list.length === 0) this.#open.delete(total);
    return node;
  }

  #misplaced(position: Int32Array): number {
    let total = 0;
    for (let item = 0; item < position.length; item++)
      if (position[item] !== this.to[item]) total += this.#sizes[item]!;
    return total;
  }

  /** Every move that fits, the most urgent to its destination last, where the search takes from. */
  #all(state: State, from: Int32Array): [number, number][] {
    const found: [number, number][] = [];
    const home: [number, number][] = [];
    this.board.items.forEach((item, index) => {
      if (item.fixed || !this.#mayMove(index, state, from)) return;
      this.board.hosts.forEach((_, host) => {
        if (host === state.position[index] || !this.board.allowed[index]![host] || !state.fits(index, host)) return;
        // What has left a closed host does not come back to it.
        if (this.board.closed.includes(host)) return;
        (host === this.to[index] ? home : found).push([index, host]);
      });
    });
    const priority = ([item]: [number, number]) => this.board.items[item]!.priority;
    return [...found, ...home.sort((a, b) => priority(a) - priority(b) || b[0] - a[0])];
  }

  /** One move to its destination that takes no room from any other. */
  #harmless(state: State): [number, number][] | undefined {
    const left = new Set(this.board.items.keys());
    for (const item of [...left]) if (state.position[item] === this.to[item]) left.delete(item);
    for (const item of left) {
      const host = this.to[item]!;
      if (this.board.waits[item]!.some((other) => left.has(other)) || !state.fits(item, host)) continue;
      if (roomForAll(state, this.to, left, host)) return [[item, host]];
    }
    return undefined;
  }

  /** Moves of what is not in its place, and of what is on a host that something is to come to. */
  #stuck(state: State, from: Int32Array): [number, number][] {
    const awaited = new Set<number>();
    state.position.forEach((host, item) => host !== this.to[item] && awaited.add(this.to[item]!));
    return this.#all(state, from).filter(
      ([item]) => state.position[item] !== this.to[item] || awaited.has(state.position[item]!),
    );
  }

  /** Those that it waits for are over, and nothing that waits for it has begun. */
  #mayMove(item: number, { position }: State, from: Int32Array): boolean {
    const { waits } = this.board;
    return (
      waits[item]!.every((other) => position[other] === this.to[other]) &&
      waits.every((others, index) => !others.includes(item) || position[index] === from[index])
    );
  }
}

function legsOf(node: Node): Leg[] {
  const legs: Leg[] = [];
  for (let at: Node | undefined = node; at?.leg !== undefined; at = at.parent) legs.push(at.leg);
  return legs.reverse();
}
