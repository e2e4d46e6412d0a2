import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { optionNames, optionTable } from "../../../provider/core/options";
import { docComments } from "../../../tools/docs/doc-comments";
import { generated, withGenerated } from "../../../tools/docs/generated";
import { allowed, code } from "../../../tools/docs/options";

const root = join(__dirname, "../../..");

describe("the docs", () => {
  for (const file of new Set(generated.map((part) => part.file))) {
    it(`have in ${file} what the code says (npm run docs)`, () => {
      const text = readFileSync(join(root, file), "utf8");
      assert.equal(withGenerated(file, text), text);
    });
  }

  it("link to files that are there", () => {
    for (const file of ["README.md", "docs/architecture.md"]) {
      const links = [...readFileSync(join(root, file), "utf8").matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]!);
      assert.ok(links.length > 0);
      for (const link of links) assert.ok(existsSync(join(root, dirname(file), link)), `${file} → ${link}`);
    }
  });
});

describe("the doc comment of a migration option", () => {
  const comments = docComments(join(root, "provider/core/args.ts"), "MigrationArgs");
  for (const name of optionNames) {
    const { input, kind, virsh, since } = optionTable[name];
    it(`says of ${input} what the table says`, () => {
      const { text, tags } = comments.get(input)!;
      assert.ok(text.length > 0);
      assert.equal(tags.get("allowed"), allowed(kind));
      const release = since === undefined ? "" : ` since libvirt ${since}`;
      assert.equal(tags.get("virsh"), virsh === undefined ? undefined : code(virsh) + release);
    });
  }
});
