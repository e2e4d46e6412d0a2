/** The assignment with the fewest moves, and of those the best spread. */
import type { Board } from "./board";
import { exceeds } from "./capacity";
import { improve } from "./improve";
import { movesOf, orderOf } from "./order";
import { parkingOrder } from "./park";
import type { Found, Outcome, Query } from "./query";
import { brokenCost, brokenOf, type Budget, costOf, nowhere, State } from "./state";

/** How much of the budget goes into a better spread once there is an assignment with the fewest moves, and into one order. */
const spreadBudget = 600_000;
const orderBudget = 20_000;
const parkingBudget = 300_000;

export function findAssignment(query: Query): Outcome {
  const { board, displaced, budget } = query;
  const least = displaced.reduce((sum, item) => sum + board.items[item]!.vms.length, 0);
  if (overfull(board, displaced)) return { proven: true };
  const search = new Search(query, least);
  for (let extra = 0; ; extra++) {
    const complete = search.level(extra);
    if (search.best && search.best.moves <= least + extra) break;
    if (complete || budget.left <= 0) break;
  }
  const { best, unordered } = search;
  return {
    ...(best && { found: query.spread ? improve(query, best, search.exhausted) : best }),
    ...(unordered && { unordered }),
    proven: search.proven && budget.left > 0,
  };
}

class Search {
  best: Found | undefined;
  unordered: Int32Array | undefined;
  proven = true;
  /** No better spread was left unseen. */
  exhausted = true;
  readonly #state: State;
  readonly #brokenBefore: number;
  /** By host: what was there at the start and may make room. */
  readonly #guests: readonly (readonly number[])[];
  /** Of looking up what is on a host. */
  readonly #costOfList: number;
  readonly #evicted = new Set<number>();
  #extra = 0;
  #cut = false;
  #spread: Budget;

