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
  after: leaf.duration(convergenceKinds.after, '"30s"').transform((afterMs) => ({ afterMs })),
  pass: leaf.integer(convergenceKinds.pass, "3").transform((pass) => ({ pass })),
  stalled: leaf.duration(convergenceKinds.stalled, '"20s"').transform((stalledMs) => ({ stalledMs })),
}));
const conditionNames = ["after", "pass", "stalled"] as const satisfies readonly (keyof ReturnType<typeof conditions>)[];

const actionExample = '{ raiseDowntime: "800ms" }';
const actionFields = once(() =>
  z.strictObject(
    {
      raiseDowntime: leaf
        .duration(convergenceKinds.raiseDowntime, '"800ms"')
        .transform((limitMs) => ({ kind: "raiseMaxDowntime", limitMs }))
        .optional(),
      bandwidth: leaf
        .rate({ type: "rate" }, '"2GiB/s"')
        .transform((mibps) => ({ kind: "setBandwidth", mibps }))
        .optional(),
    },
    { error: unknownKeys(["raiseDowntime", "bandwidth"], actionExample) },
  ),
);
const expectedAction = expected(
  `${listed(actionKinds.map((kind) => JSON.stringify(kind)))}, or an object with raiseDowntime or bandwidth`,
  actionExample,
);

/** A word, or an object with exactly one field. */
function readAction(value: unknown, context: z.RefinementCtx): StepAction {
  if (actionKinds.some((kind) => kind === value)) return { kind: value as Extract<ConvergenceActionArgs, string> };
  const refuse = (message: string, path: PropertyKey[] = []) => {
    context.addIssue({ code: "custom", message, path });
    return z.NEVER;
  };
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refuse(expectedAction({ input: value }));
  const fields = actionFields().safeParse(value);
  if (!fields.success) {
    for (const { message, path } of fields.error.issues) refuse(message, path);
    return z.NEVER;
  }
  const [one, ...more] = Object.values(fields.data).filter((field) => field !== undefined);
  return one === undefined || more.length > 0 ? refuse(expectedAction({ input: value })) : (one as StepAction);
}

const stepsSchema = once(() => {
  const { after, pass, stalled } = conditions();
  const step = z
    .strictObject(
      {
        after: after.optional(),
        pass: pass.optional(),
        stalled: stalled.optional(),
        do: z.unknown().transform(readAction),
      },
      { error: unknownKeys([...conditionNames, "do"], example) },
    )
    .transform((fields, context): ConvergenceStep => {
      const given = conditionNames.filter((name) => fields[name] !== undefined);
      if (given.length === 1) return { when: fields[given[0]!] as Condition, action: fields.do };
      const got = given.length === 0 ? "no condition" : `the conditions ${listed(given, "and")}`;
      const message = `got ${got}; expected exactly one of ${listed(conditionNames)} in each step, for example ${example}`;
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    });
  return z.array(step);
});

export const convergenceSchema = z.unknown().transform((value, context): readonly ConvergenceStep[] => {
  const preset = presetNames.find((name) => name === value);
  const steps = preset === undefined ? value : writtenSteps(preset);
  if (!Array.isArray(steps) || steps.length === 0) {
    context.addIssue({ code: "custom", message: whole({ input: value }) });
    return z.NEVER;
  }
  const parsed = stepsSchema().safeParse(steps);
  if (parsed.success) return parsed.data;
  for (const { message, path } of parsed.error.issues) context.addIssue({ code: "custom", message, path });
  return z.NEVER;
});
