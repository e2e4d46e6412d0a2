/** How a preview reads. */
import { clean } from "../core/clean";
import { showPrediction } from "../core/predict";
import type { Progress } from "../core/ports";
import { type Finding, showFinding } from "../core/rules";
import type { Preview } from "../preflight/preview";

/** Room for the blockers of a VM that has every one of them. */
const maxText = 16 * 1024;

/** Findings as warnings in the resource's row; each stands alone in Diagnostics. */
export function show({ findings, predicted, note }: Preview, progress: Progress): void {
  for (const finding of findings) progress.warn(inWords(finding));
  if (predicted !== undefined) {
    const text = showPrediction(predicted.prediction, predicted.prospect);
    if (predicted.prediction.verdict === "willNotConverge") progress.warn(text);
    else progress.info(text);
  }
  if (note !== undefined) progress.info(note);
}

/** The same text wherever a finding is shown: preview, plan, doctor. */
export function inWords(finding: Finding): string {
  return finding.severity === "blocker" ? `up would be refused: ${showFinding(finding)}` : showFinding(finding);
}

/** For `strictPreview`: one error of all blockers; undefined where there are none. */
export function strictFailure({ findings }: Preview, domain: string): Error | undefined {
  const blockers = findings.filter(({ severity }) => severity === "blocker");
  if (blockers.length === 0) return undefined;
  const lines = blockers.map((finding) => `  ${showFinding(finding)}`);
  const text = [`${domain} cannot be moved as things stand, and vm-placement:strictPreview is true:`, ...lines];
  return new Error(clean(text.join("\n"), maxText));
}
