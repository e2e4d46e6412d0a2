/** `convergence` by name. A preset is what a user could have written: the same steps, read by the same schema. */
import type { ConvergenceStepArgs, MigrationArgs } from "../args";

type PresetName = Extract<MigrationArgs["convergence"], string>;

interface Preset {
  /** For the docs. */
  meaning: string;
  steps: readonly ConvergenceStepArgs[];
}

/** Pauses grow first, since they end with the migration; what slows the VM or cannot be called back comes after them. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  gentle: {
    meaning: "The VM is neither slowed nor switched to post-copy: it pauses for at most 1 s, or stays where it is.",
    steps: [
      { stalled: "20s", do: { raiseDowntime: "500ms" } },
      { stalled: "1m", do: { raiseDowntime: "1s" } },
      { stalled: "5m", do: "abort" },
    ],
  },
  balanced: {
    meaning: "The VM may be slowed and pauses for at most 2 s; there is no post-copy.",
    steps: [
      { pass: 3, do: "throttle" },
      { stalled: "20s", do: { raiseDowntime: "500ms" } },
      { stalled: "1m", do: { raiseDowntime: "1s" } },
      { stalled: "2m", do: { raiseDowntime: "2s" } },
      { stalled: "10m", do: "abort" },
    ],
  },
  finish: {
    meaning: "The migration ends at any dirty rate: by post-copy where a pause of 1 s is not enough.",
    steps: [
      { stalled: "10s", do: { raiseDowntime: "500ms" } },
      { stalled: "20s", do: { raiseDowntime: "1s" } },
      { stalled: "40s", do: "postCopy" },
    ],
  },
};

export const presetNames = Object.keys(presets) as PresetName[];

/** The steps as they are written, those of a preset too. */
export function writtenSteps(convergence: MigrationArgs["convergence"]): readonly ConvergenceStepArgs[] {
  return typeof convergence === "string" ? presets[convergence].steps : (convergence ?? []);
}
