/** The pages that the Pulumi Registry takes from docs/: its front matter, its choosers of languages, and code that holds. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

const root = join(__dirname, "../../..");
const languages = ["typescript", "python", "yaml"];
const pages = ["_index.md", "installation-configuration.md"].map((name) => {
  const text = readFileSync(join(root, "docs", name), "utf8");
  const blocks = [...text.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language, code]) => ({
    language,
    code: code!,
  }));
  return { name, text, blocks };
});

describe("a page for the Pulumi Registry", () => {
  for (const { name, text, blocks } of pages) {
    it(`${name} has a title, a description that search engines show whole, and the layout of packages`, () => {
      const front = parse(/^---\n([^]*?)\n---\n/.exec(text)![1]!) as Record<string, string>;
      assert.deepEqual(Object.keys(front), ["title", "meta_desc", "layout"]);
      assert.equal(front["layout"], "package");
      assert.ok(
        front["meta_desc"]!.length >= 50 && front["meta_desc"]!.length <= 160,
        String(front["meta_desc"]!.length),
      );
      assert.doesNotMatch(text, /^# /m);
    });

    it(`${name} has something for each language of each chooser`, () => {
      const choosers = [...text.matchAll(/\{\{< chooser language "([^"]*)" >\}\}([^]*?)\{\{< \/chooser >\}\}/g)];
      assert.equal(choosers.length, text.split("{{< chooser").length - 1);
      for (const [, offered, inside] of choosers) {
        const parts = [...inside!.matchAll(/\{\{% choosable language (\w+) %\}\}([^]*?)\{\{% \/choosable %\}\}/g)];
        assert.deepEqual(offered!.split(","), languages);
        assert.deepEqual(
          parts.map(([, language]) => language),
          languages,
        );
        for (const [, language, part] of parts) assert.match(part!, /^```/m, language);
      }
    });

    it(`${name} has YAML that parses`, () => {
      for (const { language, code } of blocks) if (language === "yaml") assert.ok(parse(code));
    });
  }

  it("has TypeScript that compiles against the built package", function () {
    this.timeout(120_000);
    const directory = mkdtempSync(join(tmpdir(), "vm-placement-registry-"));
    try {
      const programs = pages.flatMap(({ blocks }) => blocks.filter(({ language }) => language === "typescript"));
      assert.ok(programs.length > 0);
      programs.forEach(({ code }, i) => writeFileSync(join(directory, `program${i}.ts`), code));
      symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
      const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "node16", "--target", "es2022"];
      const files = programs.map((_, i) => `program${i}.ts`);
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, ...files], {
        cwd: directory,
        encoding: "utf8",
      });
      assert.equal(status, 0, stdout);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
