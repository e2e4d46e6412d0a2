import assert from "node:assert/strict";
import type { LastMigration, PastEstimate, PredictedMigration } from "../../../../provider/core/args";
import { ratiosOf, recordOf, showOutcome, withOutcome } from "../../../../provider/core/predict/past";
import type { Prediction } from "../../../../provider/core/predict/types";

const moved: LastMigration = {
  from: "kvm-a",
  to: "kvm-b",
  startedAt: "2026-01-01T00:00:00.000Z",
  durationMs: 8400,
  downtimeMs: 90,
  mode: "live",
  command: "",
  reason: "host is kvm-b",
};
const predicted: PredictedMigration = {
  verdict: "converges",
  durationMs: 9000,
  bestDurationMs: 7000,
  worstDurationMs: 14_000,
  downtimeMs: 60,
  totalBytes: 1,
  passes: 3,
};
const past = (estimatedMs: number, tookMs: number): PastEstimate => ({
  startedAt: moved.startedAt,
  estimatedMs,
  tookMs,
});

describe("what came of an estimate", () => {
  it("stands in the row of the move", () => {
    assert.equal(
      showOutcome({ ...moved, predicted }),
      "estimated 9 s (7 s to 14 s), took 8.4 s; pause estimated 60 ms, was 90 ms",
    );
    const { durationMs: _, ...endless } = predicted;
    assert.equal(
      showOutcome({ ...moved, predicted: { ...endless, verdict: "mayNotConverge" } }),
      "estimated that it might not converge, took 8.4 s",
    );
    for (const last of [moved, { ...moved, predicted: { ...predicted, verdict: "unknown" as const } }]) {
      assert.equal(showOutcome(last), undefined);
      assert.ok(!("pastEstimates" in withOutcome(last, undefined)));
    }
  });

  it("is kept of the last five moves, the newest last", () => {
    const earlier = [1, 2, 3, 4, 5].map((estimatedMs) => past(estimatedMs, 1));
    const before = { ...moved, pastEstimates: earlier };
    assert.deepEqual(
      withOutcome({ ...moved, predicted }, before).pastEstimates?.map(({ estimatedMs }) => estimatedMs),
      [2, 3, 4, 5, 9000],
    );
    assert.deepEqual(withOutcome(moved, before).pastEstimates, earlier);
    assert.deepEqual(withOutcome(moved, undefined), moved);
  });

  it("stands in the state without times that have no value", () => {
    const { durationMs: _, ...endless } = predicted;
    const prediction = { ...endless, durationMs: undefined, neededBytesPerSecond: 7 } as unknown as Prediction;
    assert.deepEqual(recordOf(prediction), endless);
  });

  it("is a ratio for the next estimate, with bounds, and without what a state should not hold", () => {
    const pastEstimates = [past(1000, 1200), past(1000, 3_600_000), past(0, 100), past(1000, 1)];
    assert.deepEqual(ratiosOf({ ...moved, pastEstimates }), [1.2, 4, 0.25]);
    assert.deepEqual(ratiosOf(undefined), []);
  });
});
