import assert from "node:assert/strict";
import fc from "fast-check";
import type { ConvergenceStep } from "../../../../provider/core/convergence/step";
import { predict } from "../../../../provider/core/predict";
import { showPrediction } from "../../../../provider/core/predict/show";
import type { MoveEstimateInput } from "../../../../provider/core/predict/types";

const MiB = 2 ** 20;
const exactly = (rate: number) => ({ worst: rate, best: rate });
/** A rate that is known, unless a test says otherwise. */
const input = (change: Partial<MoveEstimateInput> = {}): MoveEstimateInput => ({
  memoryBytes: 2048 * MiB,
  diskBytes: 0,
  dirtyBytesPerSecond: 40 * MiB,
  bandwidthBytesPerSecond: 312 * MiB,
  bandwidthAtMost: 312 * MiB,
  postCopyBytesPerSecond: 312 * MiB,
  downtimeLimitMs: 300,
  overheadMs: 1500,
  pastRatios: [],
  options: {},
  ...change,
  bandwidthRange: change.bandwidthRange ?? exactly(change.bandwidthBytesPerSecond ?? 312 * MiB),
});
const told = (change: Partial<MoveEstimateInput> = {}) => showPrediction(predict(input(change)), input(change));

describe("a prediction", () => {
  it("follows the passes of its worked example", () => {
    const { verdict, passes, totalBytes, durationMs, downtimeMs } = predict(input({ overheadMs: 0 }));
    assert.deepEqual(
      { verdict, passes, totalMiB: Math.round(totalBytes / MiB), durationMs, downtimeMs },
      { verdict: "converges", passes: 3, totalMiB: 2344, durationMs: 7514, downtimeMs: 128 },
    );
  });

  describe("with steps of convergence, of a guest that writes twice what is sent", () => {
    const of = (...convergence: ConvergenceStep[]) => {
      const postCopy = convergence.some(({ action }) => action.kind === "postCopy");
      const change = { memoryBytes: 256 * MiB, dirtyBytesPerSecond: 624 * MiB, overheadMs: 0 };
      const { verdict, durationMs } = predict(
        input({ ...change, options: { convergence, ...(postCopy && { postCopy }) } }),
      );
      return [verdict, durationMs === undefined ? undefined : Math.round(durationMs / 1000)];
    };
    const raise = (limitMs: number): ConvergenceStep["action"] => ({ kind: "raiseMaxDowntime", limitMs });

    it("ends after the one that allows the pause, or by post-copy, and not where it is cancelled before", () => {
      assert.deepEqual(of(), ["willNotConverge", undefined]);
      assert.deepEqual(of({ when: { stalledMs: 20_000 }, action: raise(500) }), ["willNotConverge", undefined]);
      assert.deepEqual(of({ when: { stalledMs: 20_000 }, action: raise(1000) }), ["converges", 22]);
      assert.deepEqual(
        of(
          { when: { stalledMs: 20_000 }, action: raise(500) },
          { when: { stalledMs: 40_000 }, action: { kind: "postCopy" } },
        ),
        ["onlyWithPostCopy", 42],
      );
      assert.deepEqual(of({ when: { afterMs: 10_000 }, action: { kind: "postCopy" } }), ["onlyWithPostCopy", 11]);
      assert.deepEqual(
        of(
          { when: { stalledMs: 10_000 }, action: { kind: "abort" } },
          { when: { afterMs: 60_000 }, action: raise(1000) },
        ),
        ["willNotConverge", undefined],
      );
    });
  });

  const dirty = { dirtyBytesPerSecond: 400 * MiB };
  const advice =
    'what would change it: migration.autoConverge: true, or migration.postCopy: true with onTimeout: "postCopy", or a longer migration.maxDowntime';
  const texts: [title: string, change: Partial<MoveEstimateInput>, expected: string][] = [
    [
      "a guest that converges",
      {},
      "will pre-copy 2.3 GiB in about 9 s (7 s to 13 s) at 312 MiB/s, 3 passes, pause ≈ 128 ms (up to 563 ms)",
    ],
    [
      "a guest that was not measured",
      { dirtyBytesPerSecond: undefined },
      "will pre-copy at least 2 GiB in about 8 s at 312 MiB/s; how fast it writes to its memory was not measured",
    ],
    [
      "a guest that never will",
      { dirtyBytesPerSecond: 500 * MiB },
      `will not converge below 500 MiB/s: it writes 500 MiB/s to its memory, and 312 MiB/s can be sent; ${advice}`,
    ],
    [
      "a guest that writes a little faster than it can be sent",
      dirty,
      `may not converge: it writes 400 MiB/s to its memory, and about 312 MiB/s can be sent; at best it takes 38 s; ${advice}`,
    ],
    [
      "a guest that writes a little slower than it can be sent",
      { dirtyBytesPerSecond: 250 * MiB },
      `may not converge: it writes 250 MiB/s to its memory, and about 312 MiB/s can be sent; if it does, it takes about 33 s; ${advice}`,
    ],
    [
      "a guest whose earlier moves took longer than estimated",
      { pastRatios: [1.2, 2] },
      "will pre-copy 2.3 GiB in about 9 s (7 s to 18 s) at 312 MiB/s, 3 passes, pause ≈ 128 ms (up to 563 ms); its last 2 moves took 1.2 to 2.0 × their estimates",
    ],
    [
      "a guest over a network of which nothing is known",
      { dirtyBytesPerSecond: 5000 * MiB, bandwidthAtMost: Infinity },
      `may not converge: it writes 4.9 GiB/s to its memory, and how fast this network sends was not measured (312 MiB/s is assumed); ${advice}`,
    ],
    [
      "the same with post-copy after five seconds",
      { ...dirty, options: { postCopy: true, postCopyAfterMs: 5000 } },
      "will send 3.3 GiB in about 12 s (10 s to 14 s) at 312 MiB/s, the end of it by post-copy, as it writes 400 MiB/s to its memory",
    ],
    [
      "a guest that stands still",
      { dirtyBytesPerSecond: 0 },
      "will pre-copy 2 GiB in about 8 s (7 s to 12 s) at 312 MiB/s, 1 pass, pause ≈ 20 ms (up to 320 ms)",
    ],
  ];
  for (const [title, change, expected] of texts)
    it(`reads well for ${title}`, () => assert.equal(told(change), expected));

  it("lies between the best and the worst, which a slower and a faster rate are part of", () => {
    const { bestDurationMs, durationMs, worstDurationMs, bestDowntimeMs, downtimeMs, worstDowntimeMs } = predict(
      input({ bandwidthRange: { worst: 200 * MiB, best: 400 * MiB } }),
    );
    assert.ok(bestDurationMs! < 7000 && durationMs! > 8000 && worstDurationMs! > 13_000);
    assert.ok(bestDowntimeMs! <= downtimeMs! && downtimeMs! < worstDowntimeMs!);
  });

  it("has no worst where the rate at which the guest writes was not measured, or may be too high", () => {
    for (const dirtyBytesPerSecond of [undefined, 250 * MiB]) {
      const { durationMs, worstDurationMs, worstDowntimeMs } = predict(input({ dirtyBytesPerSecond }));
      assert.notEqual(durationMs, undefined);
      assert.deepEqual([worstDurationMs, worstDowntimeMs], [undefined, undefined]);
    }
  });

  it("lets post-copy go without pre-copy's cap", () => {
    const options = { postCopy: true, postCopyAfterMs: 5000 };
    const at = (postCopyBytesPerSecond: number) => predict(input({ ...dirty, options, postCopyBytesPerSecond }));
    assert.equal(at(1024 * MiB).durationMs, 1500 + 4250 + 2000);
    assert.ok(at(100 * MiB).durationMs! > 20_000);
  });

  it("finds that throttling lets it converge, in the time that takes", () => {
    const prediction = predict(input({ ...dirty, options: { autoConverge: true } }));
    assert.equal(prediction.verdict, "onlyThrottled");
    assert.ok(prediction.passes > 5 && prediction.durationMs! > 20_000, JSON.stringify(prediction));
    const faster = predict(
      input({ ...dirty, options: { autoConverge: true, autoConvergeInitial: 60, autoConvergeIncrement: 20 } }),
    );
    assert.ok(faster.durationMs! < prediction.durationMs!);
  });

  it("switches to post-copy when the timeout says so, and not before", () => {
    const timeout = { postCopy: true, onTimeout: "postCopy", timeoutMs: 60_000 } as const;
    assert.equal(predict(input({ options: timeout })).verdict, "converges");
    assert.equal(predict(input({ ...dirty, options: timeout })).verdict, "onlyWithPostCopy");
  });

  it("is finite and whole, and no worse over a faster link", () => {
    const rates = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(
        rates,
        rates,
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.boolean(),
        (one, other, dirtied, memory, autoConverge) => {
          const at = (rate: number) =>
            predict(
              input({
                bandwidthBytesPerSecond: rate * MiB,
                bandwidthAtMost: rate * MiB,
                dirtyBytesPerSecond: dirtied * MiB,
                memoryBytes: memory * MiB,
                options: { autoConverge },
              }),
            );
          const [slow, fast] = [at(Math.min(one, other)), at(Math.max(one, other))];
          for (const { durationMs = 0, downtimeMs = 0, totalBytes, passes } of [slow, fast]) {
            for (const value of [durationMs, downtimeMs, totalBytes, passes]) assert.ok(Number.isSafeInteger(value));
          }
          if (slow.verdict === "converges") assert.equal(fast.verdict, "converges");
          if (!autoConverge && slow.durationMs !== undefined) assert.ok(fast.durationMs! <= slow.durationMs + 1);
        },
      ),
    );
  });

  it("says that it will not converge only where it does not at the highest rate, with a third less written", () => {
    const numbers = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(
        numbers,
        fc.option(fc.double({ min: 1, max: 4, noNaN: true }), { nil: Infinity }),
        numbers,
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 10, max: 5000 }),
        (rate, factor, dirtied, memory, downtimeLimitMs) => {
          const given = input({
            bandwidthBytesPerSecond: rate * MiB,
            bandwidthAtMost: rate * factor * MiB,
            dirtyBytesPerSecond: dirtied * MiB,
            memoryBytes: memory * MiB,
            downtimeLimitMs,
          });
          const { verdict } = predict(given);
          if (verdict === "willNotConverge") {
            assert.ok(dirtied / 1.5 >= 0.98 * rate * factor, "it is written too slowly for that");
            assert.ok(memory > (rate * factor * downtimeLimitMs) / 1000, "all of it fits into the pause");
          }
          if (verdict === "mayNotConverge") assert.ok(dirtied * 1.5 >= 0.98 * rate);
          if (dirtied / 1.5 > rate * factor && memory > dirtied * 6 && downtimeLimitMs < 500)
            assert.equal(verdict, factor === Infinity ? "mayNotConverge" : "willNotConverge");
        },
      ),
      { numRuns: 500 },
    );
  });
});
