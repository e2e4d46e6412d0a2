/** The limits of a placement. */
import * as z from "./zod";
import { once } from "../core/once";
import { parsePercent } from "../core/units";
import { expected, unknownKeys } from "./refusal";

const percent = (max: number, example: string) => {
  const error = expected(`a percentage from 1% to ${max}%`, example);
  return z.string({ error }).transform((text, context) => {
    const fraction = parsePercent(text);
    if (fraction !== undefined && fraction >= 0.01 && fraction <= max / 100) return fraction;
    context.addIssue({ code: "custom", message: error({ input: text }) });
    return z.NEVER;
  });
};

export const hostLimitsSchema = once(() => {
  const shape = { memory: percent(1000, '"90%"').exactOptional(), cpu: percent(10_000, '"400%"').exactOptional() };
  return z.strictObject(shape, { error: unknownKeys(Object.keys(shape), '{ memory: "90%" }') });
});
