/** Which moves have to wait for which: the fewest that keep every reachable moment within the rules and limits. */
import type { Board } from "./board";
import { exceeds } from "./capacity";
import type { Leg } from "./order";

/** Up to so many arrivals at a host each set of them is looked at. */
const exactArrivals = 8;

/** By leg: the indexes of the legs that must be over before it starts. */
export function dependenciesOf(board: Board, legs: readonly Leg[]): number[][] {
  const graph = new Graph(board, legs);
  legs.forEach((leg, index) => graph.addChain(index, leg));
  legs.forEach((_, index) => graph.makeRoom(index));
  graph.prune();
  return reduced(graph.after);
}

/** Without what follows from other dependencies. */
export function reduced(after: readonly ReadonlySet<number>[]): number[][] {
  return after.map((before) => {
    const implied = new Set([...before].flatMap((other) => [...closureOf(after, after[other]!)]));
    return [...before].filter((other) => !implied.has(other)).sort((a, b) => a - b);
  });
}

function closureOf(after: readonly ReadonlySet<number>[], from: Iterable<number>): Set<number> {
  const found = new Set<number>();
  const open = [...from];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...after[next]!);
  }
  return found;
}

class Graph {
  readonly after: Set<number>[];
  /** Those that must stay: legs of one item, and what a user asked for. */
  readonly #given: Set<number>[];
  readonly #initial: readonly (readonly number[])[];

  constructor(
    private readonly board: Board,
    private readonly legs: readonly Leg[],
  ) {
    this.after = legs.map(() => new Set());
    this.#given = legs.map(() => new Set());
    this.#initial = board.hosts.map((_, host) =>
      board.items.flatMap(({ start }, item) => (start === host ? [item] : [])),
    );
  }

  addChain(index: number, { item }: Leg): void {
    const waits = new Set([item, ...this.board.waits[item]!]);
    for (let other = 0; other < index; other++) if (waits.has(this.legs[other]!.item)) this.#add(index, other, true);
  }

  /** The legs before it in the order make it safe; of them, as few as needed. */
  makeRoom(index: number): void {
    const host = this.legs[index]!.destination;
    const leaving = this.legs.flatMap(({ source }, other) => (source === host && other < index ? [other] : []));
    const needed = new Set(leaving);
    const over = () => closureOf(this.after, [...this.after[index]!, ...needed]);
    // The last to leave are the first to do without.
    for (const other of leaving.reverse()) {
      needed.delete(other);
      if (!this.#holds(host, this.#upTo(index, host), over())) needed.add(other);
    }
    for (const other of needed) this.#add(index, other, false);
  }

  /** Drops what was only needed as long as more could arrive than what really can. */
  prune(): void {
    for (let index = this.legs.length - 1; index >= 0; index--)
      for (const other of [...this.after[index]!]) {
        if (this.#given[index]!.has(other)) continue;
        this.after[index]!.delete(other);
        if (!this.#allSafe(index)) this.after[index]!.add(other);
      }
  }

  #add(index: number, other: number, given: boolean): void {
    this.after[index]!.add(other);
    if (given) this.#given[index]!.add(other);
  }

  #upTo(index: number, host: number): number[] {
    return this.legs.flatMap(({ destination }, other) => (destination === host && other <= index ? [other] : []));
  }

  /** Every host that a leg, or what waits for it, arrives at. */
  #allSafe(changed: number): boolean {
    const affected = this.legs.flatMap(({ destination }, index) =>
      index === changed || closureOf(this.after, [index]).has(changed) ? [destination] : [],
    );
    return [...new Set(affected)].every((host) => this.#safe(host));
  }

  /** Whether no set of started arrivals breaks anything, when only what they waited for is over. */
  #safe(host: number): boolean {
    const arrivals = this.#upTo(this.legs.length, host);
    if (arrivals.length > exactArrivals) return false;
    const before = arrivals.map((leg) => closureOf(this.after, this.after[leg]!));
    for (let set = 1; set < 2 ** arrivals.length; set++) {
      const started = arrivals.filter((_, bit) => set & (1 << bit));
      const over = new Set<number>();
      before.forEach((legs, bit) => set & (1 << bit) && legs.forEach((leg) => over.add(leg)));
      if (!this.#holds(host, [...started, ...arrivals.filter((leg) => over.has(leg))], over)) return false;
    }
    return true;
  }

  /** Whether the host holds what was there and what arrived, less what left for certain. */
  #holds(host: number, arrived: readonly number[], over: ReadonlySet<number>): boolean {
    const present = new Set(this.#initial[host]);
    const arrivedSet = new Set(arrived);
    const lastLeft = new Map<number, number>();
    this.legs.forEach(({ item, source }, leg) => source === host && over.has(leg) && lastLeft.set(item, leg));
    for (const leg of arrived) present.add(this.legs[leg]!.item);
    for (const [item, left] of lastLeft)
      if (![...arrivedSet].some((leg) => leg > left && this.legs[leg]!.item === item)) present.delete(item);
    return this.#withinLimits(host, present) && this.#apart(present, arrived);
  }

  #withinLimits(host: number, present: ReadonlySet<number>): boolean {
    return this.board.capacity[host]!.every((most, dimension) => {
      let taken = 0;
      for (const item of present) taken += this.board.items[item]!.use[dimension]!;
      return !exceeds(taken, most);
    });
  }

  #apart(present: ReadonlySet<number>, arrived: readonly number[]): boolean {
    return arrived.every((leg) => {
      const { item } = this.legs[leg]!;
      return !present.has(item) || this.board.enemies[item]!.every((enemy) => !present.has(enemy));
    });
  }
}
