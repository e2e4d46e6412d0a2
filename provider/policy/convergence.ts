/** What policies make of `migration.convergence`: the steps that are written, and those of a preset. */
import type { MigrationArgs } from "../core/args";
import { writtenSteps } from "../core/convergence/presets";
import { showDuration } from "../core/units";
import { violation } from "./definition";
import { durationMs } from "./model";

/** What of these options permits post-copy, as text. */
export function switchesOf({ postCopy, convergence }: MigrationArgs): string | undefined {
  if (postCopy) return "migration.postCopy";
  if (!writtenSteps(convergence).some((step) => step.do === "postCopy")) return undefined;
  return `${shownConvergence(convergence)} with a step that switches to post-copy`;
}

function shownConvergence(convergence: MigrationArgs["convergence"]): string {
  return typeof convergence === "string" ? `migration.convergence: "${convergence}"` : "migration.convergence";
}

/** The longest pause that the steps of `convergence` may come to, and pauses without a limit. */
export function stepFaults(vm: string, { convergence }: MigrationArgs, limitMs: number): string[] {
  const allowed = `a pause of at most ${showDuration(limitMs)}`;
  const longest = writtenSteps(convergence)
    .flatMap((step) => (typeof step.do === "object" && "raiseDowntime" in step.do ? step.do.raiseDowntime : []))
    .filter((limit) => durationMs("migration.convergence", limit) > limitMs)
    .at(-1);
  const suspends = writtenSteps(convergence).some((step) => step.do === "suspend");
  const named = shownConvergence(convergence);
  const remedy = "take the step out, or write steps of your own in place of a preset";
  return [
    ...(longest === undefined
      ? []
      : [violation(vm, `${named}, which raises the pause to ${longest}`, allowed, remedy)]),
    ...(suspends
      ? [
          violation(
            vm,
            `${named} with a step "suspend", which pauses the VM for as long as the rest of its memory takes`,
            allowed,
            'use do: "abort"',
          ),
        ]
      : []),
  ];
}
