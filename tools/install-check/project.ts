/** The project that each package manager gets: a program for `pulumi`, and the same package used in each way that Node.js and TypeScript have. */
const program = `import { VmPlacement } from "pulumi-vm-placement";

export const where = new VmPlacement("db", { domain: "db-01", host: "kvm-a" }).currentHost;
`;

const commonJs = `const { VmPlacement } = require("pulumi-vm-placement");
const { create } = require("pulumi-vm-placement/handlers");
if (typeof VmPlacement !== "function") throw new Error("no VmPlacement");
if (typeof create !== "function") throw new Error("no handlers");
`;

const ecmaScript = `import { VmFleet, VmPlacement } from "pulumi-vm-placement";
import { planFleet } from "pulumi-vm-placement/fleet";
if (typeof VmPlacement !== "function" || typeof VmFleet !== "function") throw new Error("no VmPlacement");
if (typeof planFleet !== "function") throw new Error("no planFleet");
`;

const compilerOptions = { strict: true, target: "es2022", noEmit: true, skipLibCheck: true, types: ["node"] };

export function filesOf(tarball: string, versionOf: (name: string) => string): Record<string, string> {
  const versions = (...names: string[]) => Object.fromEntries(names.map((name) => [name, versionOf(name)]));
  return {
    "package.json": JSON.stringify({
      name: "placements",
      private: true,
      type: "module",
      dependencies: { ...versions("@pulumi/pulumi"), "pulumi-vm-placement": `file:${tarball}` },
      devDependencies: versions("@types/node", "typescript"),
    }),
    "Pulumi.yaml": "name: placements\nruntime: { name: nodejs, options: { typescript: false } }\n",
    "index.js": program,
    "use.cjs": commonJs,
    "use.mjs": ecmaScript,
    "use.mts": program,
    "use.cts": program,
    "tsconfig.json": JSON.stringify({ compilerOptions, files: ["use.mts", "use.cts"] }),
  };
}

const tsc = (module: string, moduleResolution: string, ...more: string[]) => [
  "node",
  "node_modules/typescript/bin/tsc",
  ...["--project", "tsconfig.json", "--module", module, "--moduleResolution", moduleResolution, ...more],
];

export const uses: readonly (readonly string[])[] = [
  ["node", "use.cjs"],
  ["node", "use.mjs"],
  tsc("node16", "node16"),
  tsc("esnext", "bundler"),
  ["node", "node_modules/pulumi-vm-placement/dist/cli/index.js", "help"],
];
