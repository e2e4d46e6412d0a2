import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../../..");
const names = readdirSync(join(root, "examples"));
const read = (example: string, file: string) => readFileSync(join(root, "examples", example, file), "utf8");

describe("an example", () => {
  for (const name of names) {
    describe(name, () => {
      let directory: string;

      beforeEach(() => {
        directory = mkdtempSync(join(tmpdir(), "vm-placement-example-"));
        cpSync(join(root, "examples", name), directory, { recursive: true });
      });
      afterEach(() => rmSync(directory, { recursive: true, force: true }));

      it("is whole: a copy of it elsewhere compiles against the built package", function () {
        this.timeout(120_000);
        symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
        const tsc = join(root, "node_modules/typescript/bin/tsc");
        // What the declarations of all packages say is checked in test/cli/package.test.ts.
        const args = [tsc, "--noEmit", "--skipLibCheck", "--pretty", "false"];
        const { status, stdout } = spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8" });
        assert.equal(status, 0, stdout);
      });

      it("names the packages that it uses, in versions that are here", () => {
        const { dependencies } = JSON.parse(read(name, "package.json")) as { dependencies: Record<string, string> };
        const ours = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
          version: string;
          peerDependencies: Record<string, string>;
          peerDependenciesMeta: Record<string, { optional?: boolean }>;
        };
        const isUsed = (peer: string) =>
          ours.peerDependenciesMeta[peer]?.optional !== true || read(name, "index.ts").includes(`from "${peer}"`);
        const peers = Object.entries(ours.peerDependencies).filter(([peer]) => isUsed(peer));
        assert.deepEqual(dependencies, { ...Object.fromEntries(peers), "pulumi-vm-placement": `^${ours.version}` });
      });
    });
  }
});

describe("the template for `pulumi new`", () => {
  it("makes the quickstart", () => {
    for (const file of ["index.ts", "tsconfig.json", "package.json", ".gitignore"]) {
      const made = read("template", file).replaceAll("${PROJECT}", "vm-placement-quickstart");
      assert.equal(made, read("quickstart", file), file);
    }
  });

  it("asks for each key of the configuration that the program requires", () => {
    const required = [...read("template", "index.ts").matchAll(/config\.require\("(\w+)"\)/g)].map(([, key]) => key!);
    const asked = [...read("template", "Pulumi.yaml").matchAll(/^ {4}(\w+):$/gm)].map(([, key]) => key!);
    assert.deepEqual(asked, required);
  });
});
