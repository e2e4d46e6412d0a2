import Module, { createRequire } from "node:module";
import { join } from "node:path";

const moduleName = "@pulumi/pulumi/cmd/dynamic-provider";

// The engine starts a provider in the project's directory, and it is the project's SDK that has to serve it.
let path: string;
try {
  path = createRequire(join(process.cwd(), "package.json")).resolve(moduleName);
} catch {
  console.error(`Cannot find module '${moduleName}' from ${process.cwd()}: run npm install there.`);
  process.exit(1);
}
// In this process, so that a signal from the engine reaches the provider itself.
process.argv[1] = path;
(Module as unknown as { runMain(): void }).runMain();
