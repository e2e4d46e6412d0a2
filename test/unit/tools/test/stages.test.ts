import assert from "node:assert/strict";
import { stages, stepsOf } from "../../../../tools/test/stages";

describe("the stages of npm test", () => {
  const all = Object.keys(stages);

  it("each run once, whatever the cores", () => {
    for (const cores of [1, 2, 8]) assert.deepEqual(stepsOf(all, cores).flat(2).sort(), [...all].sort());
  });

  it("build before anything that uses what is built", () => {
    for (const cores of [1, 2]) assert.deepEqual(stepsOf(all, cores)[0], [["build", "package"]]);
  });

  it("run the real Pulumi beside the others where there are two cores, and nothing beside anything on one", () => {
    assert.deepEqual(stepsOf(["cli", "lab", "unit"], 2), [[["unit", "lab"], ["cli"]]]);
    assert.deepEqual(stepsOf(["cli", "lab", "unit"], 1), [[["unit", "lab", "cli"]]]);
  });

  it("may be one alone", () => {
    assert.deepEqual(stepsOf(["cli"], 2), [[["cli"]]]);
    assert.deepEqual(stepsOf(["types"], 2), [[["types"]]]);
  });
});
