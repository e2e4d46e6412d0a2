/** The SDK for TypeScript, in a project as `pulumi package add` links it. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import { ensureSdkGenerator } from "../../lab/pulumi/go-programs";
import { runCommand } from "../../lab/pulumi/run-command";

const root = join(__dirname, "../..");
const sdkName = "@pulumi-vm-placement/sdk";

/** False without Go, which builds the generator. */
export async function linkNodejsSdk(projectDir: string): Promise<boolean> {
  const generator = await ensureSdkGenerator((line) => console.error(line));
  if (generator === undefined) return false;
  const sdks = join(projectDir, "sdks");
  const { code, stderr } = await runCommand(generator, [join(root, "schema.json"), sdks]);
  if (code !== 0) throw new Error(stderr);
  const directory = join(sdks, "nodejs");
  compile(directory);
  const modules = join(projectDir, "node_modules");
  rmSync(modules, { recursive: true, force: true });
  for (const [name, target] of [
    [sdkName, directory],
    ["@pulumi/pulumi", join(root, "node_modules/@pulumi/pulumi")],
    ["pulumi-vm-placement", root],
  ] as const) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(target, join(modules, name));
  }
  const dependencies = { "@pulumi/pulumi": "*", [sdkName]: "file:sdks/nodejs" };
  writeFileSync(join(projectDir, "package.json"), JSON.stringify({ name: "placements", private: true, dependencies }));
  return true;
}

/** Into `bin`, as the SDK's own script does it, but without checking types. */
function compile(directory: string): void {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2020, esModuleInterop: true };
    const { outputText } = ts.transpileModule(readFileSync(join(directory, file), "utf8"), { compilerOptions });
    const compiled = join(directory, "bin", file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(compiled), { recursive: true });
    writeFileSync(compiled, outputText);
  }
  writeFileSync(join(directory, "bin/package.json"), readFileSync(join(directory, "package.json")));
}
