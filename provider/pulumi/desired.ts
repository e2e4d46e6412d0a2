import type { LastMigration } from "../core/args";
import { PlacementError } from "../core/errors";
import type { DesiredPlacement } from "../observe/assess";
import { driftOf } from "./drift";
import { planOf, readInputs } from "./inputs";
import { type Settings, usable } from "./settings";
import { type Props, viewInState } from "./state";

/**
 * Policies may have changed the inputs after check, so they are read again.
 *
 * @param id the UUID in state; undefined on create.
 * @throws PlacementError where the inputs or the configuration cannot be used.
 */
export function desiredOf(settings: Settings, id: string | undefined, olds: Props, news: Props): DesiredPlacement {
  const known = usable(settings);
  const { inputs, failures } = readInputs(known, news);
  const recorded = olds.currentHost as string | undefined;
  const wrong = failures[0];
  if (wrong || !inputs.domain || !inputs.hosts || !inputs.migration) {
    throw new PlacementError({
      code: wrong?.code ?? "invalidInput",
      phase: "check",
      action: `${wrong?.property ?? "an input"} cannot be used`,
      message: wrong?.message ?? "it is not known",
      remedies: [...(wrong?.remedies ?? []), { do: "fix the program, or the policy that changed it" }],
    });
  }
  const spelled = (host: string) => known.hosts.spelledAs(host, inputs.hosts!);
  const lastHost = recorded === undefined ? undefined : spelled(recorded);
  const drift = id === undefined ? undefined : driftOf(inputs.onDrift, olds, news, spelled);
  return {
    domain: inputs.domain,
    uuid: id,
    hosts: inputs.hosts,
    options: inputs.migration,
    plan: planOf(settings, inputs),
    lastHost,
    ...(id !== undefined && lastHost !== undefined && { inState: { ...viewInState(id, olds), host: lastHost } }),
    ...(drift && { drift }),
    ...(inputs.limits && { limits: inputs.limits }),
    lastMigration: olds.lastMigration as LastMigration | undefined,
    estimate: settings.preview.probe ? settings.preview : undefined,
    everywhere: olds.__incomplete === true,
  };
}

/** For what is asked beforehand: what is wrong with the inputs is for the update to tell. */
export function desiredIfValid(
  settings: Settings,
  { id, olds, news }: { id: string; olds: Props; news: Props },
): DesiredPlacement | undefined {
  try {
    return desiredOf(settings, id, olds, news);
  } catch {
    return undefined;
  }
}
