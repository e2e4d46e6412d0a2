/** SDKs for other languages from schema.json, as `pulumi package gen-sdk` makes them, compiled where the toolchain is at hand. */
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ensurePulumi } from "../../lab/pulumi";
import { findExecutable } from "../../lab/pulumi/find-on-path";
import { ensureSdkGenerator, sdkModule } from "../../lab/pulumi/go-programs";
import { ensurePythonSdk } from "../../lab/pulumi/python-sdk";
import { runCommand } from "../../lab/pulumi/run-command";
import { copyPlugin } from "../support/plugin";

const root = join(__dirname, "../..");
const schemaFile = join(root, "schema.json");

/** The program of the docs and a fleet, without an engine: prints what they register. */
const mockedPython = `
import json
import pulumi

registered = []


class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        registered.append([args.typ, args.name, args.inputs])
        return args.name, {**args.inputs, "currentHost": "kvm-a", "hosts": {"db-01": "kvm-a"}, "placements": {}}

    def call(self, args):
        return {}


pulumi.runtime.set_mocks(Mocks(), preview=False)


@pulumi.runtime.test
def run():
    program = {}
    exec(open("program.py").read(), program)
    vms = {"db-01": "kvm-a", "web-01": {"host": "kvm-b", "after": ["db-01"]}}
    fleet = program["vm_placement"].VmFleet("prod", placements={"vms": vms})
    return pulumi.Output.all(program["db"].current_host, fleet.hosts)


run()
print(json.dumps(sorted(registered, key=lambda each: each[1])))
`;

