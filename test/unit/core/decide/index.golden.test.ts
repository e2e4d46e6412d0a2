/** Every text of the decisions, as a user reads it. After a change of words: UPDATE_GOLDEN=1 npx mocha test/unit/core/decide/index.golden.test.ts */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderProblem } from "../../../../provider/core/problem";
import { cases, run } from "./cases";

const golden = join(__dirname, "golden.txt");

it("the texts of the decisions are those of golden.txt", () => {
  const text = cases
    .map(([title, given]) => {
      const decision = run(given);
      const words = decision.action === "refuse" ? renderProblem(decision.problem) : decision.reason;
      return `# ${title}\n${words}\n`;
    })
    .join("\n");
  if (process.env["UPDATE_GOLDEN"]) writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, "utf8"));
});
