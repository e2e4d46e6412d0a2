import type * as pulumi from "@pulumi/pulumi";
import { containsUnknown, renderInputFailure, UNKNOWN } from "../schema";
import { planOf, readInputs } from "./inputs";
import type { Settings } from "./settings";
import type { Props } from "./state";

/** Adds the plan to the inputs, or names all that is wrong at once. Asks no host. */
export function checkInputs(settings: Settings, news: Props): Required<pulumi.dynamic.CheckResult> {
  const { inputs, failures } = readInputs(settings, news);
  return {
    // Outside a preview the engine takes an unknown plan for the failure, and hides the real ones.
    inputs: { ...news, plan: failures.length > 0 ? undefined : plan() },
    failures: failures.map((each) => ({ property: each.property, reason: renderInputFailure(each) })),
  };

  function plan() {
    return containsUnknown(news) ? UNKNOWN : planOf(settings, inputs);
  }
}
