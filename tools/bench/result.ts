/** What a section measured: a row of its table, held against a goal where there is one. */
import type { Comparison, Excess } from "./ratios";

type Goal = { atMost: number } | { atLeast: number };

export interface Result {
  name: string;
  what: string;
  value: number;
  unit: "×" | "ms" | "s" | "MB" | "bytes" | "";
  /** Of the rounds, in the same unit. */
  min?: number;
  max?: number;
  rounds: number;
  /** The medians of what the value is made of. */
  of?: string;
  goal?: Goal | undefined;
}

interface Named {
  name: string;
  what: string;
  goal?: Goal | undefined;
}

export function ratioResult(comparison: Omit<Comparison, "name">, named: Named): Result {
  const { ratio: value, min, max, pairs: rounds, ms, baselineMs } = comparison;
  return { ...named, value, unit: "×", min, max, rounds, of: `${seconds(ms)} ÷ ${seconds(baselineMs)} s` };
}

export function excessResult(
  { excessMs, minMs, maxMs, pairs }: Excess,
  of: Omit<Comparison, "name">,
  named: Named,
): Result {
  const medians = `${seconds(of.ms)} − ${seconds(of.baselineMs)} s`;
  return { ...named, value: excessMs, unit: "ms", min: minMs, max: maxMs, rounds: pairs, of: medians };
}

export function verdict({ value, goal }: Result): "met" | "not met" | undefined {
  if (goal === undefined) return undefined;
  return ("atMost" in goal ? value <= goal.atMost : value >= goal.atLeast) ? "met" : "not met";
}

/** Header and rows, as cells. */
export function cells(results: readonly Result[]): string[][] {
  return [["what", "median", "min – max", "made of", "rounds", "goal", "verdict"], ...results.map(row)];
}

function row(result: Result): string[] {
  const { what, min, max, rounds, of = "", goal } = result;
  const shown = (value: number) => `${value} ${result.unit}`.trim();
  const limit = goal && ("atMost" in goal ? `≤ ${shown(goal.atMost)}` : `≥ ${shown(goal.atLeast)}`);
  const spread = min === undefined ? "" : `${min} – ${max}`;
  return [what, shown(result.value), spread, of, String(rounds), limit ?? "", verdict(result) ?? ""];
}

export function printed(results: readonly Result[]): string {
  const rows = cells(results);
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((each) => each[column]!.length)));
  return rows
    .map((each) =>
      each
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 10_000 ? 3 : 1);
}
