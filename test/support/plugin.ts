/** The plugin that `pulumi package add` takes by its path. */
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const root = join(__dirname, "../..");

/** As it is installed, but in `directory`: Pulumi writes a file with its schema beside a plugin. @returns its path. */
export function copyPlugin(directory: string): string {
  const installed = join(directory, "installed");
  mkdirSync(installed);
  cpSync(join(root, "plugin"), join(installed, "plugin"), { recursive: true });
  for (const name of ["dist", "node_modules"]) symlinkSync(join(root, name), join(installed, name));
  return join(installed, "plugin");
}
