/** How a preview reads. */
import { clean } from "../core/clean";
import { showPrediction } from "../core/predict/show";
import type { Progress } from "../core/ports";
import { type Problem, renderProblem } from "../core/problem";
import type { Preview } from "../preflight/preview";

/** Room for the blockers of a VM that has every one of them. */
const maxText = 16 * 1024;

/** Problems as warnings in the resource's row; each stands alone in Diagnostics. */
export function show({ problems, predicted, note }: Preview, progress: Progress): void {
  for (const problem of problems) {
    if (problem.severity === "information") progress.info(renderProblem(problem));
    else progress.warn(renderInPreview(problem));
  }
  if (predicted !== undefined) {
    const text = showPrediction(predicted.prediction, predicted.input);
    if (predicted.prediction.verdict === "willNotConverge") progress.warn(text);
    else progress.info(text);
  }
  if (note !== undefined) progress.info(note);
}

/** The same text wherever a problem is shown: preview, plan, doctor. */
export function renderInPreview(problem: Problem): string {
  return problem.severity === "blocker" ? `up would be refused: ${renderProblem(problem)}` : renderProblem(problem);
}

/** For `strictPreview`: one error of all blockers; undefined where there are none. */
export function strictFailure({ problems }: Preview, domain: string): Error | undefined {
  const blockers = problems.filter(({ severity }) => severity === "blocker");
  if (blockers.length === 0) return undefined;
  const lines = blockers.map((problem) => `  ${renderProblem(problem)}`);
  const text = [`${domain} cannot be moved as things stand, and vm-placement:strictPreview is true:`, ...lines];
  return new Error(clean(text.join("\n"), maxText));
}
