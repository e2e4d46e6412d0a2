import assert from "node:assert/strict";
import { compare, median, rotated } from "../../../../tools/bench/ratios";

describe("the benches", () => {
  it("compare by the median of each round's own ratio", () => {
    const rounds = [
      { a: 2, b: 1 },
      { a: 30, b: 10 },
      { a: 10, b: 10 },
    ];
    const found = compare(
      "a-vs-b",
      rounds,
      ({ a }) => a,
      ({ b }) => b,
    );
    assert.deepEqual(found, { name: "a-vs-b", ratio: 2, pairs: 3, min: 1, max: 3, ms: 10, baselineMs: 10 });
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.deepEqual(rotated([1, 2, 3], 4), [2, 3, 1]);
  });
});
