/** Where the items are during a search. */
import type { Board } from "./board";
import { exceeds } from "./capacity";
import { Loads } from "./load";

/** Rather any spread than one more broken rule. */
export const brokenCost = 1e6;

/** Of an item that is on no host. */
export const nowhere = -1;

export class State {
  readonly position: Int32Array;
  readonly loads: Loads;
  readonly #use: readonly Float64Array[];

  constructor(
    readonly board: Board,
    at: ArrayLike<number> = board.items.map(({ start }) => start),
  ) {
    this.position = new Int32Array(board.items.length).fill(nowhere);
    this.#use = board.hosts.map(() => new Float64Array(board.dimensions.length));
    this.loads = new Loads(board);
    for (let item = 0; item < at.length; item++) if (at[item] !== nowhere) this.add(item, at[item]!);
  }

  add(item: number, host: number): void {
    const use = this.#use[host]!;
    this.board.items[item]!.use.forEach((amount, dimension) => (use[dimension]! += amount));
    this.position[item] = host;
    this.loads.add(item, host);
  }

  remove(item: number): void {
    const host = this.position[item]!;
    const use = this.#use[host]!;
    this.board.items[item]!.use.forEach((amount, dimension) => (use[dimension]! -= amount));
    this.position[item] = nowhere;
    this.loads.add(item, host, -1);
  }

  move(item: number, host: number): void {
    this.remove(item);
    this.add(item, host);
  }

  /** It may be on that host as well as where it is. */
  fits(item: number, host: number): boolean {
    return this.hasRoom(item, host) && this.board.enemies[item]!.every((enemy) => this.position[enemy] !== host);
  }

  hasRoom(item: number, host: number): boolean {
    const { use } = this.board.items[item]!;
    const [taken, most] = [this.#use[host]!, this.board.capacity[host]!];
    for (let dimension = 0; dimension < use.length; dimension++)
      if (use[dimension]! > 0 && exceeds(taken[dimension]! + use[dimension]!, most[dimension]!)) return false;
    return true;
  }

  /** Dimensions of the host in which an item has no room. */
  lacking(item: number, host: number): number[] {
    const { use } = this.board.items[item]!;
    return use.flatMap((amount, dimension) =>
      amount > 0 && exceeds(this.#use[host]![dimension]! + amount, this.board.capacity[host]![dimension]!)
        ? [dimension]
        : [],
    );
  }

  on(host: number): number[] {
    const found: number[] = [];
    for (let item = 0; item < this.position.length; item++) if (this.position[item] === host) found.push(item);
    return found;
  }

  /** How much worse the spread is with one more item on a host. */
  costOf(item: number, host: number): number {
    const { load } = this.board.items[item]!;
    const broken =
      this.board.outside[item]![host]! +
      this.board.tolerated[item]!.filter((other) => this.position[other] === host).length;
    return broken * brokenCost + this.loads.cost(host, load) - this.loads.cost(host);
  }
}

/** The cost of an assignment: broken rules, then how uneven the loads are. */
export function costOf(board: Board, position: ArrayLike<number>): number {
  const { loads } = new State(board, position);
  return board.hosts.reduce((total, _, host) => total + loads.cost(host), brokenOf(board, position) * brokenCost);
}

/** How many rules stay broken that were broken at the start. */
export function brokenOf(board: Board, position: ArrayLike<number>): number {
  let broken = 0;
  for (let item = 0; item < position.length; item++) {
    if (position[item] === nowhere) continue;
    broken += board.outside[item]![position[item]!]!;
    broken += board.tolerated[item]!.filter((other) => other < item && position[other] === position[item]).length;
  }
  return broken;
}

/** Steps that a search may take: the same for the same fleet, on any computer. */
export interface Budget {
  left: number;
}
