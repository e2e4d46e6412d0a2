/** Steps of `convergence` that contradict each other or another option: each is found in the preview, before anything runs. */
import type { MigrationOptions } from "../options";
import { showDuration } from "../units";
import type { Condition, ConvergenceStep } from "./step";

/** One reason for each step that can never do anything. */
export function convergenceConflicts(options: MigrationOptions): string[] {
  const { convergence = [] } = options;
  return convergence.flatMap((step, index) => {
    const before = convergence.slice(0, index);
    const why =
      contradicted(step, options) ??
      outOfOrder(step, before) ??
      neverReached(step, before) ??
      afterTimeout(step, options) ??
      isIdle(step, before, options);
    return why === undefined ? [] : [`step ${index + 1} ${why}`];
  });
}

function contradicted({ action }: ConvergenceStep, { postCopy, autoConverge }: MigrationOptions): string | undefined {
  const needed =
    action.kind === "postCopy" && !postCopy
      ? "postCopy"
      : action.kind === "throttle" && !autoConverge
        ? "autoConverge"
        : undefined;
  return needed && `needs \`${needed}\`: remove \`${needed}: false\``;
}

/** Steps by the same condition come in the order in which they are done. */
function outOfOrder({ when }: ConvergenceStep, before: readonly ConvergenceStep[]): string | undefined {
  const other = before.findLast((each) => sameKind(each.when, when) && value(each.when) >= value(when));
  if (other === undefined) return undefined;
  const at = before.indexOf(other) + 1;
  if (value(other.when) === value(when)) return `has the same condition as step ${at} (${showCondition(when)})`;
  return `(${showCondition(when)}) would be done before step ${at} (${showCondition(other.when)}); write it before that`;
}

function neverReached({ when, action }: ConvergenceStep, before: readonly ConvergenceStep[]): string | undefined {
  const end = before.find(
    (each) =>
      sameKind(each.when, when) &&
      (each.action.kind === "abort" || (each.action.kind === "postCopy" && action.kind !== "abort")),
  );
  if (end === undefined) return undefined;
  const ended = end.action.kind === "abort" ? "cancelled the migration" : "switched to post-copy";
  return `is never reached: step ${before.indexOf(end) + 1} has ${ended} by then`;
}

function afterTimeout(
  { when, action }: ConvergenceStep,
  { timeoutMs, onTimeout = "abort" }: MigrationOptions,
): string | undefined {
  if (!("afterMs" in when) || timeoutMs === undefined || when.afterMs < timeoutMs) return undefined;
  if (onTimeout === "suspend" || (onTimeout === "postCopy" && action.kind === "abort")) return undefined;
  return `(${showCondition(when)}) is never reached: \`timeout\` is ${showDuration(timeoutMs)}`;
}

function isIdle(
  { action }: ConvergenceStep,
  before: readonly ConvergenceStep[],
  { maxDowntimeMs = 0 }: MigrationOptions,
): string | undefined {
  if (action.kind === "throttle" && before.some((each) => each.action.kind === "throttle"))
    return "permits QEMU again to slow the VM";
  if (action.kind !== "raiseMaxDowntime") return undefined;
  const limits = before.flatMap((each) => (each.action.kind === "raiseMaxDowntime" ? each.action.limitMs : []));
  const most = Math.max(maxDowntimeMs, ...limits);
  return action.limitMs > most
    ? undefined
    : `raises nothing: ${showDuration(action.limitMs)} after ${showDuration(most)}`;
}

const sameKind = (one: Condition, other: Condition) => Object.keys(one)[0] === Object.keys(other)[0];
const value = (when: Condition) => Object.values(when)[0] as number;

/** As the user has written it. */
function showCondition(when: Condition): string {
  if ("afterMs" in when) return `after ${showDuration(when.afterMs)}`;
  return "pass" in when ? `pass ${when.pass}` : `stalled ${showDuration(when.stalledMs)}`;
}
