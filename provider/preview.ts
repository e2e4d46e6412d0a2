/** How a preview is made, and how it reads. */
import type { Progress } from "./core/ports";
import { type Finding, showFinding } from "./core/rules";
import type { Foresight } from "./placement/foresee";
import type { InputFailure } from "./schema";

export interface PreviewSettings {
  /** Ask the hosts (`vm-placement:preview: probe`, the default), or decide from inputs and state alone (`static`). */
  probe: boolean;
  /** A blocker fails the preview (`vm-placement:strictPreview`). */
  strict: boolean;
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
  return {
    preview: {
      probe: choice("vm-placement:preview", ["probe", "static"]) === "probe",
      strict: choice("vm-placement:strictPreview", ["false", "true"]) === "true",
    },
    failures,
  };
}

/** Findings as warnings in the resource's row; each stands alone in Diagnostics. */
export function show({ findings, note }: Foresight, progress: Progress): void {
  for (const finding of findings) progress.warn(inWords(finding));
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
