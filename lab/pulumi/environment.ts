import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The environment of a backend of its own in `directory`: nothing is read from or written to the user's Pulumi. */
export function pulumiEnvironment(directory: string): Record<string, string> {
  const state = join(directory, "state");
  const home = join(directory, "home");
  mkdirSync(state, { recursive: true });
  mkdirSync(home, { recursive: true });
  return {
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_HOME: home,
    PULUMI_CONFIG_PASSPHRASE: "vm-placement",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Every plugin that is needed is beside the CLI; a missing one should fail at once, not start a download.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}
