import assert from "node:assert/strict";
import { againstArrows, circles, importsOf } from "../../../../tools/lint/imports";
import { comparedReasons, undocumentedFields } from "../../../../tools/lint/source";
import { tooLong } from "../../../../tools/lint/size";
import { withoutSubject } from "../../../../tools/lint/mirror";
import { bannedWords } from "../../../../tools/lint/words";

const imports = (sources: Record<string, string>) => importsOf(new Map(Object.entries(sources)));

describe("the check of the architecture", () => {
  it("resolves what a file imports: by value, by type, by folder, when it runs", () => {
    const found = imports({
      "provider/core/a.ts": 'import { b } from "./b"; import type { C } from "."; import "node:fs"; import "./none";',
      "provider/core/b.ts": 'export const b = () => import("../virsh/d"); export type { C } from "./index";',
      "provider/core/index.ts": "",
      "provider/virsh/d.ts": 'type B = import("../core/b").B;',
    });
    assert.deepEqual(
      [...found].map(([path, targets]) => [path, [...targets]]),
      [
        ["provider/core/a.ts", ["provider/core/b.ts", "provider/core/index.ts"]],
        ["provider/core/b.ts", ["provider/virsh/d.ts", "provider/core/index.ts"]],
        ["provider/core/index.ts", []],
        ["provider/virsh/d.ts", ["provider/core/b.ts"]],
      ],
    );
  });

  it("finds a circle of imports, of types alone too, and none where there is none", () => {
    const sources = {
      "lab/a.ts": 'import "./b";',
      "lab/b.ts": 'import "./c";',
      "lab/c.ts": 'import type { A } from "./a";',
      "lab/d.ts": 'import "./a";',
    };
    assert.deepEqual(circles(imports(sources)), ["a circle of imports: lab/a.ts, lab/b.ts, lab/c.ts"]);
    assert.deepEqual(circles(imports({ ...sources, "lab/c.ts": "" })), []);
  });

  const table = {
    layers: { core: [], virsh: ["core"] },
    folders: {
      provider: { mayUse: [] },
      tools: { mayUse: ["provider"] },
      test: { mayUse: ["provider"], except: ["test/unit/tools"] },
    },
  };
  const target = { "provider/virsh/x.ts": "", "provider/core/x.ts": "", "provider/handlers.ts": "", "tools/x.ts": "" };
  for (const [from, specifier, isAllowed] of [
    ["provider/virsh/a.ts", "../core/x", true],
    ["provider/virsh/a.ts", "./x", true],
    ["provider/core/a.ts", "../virsh/x", false],
    ["provider/core/deep/a.ts", "../../virsh/x", false],
    ["provider/core/a.ts", "./../../provider/virsh/x", false],
    ["provider/core/a.ts", "../handlers", false],
    ["provider/index.ts", "./virsh/x", true],
    ["provider/core/a.ts", "../../tools/x", false],
    ["tools/a.ts", "../provider/core/x", true],
    ["test/unit/a.test.ts", "../../tools/x", false],
    ["test/unit/tools/a.test.ts", "../../../tools/x", true],
  ] as const) {
    it(`${isAllowed ? "lets" : "does not let"} ${from} import ${specifier}`, () => {
      const found = againstArrows(imports({ ...target, [from]: `import "${specifier}";` }), table);
      assert.equal(found.length, isAllowed ? 0 : 1);
    });
  }

  for (const text of [
    'view.reason === "migrated"',
    '"post-copy failed" !== reason',
    'reason.startsWith("post-copy")',
    'new Set(["unknown", "migrating"]).has(reason)',
    '["post-copy"].includes(reason)',
    'switch (reason) { case "migrated": }',
  ]) {
    it(`finds that a reason of libvirt's is compared: ${text}`, () => {
      assert.match(comparedReasons("a.ts", `\n${text}`).join(), /^a\.ts:2: compares libvirt's reason "/);
    });
  }

  it("lets a reason stand where it is not compared", () => {
    assert.deepEqual(
      comparedReasons("a.ts", 'const view = { reason: "migrated" }; show("migrating"); // "post-copy"'),
      [],
    );
  });

  for (const [text, word] of [
    ["// begins anew", "anew"],
    ['"mend it"', "mend"],
    ["const toAndFro = 1", "to and fro"],
    ["the Farewell", "farewell"],
    ["onFarewell()", "farewell"],
    ["what was foreseen", "foreseen"],
    ["foretold", "foretold"],
    ["this machine", "this machine"],
    ["struckUp", "struck"],
    ["healedAt", "healed"],
    ["a finding", "finding"],
    ["isUnderWay(job)", "under way"],
    ["one way out", "way out"],
    ["const inTheWay = 1", "in the way"],
    ["const cures = []", "cures"],
    ["inWords()", "inwords"],
    ["isEmptyHalf()", "empty half"],
    ['"halfLost"', "half lost"],
    ["another VM of the name", "vm of the name"],
    ["const there = 1", "const there"],
    ["[facts.a, there?.exists]", "there\\?\\."],
    ["(here: Image)", "\\(here: i"],
    ['"endedThere"', "endedthere"],
  ] as const) {
    it(`finds the word in ${text}`, () => {
      assert.match(bannedWords("a.ts", `\n${text}`).join().toLowerCase(), new RegExp(`^a\\.ts:2: "${word}": write `));
    });
  }

  it("lets words stand that only look like them", () => {
    const text =
      "the machine type, machine='pc', the machine 'pc-q35-7.2', amend, commend, renew, health, scenery, half a minute, secure, not there. It";
    assert.deepEqual(bannedWords("a.ts", text), []);
  });

  it("finds unit tests whose path is no module's", () => {
    const paths = [
      "provider/core/stall.ts",
      "provider/core/decide/index.ts",
      "tools/lint/words.ts",
      "test/unit/core/stall.test.ts",
      "test/unit/core/stall.longRun.test.ts",
      "test/unit/core/decide.test.ts",
      "test/unit/core/decide/index.table.test.ts",
      "test/unit/tools/lint/words.test.ts",
    ];
    assert.deepEqual(withoutSubject(paths), []);
    assert.equal(withoutSubject([...paths, "test/unit/core/stall-end.test.ts"]).length, 1);
    assert.equal(withoutSubject([...paths, "test/unit/lab/words.test.ts"]).length, 1);
  });

  it("finds exported fields without a docstring, in objects within them too", () => {
    const text = `export interface A {
      /** Told. */
      a: string;
      b: string;
      /** Told. */
      c?: boolean | { d: number };
    }
    interface B { e: string }`;
    assert.deepEqual(undocumentedFields("a.ts", text), [
      "a.ts:4: A.b has no docstring",
      "a.ts:6: A.c.d has no docstring",
    ]);
  });

  it("finds files and functions that are too long, tables apart", () => {
    const lines = (count: number) => "  a();\n".repeat(count);
    const functionOf = (count: number) => `function long() {\n${lines(count)}}\n`;
    assert.deepEqual(tooLong("lab/a.ts", functionOf(58)), []);
    assert.deepEqual(tooLong("lab/a.ts", functionOf(59)), ["lab/a.ts:1: long has 61 lines; split it (60 at most)"]);
    assert.deepEqual(tooLong("lab/a.ts", lines(250)), []);
    assert.deepEqual(tooLong("lab/a.ts", lines(251)), ["lab/a.ts: 251 lines; split it (250 at most)"]);
    assert.deepEqual(tooLong("provider/core/options.ts", lines(251)), []);
  });
});
