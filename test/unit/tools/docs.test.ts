import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { optionNames, optionTable } from "../../../provider/core/options";
import { docComments } from "../../../tools/docs/doc-comments";
import { generated, withGenerated } from "../../../tools/docs/generated";
import { pulumiSchema, pulumiSchemaFile } from "../../../tools/docs/pulumiSchema";
import { allowed, code } from "../../../tools/docs/options";

const root = join(__dirname, "../../..");

describe("the docs", () => {
  for (const file of new Set(generated.map((part) => part.file))) {
    it(`have in ${file} what the code says (npm run docs)`, () => {
      const text = readFileSync(join(root, file), "utf8");
      assert.equal(withGenerated(file, text), text);
    });
  }

  it(`have in ${pulumiSchemaFile} what the types say (npm run docs)`, function () {
    this.timeout(60_000);
    assert.deepEqual(JSON.parse(read(pulumiSchemaFile)), JSON.parse(JSON.stringify(pulumiSchema())));
  });

  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...["docs", "docs/adr"].flatMap((directory) =>
      readdirSync(join(root, directory))
        .filter((name) => name.endsWith(".md"))
        .map((name) => `${directory}/${name}`),
    ),
  ];
  for (const file of pages) {
    it(`link in ${file} to files and headings that are there`, () => {
      for (const [, link, anchor] of read(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
        const target = link === "" ? file : join(dirname(file), link!);
        assert.ok(existsSync(join(root, target)), `${file} → ${link}`);
        if (anchor === undefined) continue;
        const headings = [...read(target).matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchorOf(text!));
        assert.ok(headings.includes(anchor), `${file} → ${link}#${anchor}`);
      }
    });
  }

  it("are all reachable from the README", () => {
    const reached = new Set(["README.md"]);
    for (const file of reached) {
      for (const [, link] of read(file).matchAll(/\]\((?!https?:)([^)#]+\.md)/g))
        reached.add(join(dirname(file), link!));
    }
    assert.deepEqual(
      pages.filter((page) => !reached.has(page)),
      [],
    );
  });

  it("keep the README short enough to read in one go", () => {
    assert.ok(read("README.md").split("\n").length <= 120);
  });

  function read(file: string): string {
    return readFileSync(join(root, file), "utf8");
  }

  /** As GitHub makes them. */
  function anchorOf(heading: string): string {
    return heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-");
  }
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
