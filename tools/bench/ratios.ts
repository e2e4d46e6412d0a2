export interface Comparison {
  name: string;
  /** The median of the rounds' ratios: a round's two sides met the same weather on the computer. */
  ratio: number;
  pairs: number;
  min: number;
  max: number;
  /** Medians of the two sides. */
  ms: number;
  baselineMs: number;
}

/**
 * @example
 * compare("a-vs-b", rounds, ({ a }) => a, ({ b }) => b)
 */
export function compare<R>(
  name: string,
  rounds: readonly R[],
  side: (round: R) => number,
  baseline: (round: R) => number,
): Comparison {
  const ratios = rounds.map((round) => side(round) / baseline(round));
  return {
    name,
    ratio: rounded(median(ratios), 3),
    pairs: rounds.length,
    min: rounded(Math.min(...ratios), 3),
    max: rounded(Math.max(...ratios), 3),
    ms: rounded(median(rounds.map(side)), 0),
    baselineMs: rounded(median(rounds.map(baseline)), 0),
  };
}

/** How much longer one side took than the other, round by round. */
export interface Excess {
  name: string;
  excessMs: number;
  pairs: number;
  minMs: number;
  maxMs: number;
}

export function excess<R>(
  name: string,
  rounds: readonly R[],
  side: (round: R) => number,
  baseline: (round: R) => number,
): Excess {
  const differences = rounds.map((round) => side(round) - baseline(round));
  return {
    name,
    excessMs: rounded(median(differences), 0),
    pairs: rounds.length,
    minMs: rounded(Math.min(...differences), 0),
    maxMs: rounded(Math.max(...differences), 0),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Every round begins with another one, so that none always follows the same: the order of round `index`. */
export function rotated<T>(items: readonly T[], index: number): T[] {
  const start = index % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
