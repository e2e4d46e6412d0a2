/** The programs of a stack: what declares placements, in which language, and what runs them. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlacementArgs } from "../../provider";

const root = join(__dirname, "../..");

/** Which resource the placements of a program are: that of the TypeScript package, or in YAML that of the provider for every language. */
export type Through = "dynamic resource" | "provider";

/** A part of the command line of the process that has the handlers. */
export const providerProcesses: Record<Through, string> = {
  "dynamic resource": "dynamic-provider",
  provider: "dist/server.js",
};

/** One resource of the program. `args` may be wrong on purpose. */
export interface Declared {
  args: PlacementArgs | Record<string, unknown>;
  /** Pulumi's resource options: protect, ignoreChanges … */
  options?: Record<string, unknown>;
}

export const program = `
const { VmPlacement } = require("pulumi-vm-placement");
const declared = JSON.parse(require("fs").readFileSync(__dirname + "/placements.json", "utf8"));
for (const [name, { args, options }] of Object.entries(declared)) {
  exports[name] = new VmPlacement(name, args, options).currentHost;
}
`;

/** The resources and outputs of the same program. */
export function inYaml(placements: Record<string, Declared>): [resources: object, outputs: object] {
  const all = Object.entries(placements);
  const resources = all.map(([name, { args, options }]) => [
    name,
    { type: "vm-placement:VmPlacement", properties: args, ...(options && { options }) },
  ]);
  return [Object.fromEntries(resources), Object.fromEntries(all.map(([name]) => [name, `\${${name}.currentHost}`]))];
}

/** Of Pulumi.yaml. @param more a program in YAML. */
export function projectText(through: Through, more: object = {}): string {
  const name = "placements";
  if (through === "dynamic resource")
    return JSON.stringify({ name, runtime: { name: "nodejs", options: { typescript: false } } });
  // A relative path goes with a copy of the stack.
  const plugins = { providers: [{ name: "vm-placement", path: "../plugin" }] };
  return JSON.stringify({ name, runtime: "yaml", plugins, ...more });
}

/** The launcher that npm makes of the package's `bin`. */
export function makePlugin(dir: string): void {
  mkdirSync(join(dir, "plugin"));
  const launcher = `#!/bin/sh\nexec node ${join(root, "dist/server.js")} "$@"\n`;
  writeFileSync(join(dir, "plugin/pulumi-resource-vm-placement"), launcher, { mode: 0o755 });
}
