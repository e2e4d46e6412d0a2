/** What `balance` is told to do, read from its flags. */
import { parseDurationMs, parsePercent } from "../../core/units";
import { expected } from "../../schema";
import { UsageError } from "../inventory";
import type { PlanningOptions } from "./planning";

const measures = ["both", "memory", "cpu", "assigned"] as const;

/** What the load of a host is: what its VMs use of its memory, its CPUs, the fuller of both, or what they were given. */
export type Measure = (typeof measures)[number];

export interface BalanceFlags extends PlanningOptions {
  by?: string;
  threshold?: string;
  margin?: string;
  window?: string;
  coolDown?: string;
  ignore?: string[];
  pack?: boolean;
}

export interface BalanceWishes {
  by: Measure;
  /** Fractions of a host. */
  threshold: number;
  margin: number;
  /** How long is measured. */
  windowMs: number;
  /** VMs that moved within this time stay. */
  coolDownMs: number;
  ignore: readonly string[];
  pack: boolean;
}

export const balanceFlags = [
  ["--by <load>", `what the load of a host is: ${measures.join(", ")} (default: both)`],
  ["--threshold <percent>", "move only between hosts whose loads differ by more than this (default: 10%)"],
  ["--margin <percent>", "how much less loaded the fuller host is after a move, at least (default: 2%)"],
  ["--window <duration>", "how long is measured, on all hosts at once (default: 10s)"],
  ["--cool-down <duration>", "leave VMs alone that moved within this time (default: 1h)"],
  ["--ignore <vm...>", "leave these VMs alone"],
  ["--pack", "empty as many hosts as the rules and limits allow, instead of spreading"],
] as const;

const hour = 3_600_000;

/** @throws UsageError with all that is wrong. */
export function wishesOf(flags: BalanceFlags): BalanceWishes {
  const { by = "both", ignore = [], pack = false } = flags;
  const faults: string[] = [];
  const fault = (flag: string, given: string, what: string, example: string) =>
    faults.push(`${flag}: ${expected(what, `${flag} ${example}`)({ input: given })}`);
  const percent = (flag: string, given: string, example: string): number => {
    const fraction = parsePercent(given);
    if (fraction === undefined || fraction > 1) fault(flag, given, "a percentage from 0% to 100%", example);
    return fraction ?? NaN;
  };
  const duration = (flag: string, given: string, [least, most]: [number, number], what: string, example: string) => {
    const ms = parseDurationMs(given);
    if (ms === undefined || ms < least || ms > most) fault(flag, given, what, example);
    return ms ?? NaN;
  };
  if (!isMeasure(by)) fault("--by", by, measures.join(", "), "memory");
  const wishes = {
    by: by as Measure,
    threshold: percent("--threshold", flags.threshold ?? "10%", "10%"),
    margin: percent("--margin", flags.margin ?? "2%", "2%"),
    windowMs: duration("--window", flags.window ?? "10s", [1000, hour / 12], "a duration from 1s to 5m", "30s"),
    coolDownMs: duration(
      "--cool-down",
      flags.coolDown ?? "1h",
      [0, 10_000 * hour],
      "a duration such as 90s, 30m or 24h; 0s for none",
      "1h",
    ),
    ignore,
    pack,
  };
  if (pack && (flags.threshold ?? flags.margin) !== undefined)
    faults.push("--pack: empties hosts whatever it gains; give it without --threshold and --margin");
  if (by === "assigned" && flags.window !== undefined)
    faults.push("--window: with --by assigned nothing is measured; give one of both");
  if (faults.length > 0) throw new UsageError(faults.join("\n"));
  return wishes;
}

function isMeasure(word: string): word is Measure {
  return (measures as readonly string[]).includes(word);
}
