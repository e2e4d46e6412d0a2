/** How a preview is made, and how it reads. */
import { showPrediction } from "./core/predict";
import type { Progress } from "./core/ports";
import { type Finding, showFinding } from "./core/rules";
import type { Foresight } from "./placement/foresee";
import type { InputFailure } from "./schema";

export interface PreviewSettings {
  /** Ask the hosts (`vm-placement:preview: probe`, the default), or decide from inputs and state alone (`static`). */
  probe: boolean;
  /** A blocker fails the preview (`vm-placement:strictPreview`). */
  strict: boolean;
  /** How long a guest's dirty pages are counted for the prediction (`vm-placement:dirtyRateSeconds`, default 1, 0 = not at all). */
  dirtyRateSeconds: number;
}

export function parsePreviewSettings(get: (key: string) => string | undefined): {
  preview: PreviewSettings;
  failures: InputFailure[];
} {
  const failures: InputFailure[] = [];
  const choice = (key: string, values: readonly string[]): string => {
    const given = get(key);
    if (given === undefined || values.includes(given)) return given ?? values[0]!;
    const reason = `got ${JSON.stringify(given)}; expected ${values.join(" or ")}, for example \`pulumi config set ${key} ${values[1]}\``;
    failures.push({ property: key, reason, code: "invalidInput" });
    return values[0]!;
  };
  const seconds = get("vm-placement:dirtyRateSeconds") ?? "1";
  const known = /^\d+$/.test(seconds) && Number(seconds) <= 60;
  if (!known) {
    const reason = `got ${JSON.stringify(seconds)}; expected whole seconds from 0 (not measured) to 60, for example \`pulumi config set vm-placement:dirtyRateSeconds 2\``;
    failures.push({ property: "vm-placement:dirtyRateSeconds", reason, code: "invalidInput" });
  }
  return {
    preview: {
      dirtyRateSeconds: known ? Number(seconds) : 1,
      probe: choice("vm-placement:preview", ["probe", "static"]) === "probe",
      strict: choice("vm-placement:strictPreview", ["false", "true"]) === "true",
    },
    failures,
  };
}

/** Findings as warnings in the resource's row; each stands alone in Diagnostics. */
export function show({ findings, predicted, note }: Foresight, progress: Progress): void {
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
export function strictFailure({ findings }: Foresight, domain: string): Error | undefined {
  const blockers = findings.filter(({ severity }) => severity === "blocker");
  if (blockers.length === 0) return undefined;
  const lines = blockers.map((finding) => `  ${showFinding(finding)}`);
  return new Error(
    [`${domain} cannot be moved as things stand, and vm-placement:strictPreview is true:`, ...lines].join("\n"),
  );
}
