/** One move after the other from a fuller host to an emptier one, until none is worth it. */
import type { Board } from "./board";
import type { Fleet } from "./model";
import type { BalanceOptions } from "./plan";
import { State } from "./state";

const defaultThreshold = 0.1;
const defaultMargin = 0.02;
/** A gain of nothing would move VMs back and forth for ever. */
const leastGain = 1e-6;
const mostRounds = 50;
/** Comparisons of two VMs that could change places. */
const mostExchanges = 3_000_000;

interface Change {
  readonly item: number;
  readonly to: number;
  /** It changes places with this one. */
  readonly other?: number;
  readonly gain: number;
  readonly bytes: number;
  /** How loaded the emptier host is then. */
  readonly filled: number;
}

export class Spreading {
  readonly #state: State;
  readonly #threshold: number;
  readonly #margin: number;
  readonly #open: readonly number[];
  readonly #home: ReadonlyMap<number, number>;
  /** Items that changed places: without one of them the other may not fit. */
  readonly #exchanged = new Set<number>();
  #exchanges = mostExchanges;

  /** @param fleet as it was before the first move: `most` counts the VMs that are not where they were. */
  constructor(
    private readonly board: Board,
    options: BalanceOptions,
    fleet: Fleet,
    private readonly limits: { readonly most: number; readonly exchanges: boolean },
  ) {
    this.#state = new State(board);
    this.#threshold = options.threshold ?? defaultThreshold;
    this.#margin = Math.max(options.margin ?? defaultMargin, leastGain);
    this.#open = board.hosts.map((_, host) => host).filter((host) => !board.closed.includes(host));
    const hostAt = new Map(board.hosts.map(({ name }, index) => [name, index]));
    const homes = new Map(fleet.vms.map(({ name, host }) => [name, hostAt.get(host)!]));
    this.#home = new Map(board.items.map(({ vms }, item) => [item, homes.get(vms[0]!.name)!]));
  }

  run(): Int32Array {
    for (let round = 0; round < mostRounds; round++) {
      let changed = false;
      for (let change = this.#best(); change !== undefined; change = this.#best()) {
        this.#make(change);
        changed = true;
      }
      if (!this.#undoWorthless() || !changed) break;
    }
    return this.#state.position;
  }

  /** The most that can be done for the fullest host that anything can be done for. */
  #best(): Change | undefined {
    const loads = new Map(this.#open.map((host) => [host, this.#state.loads.of(host)]));
    const fullest = [...this.#open].sort((a, b) => loads.get(b)! - loads.get(a)! || a - b);
    for (const exchange of this.limits.exchanges ? [false, true] : [false])
      for (const source of fullest) {
        const items = this.#state.on(source).filter((item) => !this.board.items[item]!.fixed);
        let best: Change | undefined;
        for (const to of this.#open) {
          if (!(loads.get(source)! - loads.get(to)! > this.#threshold)) continue;
          for (const item of items) {
            if (!this.board.allowed[item]![to]) continue;
            for (const change of exchange ? this.#exchangesOf(item, source, to) : this.#move(item, source, to))
              if (best === undefined || isBetter(change, best)) best = change;
          }
        }
        if (best) return best;
      }
    return undefined;
  }

  #move(item: number, source: number, to: number): Change[] {
    if (!this.#mayMove(item, to) || !this.#state.fits(item, to)) return [];
    const { load, use, vms } = this.board.items[item]!;
    const { loads } = this.#state;
    const filled = loads.of(to, load);
    const gain = loads.of(source) - Math.max(loads.of(source, [-load[0], -load[1]]), filled);
    return gain >= this.#margin * vms.length ? [{ item, to, gain, bytes: use[0]!, filled }] : [];
  }

  #exchangesOf(item: number, source: number, to: number): Change[] {
    const [a, from] = [this.board.items[item]!, this.#state.loads.of(source)];
    return this.#state.on(to).flatMap((other) => {
      const b = this.board.items[other]!;
      if (b.fixed || !this.board.allowed[other]![source] || this.#exchanges-- <= 0) return [];
      const [memory, cpus] = [a.load[0] - b.load[0], a.load[1] - b.load[1]];
      const { loads } = this.#state;
      const filled = loads.of(to, [memory, cpus]);
      const gain = from - Math.max(loads.of(source, [-memory, -cpus]), filled);
      if (gain < this.#margin * (a.vms.length + b.vms.length) || !this.#mayMove(item, to, other)) return [];
      return this.#fitExchanged(item, other, source, to)
        ? [{ item, to, other, gain, bytes: a.use[0]! + b.use[0]!, filled }]
        : [];
    });
  }

  #fitExchanged(item: number, other: number, source: number, to: number): boolean {
    this.#state.remove(item);
    this.#state.remove(other);
    let fit = this.#state.fits(item, to);
    if (fit) {
      this.#state.add(item, to);
      fit = this.#state.fits(other, source);
      this.#state.remove(item);
    }
    this.#state.add(item, source);
    this.#state.add(other, to);
    return fit;
  }

  #make({ item, to, other }: Change): void {
    const source = this.#state.position[item]!;
    this.#state.move(item, to);
    if (other === undefined) return;
    this.#state.move(other, source);
    this.#exchanged.add(item).add(other);
  }

  /** The plan would have no more moves than it may. */
  #mayMove(item: number, to: number, other?: number): boolean {
    if (this.limits.most === Infinity) return true;
    let moves = 0;
    this.board.items.forEach(({ vms }, index) => {
      const at = index === item ? to : index === other ? this.#state.position[item]! : this.#state.position[index]!;
      if (at !== this.#home.get(index)) moves += vms.length;
    });
    return moves <= this.limits.most;
  }

  /** Puts back what later moves have made worthless. True if there was any. */
  #undoWorthless(): boolean {
    let undone = false;
    this.board.items.forEach(({ start, load, vms }, item) => {
      const at = this.#state.position[item]!;
      if (at === start || this.#exchanged.has(item) || !this.#state.fits(item, start)) return;
      const { loads } = this.#state;
      const now = Math.max(loads.of(at), loads.of(start));
      const without = Math.max(loads.of(at, [-load[0], -load[1]]), loads.of(start, load));
      if (without - now >= this.#margin * vms.length) return;
      this.#state.move(item, start);
      undone = true;
    });
    return undone;
  }
}

function isBetter(a: Change, b: Change): boolean {
  if (Math.abs(a.gain - b.gain) > leastGain) return a.gain > b.gain;
  if (a.bytes !== b.bytes) return a.bytes < b.bytes;
  // To the emptiest of hosts that are as good: from another the next move would take a VM away again.
  return Math.abs(a.filled - b.filled) > leastGain ? a.filled < b.filled : a.item < b.item;
}
