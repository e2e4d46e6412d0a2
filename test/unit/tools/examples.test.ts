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

describe("the templates for `pulumi new`", () => {
  const template = (language: string, file: string) =>
    readFileSync(join(root, "templates", `vm-placement-${language}`, file), "utf8");
  const dependencies = (text: string) => (JSON.parse(text) as { dependencies: object }).dependencies;

  it("make the quickstart in TypeScript", () => {
    for (const file of ["index.ts", "tsconfig.json", "package.json", ".gitignore"]) {
      const made = template("typescript", file).replaceAll("${PROJECT}", "vm-placement-quickstart");
      assert.equal(made, read("quickstart", file), file);
    }
  });

  const programs = { typescript: "index.ts", python: "__main__.py", yaml: "Pulumi.yaml" };
  for (const [language, program] of Object.entries(programs)) {
    it(`ask for each key of the configuration that the program requires, in ${language}`, () => {
      const [, questions = ""] = /^template:\n([^]*?)(?=^\S|$(?![^]))/m.exec(template(language, "Pulumi.yaml"))!;
      const asked = [...questions.matchAll(/^ {4}(\w+):$/gm)].map(([, key]) => key!);
      const use = language === "yaml" ? /: \$\{(\w+)\}$/gm : /config\.require\("(\w+)"\)/g;
      const used = [...template(language, program).matchAll(use)].map(([, key]) => key!);
      const required = used.filter((key) => key !== "PROJECT" && key !== "DESCRIPTION");
      assert.deepEqual(asked, required);
      assert.deepEqual(
        dependencies(template(language, "package.json")),
        dependencies(read("quickstart", "package.json")),
      );
    });
  }
});
