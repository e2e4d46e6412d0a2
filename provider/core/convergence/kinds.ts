/** What may stand in a step of `convergence`: the input schema, the JSON schema and the docs are made from it. */
import type { ConvergenceActionArgs } from "../args";

export const actionKinds = ["throttle", "postCopy", "abort", "suspend"] as const satisfies readonly Extract<
  ConvergenceActionArgs,
  string
>[];

const day = 24 * 3_600_000;

export const convergenceKinds = {
  after: { type: "duration", minMs: 100, maxMs: day },
  pass: { type: "integer", min: 1, max: 10_000 },
  stalled: { type: "duration", minMs: 1000, maxMs: day },
  raiseDowntime: { type: "duration", minMs: 1, maxMs: 2_000_000 },
} as const;
