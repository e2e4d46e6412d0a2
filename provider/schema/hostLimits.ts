/** The limits of a placement. */
import * as z from "./zod";
import { once } from "../core/once";
import { parsePercent } from "../core/units";
import { expected, unknownKeys } from "./refusal";

const percent = (max: number, example: string) => {
  const error = expected(`a percentage from 1% to ${max}%`, example);
  return z.read(z.string({ error }), (text, refuse): number => {
    const fraction = parsePercent(text);
    const holds = fraction !== undefined && fraction >= 0.01 && fraction <= max / 100;
    return holds ? fraction : refuse(error({ input: text }));
  });
};

export const hostLimitsSchema = once(() => {
  const shape = {
    memory: z.exactOptional(percent(1000, '"90%"')),
    cpu: z.exactOptional(percent(10_000, '"400%"')),
  };
  return z.strictObject(shape, { error: unknownKeys(Object.keys(shape), '{ memory: "90%" }') });
});
