/** Every text of the finders, as a user reads it. After a change of words: UPDATE_GOLDEN=1 npx mocha test/unit/core/problems/index.golden.test.ts */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderProblem } from "../../../../provider/core/problem";
import { problems } from "../../../../provider/core/problems";
import { healthyMove } from "../../../support/move-facts";
import { cases } from "./cases";

const golden = join(__dirname, "golden.txt");
const found = cases.map(([title, change]) => ({ title, all: problems(healthyMove(change)) }));

describe("the texts of the finders", () => {
  it("are those of golden.txt", () => {
    const text = found
      .filter(({ all }) => all.length > 0)
      .map(({ title, all }) =>
        [`# ${title}`, ...all.map((problem) => `${problem.severity}: ${renderProblem(problem)}`)].join("\n"),
      )
      .join("\n\n");
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(golden, `${text}\n`);
    assert.equal(`${text}\n`, readFileSync(golden, "utf8"));
  });

  it("are all there", () => {
    const directory = join(__dirname, "../../../../provider/core/problems");
    const rules = readdirSync(directory).flatMap((file) =>
      [...readFileSync(join(directory, file), "utf8").matchAll(/(?:\brule: |\bproblem\(\s*)"([a-z-]+)"/g)].map(
        ([, rule]) => rule!,
      ),
    );
    const shown = new Set(found.flatMap(({ all }) => all.map(({ rule }) => rule)));
    assert.ok(rules.length > 30);
    assert.deepEqual(
      [...new Set(rules)].filter((rule) => !shown.has(rule)),
      [],
    );
  });
});