describe("SDKs from schema.json", () => {
  let directory: string;
  let generator: string | undefined;

  before(async function () {
    // The generator is built once.
    this.timeout(15 * 60_000);
    directory = mkdtempSync(join(tmpdir(), "vm-placement-sdk-"));
    generator = await ensureSdkGenerator((line) => console.error(line));
    if (generator !== undefined) await run(generator, [schemaFile, directory]);
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  async function run(command: string, args: string[], cwd = directory, env = process.env): Promise<string> {
    const { code, stdout, stderr } = await runCommand(command, args, { cwd, env });
    assert.equal(code, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  const textOf = (language: string): string =>
    readdirSync(join(directory, language), { recursive: true, encoding: "utf8" })
      .filter((path) => /\.(ts|py|go|cs|java)$/.test(path))
      .map((path) => readFileSync(join(directory, language, path), "utf8"))
      .join("\n");

  it("is a schema by Pulumi's own check", async function () {
    this.timeout(120_000);
    const { bin, env } = await ensurePulumi();
    const home = { PULUMI_HOME: directory, PULUMI_SKIP_UPDATE_CHECK: "true" };
    await run(bin, ["schema", "check", schemaFile], root, { ...process.env, ...env, ...home });
  });

  it("is what the provider itself says, also as a plugin that Pulumi runs with Node", async function () {
    this.timeout(120_000);
    const { bin, env } = await ensurePulumi();
    const home = { PULUMI_HOME: directory, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const said = await run(bin, ["package", "get-schema", copyPlugin(directory)], root, {
      ...process.env,
      ...env,
      ...home,
    });
    const { name, resources } = JSON.parse(said.slice(said.indexOf("{"))) as { name: string; resources: object };
    const written = JSON.parse(readFileSync(schemaFile, "utf8")) as { resources: object };
    assert.deepEqual([name, Object.keys(resources).sort()], ["vm-placement", Object.keys(written.resources).sort()]);
  });

  const names: Record<string, RegExp[]> = {
    nodejs: [
      /class VmPlacement extends/,
      /class VmFleet extends/,
      /interface MigrationArgs/,
      /function planMove\(/,
      /function getPlacements\(/,
    ],
    python: [
      /class VmPlacement\(/,
      /class VmFleet\(/,
      /class MigrationArgs/,
      /def plan_move\(/,
      /def get_placements\(/,
    ],
    go: [
      /func NewVmPlacement\(/,
      /func NewVmFleet\(/,
      /type MigrationArgs struct/,
      /func PlanMove\(/,
      /func GetPlacements\(/,
    ],
    dotnet: [/class VmPlacement /, /class VmFleet /, /class MigrationArgs /, /class PlanMove/, /class GetPlacements/],
    java: [/class VmPlacement /, /class VmFleet /, /class MigrationArgs /, /planMove\(/, /getPlacements\(/],
  };
  for (const [language, expected] of Object.entries(names)) {
    it(`makes one for ${language}, with the resource, the component, the functions and the options`, function () {
      if (generator === undefined) return this.skip();
      const text = textOf(language);
      for (const name of expected) assert.match(text, name);
    });
  }

  it("makes TypeScript that compiles, and so does the program of the docs", async function () {
    if (generator === undefined) return this.skip();
    this.timeout(120_000);
    const sdk = join(directory, "nodejs");
    const text = readFileSync(join(root, "docs/languages.md"), "utf8");
    const program = /```ts\n(import \* as vmPlacement.+?)```/s.exec(text)![1]!;
    writeFileSync(join(sdk, "program.ts"), program.replace('"@pulumi-vm-placement/sdk"', '"./index"'));
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const options = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--types",
      "node",
      "--target",
      "es2022",
      "--module",
      "node16",
    ];
    await run(process.execPath, [compiler, ...options, "program.ts"], sdk);
  });

  it("makes Python that compiles", async function () {
    if (generator === undefined || findExecutable("python3") === undefined) return this.skip();
    await run("python3", ["-m", "compileall", "-q", "python"]);
  });

  it("makes Python that installs, and the program of the docs registers what it says", async function () {
    this.timeout(10 * 60_000);
    const sdk = generator === undefined ? undefined : await ensurePythonSdk((line) => console.error(line));
    if (sdk === undefined) return this.skip();
    const site = join(directory, "site");
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"];
    const withSdk = (...first: string[]) => ({ ...process.env, PYTHONPATH: [...first, sdk].join(delimiter) });
    await run("python3", [...pip, "--target", site, "./python"], directory, withSdk());
    const text = readFileSync(join(root, "docs/languages.md"), "utf8");
    writeFileSync(join(directory, "program.py"), /```python\n(.+?)```/s.exec(text)![1]!);
    writeFileSync(join(directory, "mocked.py"), mockedPython);
    const printed = await run("python3", ["mocked.py"], directory, withSdk(site));
    const vms = { "db-01": "kvm-a", "web-01": { host: "kvm-b", after: ["db-01"] } };
    const migration = { autoConverge: true, timeout: "5m" };
    assert.deepEqual(JSON.parse(printed), [
      ["vm-placement:index:VmPlacement", "db", { domain: "db-01", host: "kvm-a", onDrift: "moveBack", migration }],
      ["vm-placement:index:VmFleet", "prod", { placements: { vms } }],
    ]);
  });

  it("makes Go that compiles, and so does a program that uses it", async function () {
    if (generator === undefined) return this.skip();
    // Pulumi's SDK is compiled with it, once; then it is in Go's own cache.
    this.timeout(10 * 60_000);
    const go = join(directory, "go");
    const modules = readFileSync(join(sdkModule, "go.mod"), "utf8").replace(
      /^module .*$/m,
      "module pulumi-vm-placement/sdk/go",
    );
    writeFileSync(join(go, "go.mod"), modules);
    copyFileSync(join(sdkModule, "go.sum"), join(go, "go.sum"));
    const program = /```go\n(.+?)```/s.exec(readFileSync(join(root, "docs/languages.md"), "utf8"))![1]!;
    writeFileSync(join(go, "main.go"), program);
    assert.ok(existsSync(join(go, "vmplacement")));
    await run("go", ["build", "-mod=mod", "-trimpath", "-o", join(directory, "program"), "."], go, {
      ...process.env,
      GOWORK: "off",
      GOFLAGS: "",
    });
  });
});
