import assert from "node:assert/strict";
import { scheduleOf, stages } from "../../../../tools/test/stages";

describe("the stages of npm test", () => {
  const all = Object.keys(stages);
  const filesOf = (suite: string) => [`${suite}/a.test.ts`, `${suite}/b.test.ts`];
  const labFiles = (name: string) => filesOf(stages[name]!.suite!).map((file) => ({ stage: name, file }));
  const stagesOf = (names: string[]) => names.map((stage) => ({ stage }));

  it("each run once, whatever the cores", () => {
    for (const cores of [1, 2, 8]) {
      const { alone, lanes, shared } = scheduleOf(all, cores, filesOf);
      assert.deepEqual([...alone, ...lanes.flat()].map(({ stage }) => stage), all.filter((name) => !stages[name]!.lab)); // prettier-ignore
      assert.deepEqual(shared, [...labFiles("cli"), ...labFiles("lab")]);
    }
  });

  it("build before anything that uses what is built", () => {
    for (const cores of [1, 2]) assert.deepEqual(scheduleOf(all, cores, filesOf).alone, stagesOf(["build", "package"]));
  });

  it("have two lanes where there are two cores, and nothing beside anything on one", () => {
    assert.deepEqual(scheduleOf(["cli", "types", "unit"], 2, filesOf).lanes, [stagesOf(["types", "unit"]), []]);
    assert.deepEqual(scheduleOf(["cli", "types", "unit"], 1, filesOf).lanes, [stagesOf(["types", "unit"])]);
  });

  it("may be one alone", () => {
    assert.deepEqual(scheduleOf(["cli"], 2, filesOf), { alone: [], lanes: [[], []], shared: labFiles("cli") });
    assert.deepEqual(scheduleOf(["types"], 1, filesOf), { alone: [], lanes: [stagesOf(["types"])], shared: [] });
  });
});
