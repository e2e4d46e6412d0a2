/** How loaded hosts are, for balancing and for choosing among hosts. */
import type { Board } from "./board";

/** Loads by host, kept up to date while items move. */
export class Loads {
  readonly #memory: Float64Array;
  readonly #cpus: Float64Array;
  /** 1 ÷ the mean load squared: memory and CPUs weigh the same, however much more of one is in use. */
  readonly #weights: readonly [number, number];

  constructor(private readonly board: Board) {
    this.#memory = new Float64Array(board.hosts.length);
    this.#cpus = new Float64Array(board.hosts.length);
    const weight = (total: number, use: number) => (use > 0 ? (total / use) ** 2 : 0);
    this.#weights = [
      weight(
        board.hosts.reduce((all, { memoryBytes }) => all + memoryBytes, 0),
        board.items.reduce((all, { load }) => all + load[0], 0),
      ),
      weight(
        board.hosts.reduce((all, { cpus }) => all + cpus, 0),
        board.items.reduce((all, { load }) => all + load[1], 0),
      ),
    ];
  }

  add(item: number, host: number, sign: 1 | -1 = 1): void {
    const { load } = this.board.items[item]!;
    this.#memory[host]! += sign * load[0];
    this.#cpus[host]! += sign * load[1];
  }

  /** The larger fraction of memory and CPUs in use, with more or less of them. */
  of(host: number, more: readonly [number, number] = [0, 0]): number {
    return Math.max(
      fraction(this.#memory[host]! + more[0], this.board.hosts[host]!.memoryBytes),
      fraction(this.#cpus[host]! + more[1], this.board.cpus[host]!),
    );
  }

  /** What a host adds to the cost of a spread: convex, so that even loads cost least. */
  cost(host: number, more: readonly [number, number] = [0, 0]): number {
    const { memoryBytes, cpus } = this.board.hosts[host]!;
    return (
      this.#weights[0] * fraction(this.#memory[host]! + more[0], memoryBytes) ** 2 +
      this.#weights[1] * fraction(this.#cpus[host]! + more[1], cpus) ** 2
    );
  }
}

function fraction(use: number, capacity: number): number {
  return capacity > 0 ? use / capacity : use > 0 ? Infinity : 0;
}