  constructor(
    private readonly query: Query,
    private readonly least: number,
  ) {
    this.#spread = { left: query.spread ? spreadBudget : 0 };
    this.#state = new State(query.board);
    for (const item of query.displaced) this.#state.remove(item);
    const { items } = query.board;
    this.#guests = query.board.hosts.map((_, host) =>
      items.flatMap(({ start, fixed }, item) => (start === host && !fixed && query.movable(item) ? [item] : [])),
    );
    this.#costOfList = 1 + (query.board.items.length >> 3);
    this.#brokenBefore = brokenOf(query.board, this.#state.position) * brokenCost;
  }

  /** Searches all assignments with so many more moves. True if still more moves would not help. */
  level(extra: number): boolean {
    this.#extra = extra;
    this.#cut = false;
    this.#place([...this.query.displaced], extra);
    return !this.#cut;
  }

  #place(pending: readonly number[], extra: number): void {
    if (pending.length === 0) return this.#leaf(extra);
    const choice = this.#narrowest(pending, extra);
    if (choice === undefined || this.#hopeless(pending, choice, extra)) return;
    const rest = pending.filter((other) => other !== choice.item);
    const { board } = this.query;
    for (const { host } of choice.hosts) {
      if (this.#ended()) return;
      if (this.#state.fits(choice.item, host)) {
        this.#state.add(choice.item, host);
        this.#place(rest, extra);
        this.#state.remove(choice.item);
      } else if (extra > 0) this.#evict(choice.item, host, rest, extra, 0);
      else if (board.allowed[choice.item]![host]) this.#cut = true;
    }
  }

  /** The pending item with the fewest hosts, and its hosts with the best first. */
  #narrowest(pending: readonly number[], extra: number) {
    const { board, budget } = this.query;
    let best: { item: number; hosts: { host: number; more: number }[] } | undefined;
    // Of many the largest, for to compare all of them takes too long.
    const candidates = pending.length > 24 ? [this.#largest(pending)] : pending;
    for (const item of candidates) {
      const hosts: { host: number; more: number }[] = [];
      for (let host = 0; host < board.hosts.length; host++) {
        if (!board.allowed[item]![host] || host === board.items[item]!.start) continue;
        const fits = this.#state.fits(item, host);
        if (!fits && !this.#canMakeRoom(item, host)) continue;
        if (!fits && extra === 0) {
          this.#cut = true;
          continue;
        }
        // Where something has to leave first comes last.
        hosts.push({ host, more: this.#state.costOf(item, host) + (fits ? 0 : 1e12) });
      }
      budget.left -= board.hosts.length;
      if (this.best) this.#spread.left -= board.hosts.length;
      if (hosts.length === 0) return undefined;
      hosts.sort((a, b) => a.more - b.more || a.host - b.host);
      if (best === undefined || hosts.length < best.hosts.length) best = { item, hosts };
    }
    return best;
  }

  #largest(pending: readonly number[]): number {
    const memoryOf = (item: number) => this.query.board.items[item]!.use[0]!;
    return pending.reduce((largest, item) => (memoryOf(item) > memoryOf(largest) ? item : largest));
  }

  #canMakeRoom(item: number, host: number): boolean {
    const leaving = this.#guests[host]!.filter((other) => this.#mayLeave(other));
    this.query.budget.left -= 8 * leaving.length;
    if (leaving.length === 0) return false;
    for (const other of leaving) this.#state.remove(other);
    const fits = this.#state.fits(item, host);
    for (const other of leaving) this.#state.add(other, host);
    return fits;
  }

  /** Of the guests: what was displaced, or made room and came back, is not among them. */
  #mayLeave(item: number): boolean {
    return this.#state.position[item] === this.query.board.items[item]!.start;
  }

  /** The least that the pending items still cost; holds only while nothing more can leave a host. */
  #hopeless(pending: readonly number[], choice: { item: number }, extra: number): boolean {
    if (!this.best || extra > 0 || this.best.moves > this.least + this.#extra) return false;
    const { board } = this.query;
    let bound = this.#evicted.size === 0 ? this.#brokenBefore : 0;
    for (let host = 0; host < board.hosts.length; host++) bound += this.#state.loads.cost(host);
    for (const item of pending.length > 24 ? [choice.item] : pending) {
      let least = Infinity;
      for (let host = 0; host < board.hosts.length; host++)
        if (host !== board.items[item]!.start && board.allowed[item]![host] && this.#state.fits(item, host))
          least = Math.min(least, this.#state.costOf(item, host));
      bound += least;
    }
    this.#spread.left -= pending.length * board.hosts.length;
    return bound >= this.best.cost - 1e-9;
  }

  /** Makes room for an item on a host: each set of items that leave it, in the order of their indexes. */
  #evict(item: number, host: number, rest: readonly number[], extra: number, from: number): void {
    const { board, budget } = this.query;
    if (this.#state.fits(item, host)) {
      this.#state.add(item, host);
      this.#place(
        [
          ...rest,
          ...[...this.#evicted].filter((other) => !rest.includes(other) && this.#state.position[other] === nowhere),
        ],
        extra,
      );
      this.#state.remove(item);
      return;
    }
    const lacking = this.#state.lacking(item, host);
    budget.left -= this.#costOfList;
    for (const other of this.#guests[host]!) {
      if (other < from || !this.#mayLeave(other)) continue;
      const helps =
        board.enemies[item]!.includes(other) || lacking.some((dimension) => board.items[other]!.use[dimension]! > 0);
      if (!helps) continue;
      const size = board.items[other]!.vms.length;
      if (size > extra) {
        this.#cut = true;
        continue;
      }
      if (this.#ended()) return;
      this.#state.remove(other);
      this.#evicted.add(other);
      this.#evict(item, host, rest, extra - size, other + 1);
      this.#evicted.delete(other);
      this.#state.add(other, host);
    }
  }

  #leaf(extra: number): void {
    // With moves to spare it is an assignment of an earlier level.
    if (extra > 0) return;
    const { board, budget } = this.query;
    const position = Int32Array.from(this.#state.position);
    const cost = costOf(board, position);
    const moves = this.least + this.#extra;
    if (this.best && (this.best.moves < moves || (this.best.moves === moves && this.best.cost <= cost + 1e-9))) return;
    budget.left -= board.items.length;
    const starts = board.items.map(({ start }) => start);
    const orders: Budget = { left: orderBudget };
    const direct = orderOf(board, starts, position, orders);
    if (direct) {
      this.best = { position, legs: direct, moves, cost };
      return;
    }
    const limit: Budget = { left: Math.min(parkingBudget, budget.left) };
    const before = limit.left;
    const most = (this.best?.moves ?? moves + 2 * board.items.length) - (this.best ? 1 : 0);
    const { legs, proven } = parkingOrder(board, starts, position, most, limit);
    budget.left -= before - limit.left;
    this.proven &&= proven;
    if (legs) this.best = { position, legs, moves: movesOf(board, legs), cost };
    else this.unordered ??= position;
  }

  #ended(): boolean {
    if (this.query.budget.left > 0 && (!this.best || this.#spread.left > 0)) return false;
    this.exhausted = false;
    return true;
  }
}

/** All that has to be on the open hosts takes more than they have together. */
function overfull(board: Board, displaced: readonly number[]): boolean {
  const open = new Set(board.hosts.keys());
  for (const host of board.closed) open.delete(host);
  const present = board.items.filter(({ start }, item) => open.has(start) || displaced.includes(item));
  return board.dimensions.some((_, dimension) => {
    const most = [...open].reduce((sum, host) => sum + board.capacity[host]![dimension]!, 0);
    return exceeds(
      present.reduce((sum, { use }) => sum + use[dimension]!, 0),
      most,
    );
  });
}
