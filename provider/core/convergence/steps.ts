/** What is done to a migration that runs, and when: one list, of the steps of `convergence` and of the options that are steps by themselves. */
import type { MigrationOptions } from "../options";
import type { Condition, ConvergenceStep, StepAction } from "./step";
import { showDuration } from "../units";

export type TimerAction = StepAction["kind"] | "inform";

/** The action, and for a step of `convergence` its place in the list. */
export type StepKey = TimerAction | `${TimerAction} ${number}`;

export interface Step {
  key: StepKey;
  when: Condition;
  action: StepAction;
  /** "30 s are over", as the reason begins. */
  because: string;
}

/** In the order in which they were written. */
export function stepsOf(options: MigrationOptions): Step[] {
  const { maxDowntimeAfterMs, maxDowntimeMs, postCopyAfterMs, timeoutMs, onTimeout = "abort", convergence } = options;
  const steps: Step[] = [];
  const add = (when: Condition, action: StepAction, key: StepKey, because = becauseOf(when)) =>
    steps.push({ key, when, action, because });
  if (maxDowntimeMs !== undefined && maxDowntimeAfterMs !== undefined) {
    add({ afterMs: maxDowntimeAfterMs }, { kind: "raiseMaxDowntime", limitMs: maxDowntimeMs }, "raiseMaxDowntime");
  }
  if (postCopyAfterMs !== undefined) add({ afterMs: postCopyAfterMs }, { kind: "postCopy" }, "postCopy");
  convergence?.forEach(({ when, action }, index) => add(when, action, `${action.kind} ${index + 1}`));
  if (timeoutMs !== undefined) {
    add({ afterMs: timeoutMs }, { kind: onTimeout }, onTimeout, `the timeout of ${showDuration(timeoutMs)} is over`);
  }
  return steps;
}

function becauseOf(when: Condition): string {
  if ("afterMs" in when) return `${showDuration(when.afterMs)} are over`;
  if ("pass" in when) return `pass ${when.pass} over the memory has begun`;
  return `no closer to its end for ${showDuration(when.stalledMs)}`;
}

/** Whether an action was asked for by any step. */
export function hasDone(done: ReadonlySet<StepKey>, kind: TimerAction): boolean {
  return [...done].some((key) => key === kind || key.startsWith(`${kind} `));
}

/** What only works where the migration was started for it. */
export function impliedBy(steps: readonly ConvergenceStep[]): Pick<MigrationOptions, "postCopy" | "autoConverge"> {
  const has = (kind: TimerAction) => steps.some(({ action }) => action.kind === kind);
  return { ...(has("postCopy") && { postCopy: true }), ...(has("throttle") && { autoConverge: true }) };
}

/** Whether a step changes a limit that libvirt keeps after the migration. */
export function changes(options: MigrationOptions, kind: "raiseMaxDowntime" | "setBandwidth"): boolean {
  return options.convergence?.some(({ action }) => action.kind === kind) === true;
}

/** The longest pause that may come to be allowed; undefined: none is set. */
export function longestDowntimeMs({ maxDowntimeMs, convergence = [] }: MigrationOptions): number | undefined {
  const limits = convergence.flatMap(({ action }) => (action.kind === "raiseMaxDowntime" ? action.limitMs : []));
  return Math.max(maxDowntimeMs ?? 0, ...limits) || undefined;
}
