/** The schema of each kind of value in the options table. */
import * as z from "./zod";
import { listed } from "../core/near";
import type { OptionSpec, PlainKind } from "../core/options";
import { parseBytes, parseDurationMs, parseRateMiBps, showDuration } from "../core/units";
import { expected } from "./refusal";

/** A duration for each GiB. */
export interface PerGiB {
  msPerGiB: number;
}
const perGiB = "/GiB";

export type PlainSpec = OptionSpec & { kind: PlainKind };

export const leaf: {
  [T in PlainKind["type"]]: (kind: Extract<PlainKind, { type: T }>, example: string) => z.ZodType;
} = {
  flag: (_, example) => z.boolean({ error: expected("true or false", example) }),
  choice: (kind, example) =>
    z.enum(kind.values as [string, ...string[]], {
      error: expected(listed(kind.values.map((v) => JSON.stringify(v))), example),
    }),
  integer: (kind, example) => {
    const error = expected(`a whole number from ${kind.min} to ${kind.max}${kind.orAuto ? ' or "auto"' : ""}`, example);
    const number = z.int({ error }).check(z.gte(kind.min, { error }), z.lte(kind.max, { error }));
    return kind.orAuto ? z.union([z.literal("auto"), number], { error }) : number;
  },
  duration: (kind, example) =>
    measure<number | PerGiB>(
      example,
      `a duration from ${showDuration(kind.minMs)} to ${showDuration(kind.maxMs)} with its unit (ms, s, m, h)${kind.perGiB ? ', also per GiB of memory ("30s/GiB")' : ""}`,
      (text) => {
        if (kind.perGiB && text.endsWith(perGiB)) {
          const msPerGiB = parseDurationMs(text.slice(0, -perGiB.length));
          return msPerGiB !== undefined && msPerGiB > 0 && msPerGiB <= kind.maxMs ? { msPerGiB } : undefined;
        }
        const value = parseDurationMs(text);
        return value !== undefined && value >= kind.minMs && value <= kind.maxMs ? value : undefined;
      },
    ),
  rate: (_, example) =>
    measure(example, "a rate in whole MiB/s with its unit (MiB/s, GiB/s)", (text) => {
      const value = parseRateMiBps(text);
      return value !== undefined && value <= 2 ** 43 ? value : undefined;
    }),
  size: (kind, example) =>
    measure(
      example,
      `a size with its unit (KiB, MiB, GiB)${kind.powerOfTwo ? " that is a power of two" : ""}`,
      (text) => {
        const value = parseBytes(text);
        return value !== undefined && value > 0 && (!kind.powerOfTwo || Number.isInteger(Math.log2(value)))
          ? value
          : undefined;
      },
    ),
  text: (kind, example) => {
    const error = expected(kind.expected, example);
    return z.string({ error }).check(z.regex(kind.pattern, { error }));
  },
  list: (kind, example) => {
    const error = expected(`a list ${kind.expected}`, example);
    const item = kind.values
      ? z.enum(kind.values as [string, ...string[]], { error })
      : z.string({ error }).check(
          z.regex(kind.pattern ?? /./, { error }),
          z.superRefine((text, context) => {
            const why = kind.pattern?.test(text) ? kind.refusal?.(text) : undefined;
            if (why !== undefined) context.addIssue({ code: "custom", message: why });
          }),
        );
    return z.array(item, { error }).check(z.minLength(1, { error }));
  },
};

export function leafSchema(spec: PlainSpec): z.ZodType {
  return (leaf[spec.kind.type] as (kind: PlainKind, example: string) => z.ZodType)(spec.kind, spec.example);
}

function measure<T = number>(example: string, what: string, parse: (text: string) => T | undefined): z.ZodType {
  const error = expected(what, example);
  return z.read(z.string({ error }), (text, refuse): T => parse(text) ?? refuse(error({ input: text })));
}
