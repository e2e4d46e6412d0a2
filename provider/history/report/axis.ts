/** Positions and ticks of an axis from 0. */

export interface Axis {
  /** Pixels of a value. */
  at: (value: number) => number;
  ticks: readonly number[];
}

/** @param steps the distances between ticks that read well, ascending; beyond them 1, 2 and 5 times a power of ten. */
export function axis(most: number, pixels: number, { ticks = 5, steps = [] as readonly number[] } = {}): Axis {
  const span = most > 0 && Number.isFinite(most) ? most : 1;
  const least = span / ticks;
  const power = 10 ** Math.floor(Math.log10(least));
  const step =
    steps.find((each) => each >= least) ?? [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least)!;
  const count = Math.floor(span / step + 1e-9);
  return {
    at: (value) => (value / span) * pixels,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * step),
  };
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** For durations in milliseconds. */
export const timeSteps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((each) => each * second),
  ...[1, 2, 5, 10, 15, 30].map((each) => each * minute),
  ...[1, 2, 4, 6, 12, 24, 48].map((each) => each * hour),
];

/** For bytes. */
export const byteSteps = Array.from({ length: 50 }, (_, index) => 2 ** index);
