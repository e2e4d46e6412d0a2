/** A better spread where the search for the best was cut short: items that move anyway change hosts, alone or in pairs. */
import type { Found, Query } from "./query";
import { orderOf } from "./order";
import { costOf, State } from "./state";

/** Rounds over all items, and comparisons in all of them. */
const mostRounds = 20;
const mostTries = 1_000_000;

export function improve({ board, displaced }: Query, best: Found, exhausted: boolean): Found {
  const starts = board.items.map(({ start }) => start);
  const moved = starts.filter((start, item) => best.position[item] !== start).length;
  // Where others made room, the order of the moves is too tight to change hosts.
  if (exhausted || moved !== displaced.length) return best;
  const state = new State(board, best.position);
  let tries = mostTries;
  for (let round = 0, better = true; better && round < mostRounds && tries > 0; round++) {
    better = false;
    for (const [index, item] of displaced.entries()) {
      better = relocate(state, item) || better;
      for (const other of displaced.slice(index + 1)) better = exchange(state, item, other) || better;
      tries -= board.hosts.length + displaced.length;
    }
  }
  const position = Int32Array.from(state.position);
  const legs = orderOf(board, starts, position, { left: 100_000 });
  const cost = costOf(board, position);
  return legs && cost < best.cost ? { ...best, position, legs, cost } : best;
}

function relocate(state: State, item: number): boolean {
  const { allowed, items, hosts } = state.board;
  const from = state.position[item]!;
  state.remove(item);
  let [best, least] = [from, state.costOf(item, from) - 1e-9];
  hosts.forEach((_, host) => {
    if (host === items[item]!.start || !allowed[item]![host] || !state.fits(item, host)) return;
    const cost = state.costOf(item, host);
    if (cost < least) [best, least] = [host, cost];
  });
  state.add(item, best);
  return best !== from;
}

function exchange(state: State, a: number, b: number): boolean {
  const { allowed, items } = state.board;
  const [atA, atB] = [state.position[a]!, state.position[b]!];
  if (atA === atB || !allowed[a]![atB] || !allowed[b]![atA] || items[a]!.start === atB || items[b]!.start === atA)
    return false;
  const before = costBeside(state, a, b, atA, atB);
  const after = costBeside(state, a, b, atB, atA);
  const better = after < before - 1e-9;
  state.move(a, better ? atB : atA);
  state.move(b, better ? atA : atB);
  return better;
}

/** The cost of both on these hosts; infinite if they do not fit. */
function costBeside(state: State, a: number, b: number, hostOfA: number, hostOfB: number): number {
  state.remove(a);
  state.remove(b);
  let cost = Infinity;
  if (state.fits(a, hostOfA)) {
    cost = state.costOf(a, hostOfA);
    state.add(a, hostOfA);
    cost = state.fits(b, hostOfB) ? cost + state.costOf(b, hostOfB) : Infinity;
    state.remove(a);
  }
  state.add(a, hostOfA);
  state.add(b, hostOfB);
  return cost;
}
