/** `migration.convergence`: a preset, or steps of one condition and one action each. */
import * as z from "./zod";
import type { ConvergenceActionArgs } from "../core/args";
import { presetNames, writtenSteps } from "../core/convergence/presets";
import type { Condition, ConvergenceStep, StepAction } from "../core/convergence/step";
import { actionKinds, convergenceKinds } from "../core/convergence/kinds";
import { listed } from "../core/near";
import { once } from "../core/once";
import { leaf } from "./leaves";
import { expected, unknownKeys } from "./refusal";

const example = '{ stalled: "20s", do: { raiseDowntime: "800ms" } }';
const whole = expected(
  `${listed(presetNames.map((name) => JSON.stringify(name)))}, or a list of steps`,
  `[${example}]`,
);

const conditions = once(() => ({
  after: z.read(leaf.duration(convergenceKinds.after, '"30s"'), (afterMs) => ({ afterMs })),
  pass: z.read(leaf.integer(convergenceKinds.pass, "3"), (pass) => ({ pass })),
  stalled: z.read(leaf.duration(convergenceKinds.stalled, '"20s"'), (stalledMs) => ({ stalledMs })),
}));
const conditionNames = ["after", "pass", "stalled"] as const satisfies readonly (keyof ReturnType<typeof conditions>)[];

const actionExample = '{ raiseDowntime: "800ms" }';
const actionFields = once(() =>
  z.strictObject(
    {
      raiseDowntime: z.optional(
        z.read(leaf.duration(convergenceKinds.raiseDowntime, '"800ms"'), (limitMs) => ({
          kind: "raiseMaxDowntime",
          limitMs,
        })),
      ),
      bandwidth: z.optional(
        z.read(leaf.rate({ type: "rate" }, '"2GiB/s"'), (mibps) => ({ kind: "setBandwidth", mibps })),
      ),
    },
    { error: unknownKeys(["raiseDowntime", "bandwidth"], actionExample) },
  ),
);
const expectedAction = expected(
  `${listed(actionKinds.map((kind) => JSON.stringify(kind)))}, or an object with raiseDowntime or bandwidth`,
  actionExample,
);

/** A word, or an object with exactly one field. */
function readAction(value: unknown, refuse: z.Refuse): StepAction {
  if (actionKinds.some((kind) => kind === value)) return { kind: value as Extract<ConvergenceActionArgs, string> };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(expectedAction({ input: value }));
  const fields = actionFields().safeParse(value);
  if (!fields.success) return z.refuseAll(fields.error, refuse);
  const [one, ...more] = Object.values(fields.data).filter((field) => field !== undefined);
  return one === undefined || more.length > 0 ? refuse(expectedAction({ input: value })) : (one as StepAction);
}

const stepsSchema = once(() => {
  const { after, pass, stalled } = conditions();
  const shape = {
    after: z.optional(after),
    pass: z.optional(pass),
    stalled: z.optional(stalled),
    do: z.read(z.unknown(), readAction),
  };
  const fieldsSchema = z.strictObject(shape, { error: unknownKeys(Object.keys(shape), example) });
  const step = z.read(fieldsSchema, (fields, refuse): ConvergenceStep => {
    const given = conditionNames.filter((name) => fields[name] !== undefined);
    if (given.length === 1) return { when: fields[given[0]!] as Condition, action: fields.do };
    const got = given.length === 0 ? "no condition" : `the conditions ${listed(given, "and")}`;
    return refuse(`got ${got}; expected exactly one of ${listed(conditionNames)} in each step, for example ${example}`);
  });
  return z.array(step);
});

export const convergenceSchema = z.read(z.unknown(), (value, refuse): readonly ConvergenceStep[] => {
  const preset = presetNames.find((name) => name === value);
  const steps = preset === undefined ? value : writtenSteps(preset);
  if (!Array.isArray(steps) || steps.length === 0) return refuse(whole({ input: value }));
  const parsed = stepsSchema().safeParse(steps);
  return parsed.success ? parsed.data : z.refuseAll(parsed.error, refuse);
});
