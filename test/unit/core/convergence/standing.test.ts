import assert from "node:assert/strict";
import { advanceStanding, showStanding, type Standing } from "../../../../provider/core/convergence/standing";
import type { JobInfo } from "../../../../provider/core/domain";

const mib = 2 ** 20;

/** Passes that begin with so many MiB each, sent at 40 MiB/s and looked at every 250 ms; when each look was closer to the end. */
function follow(passes: readonly number[], more: (pass: number) => Partial<JobInfo> = () => ({})): Standing {
  const ends = passes.map((_, index) => passes.slice(0, index + 1).reduce((sum, each) => sum + each, 0) / 40);
  let standing: Standing | undefined;
  for (let atMs = 0; atMs < ends.at(-1)! * 1000; atMs += 250) {
    const index = ends.findIndex((end) => atMs / 1000 < end);
    const job: JobInfo = {
      type: "unbounded",
      operation: "outgoing",
      memoryTotalBytes: passes[0]! * mib,
      memoryProcessedBytes: (atMs / 1000) * 40 * mib,
      memoryRemainingBytes: (ends[index]! - atMs / 1000) * 40 * mib,
      passes: index + 1,
      ...more(index + 1),
    };
    standing = advanceStanding(standing, job, atMs);
  }
  return standing!;
}

describe("how pre-copy stands", () => {
  it("is closer to its end as long as a pass that began with less is sent", () => {
    // 25.6 s, 12.8 s and 6.4 s: each sample of the second pass has more left than the last ones of the first.
    const { atMs, pass } = follow([1024, 512, 256]);
    assert.deepEqual([pass, atMs], [3, 44_750]);
  });

  it("is no closer in passes that begin with what the ones before began with, however little a look has seen", () => {
    assert.equal(follow([256, 64, 64, 63, 64, 64, 63, 64]).atMs, 7750);
  });

  it("is no closer where a pass begins with more", () => {
    assert.equal(follow([256, 64, 128, 96]).atMs, 7750);
  });

  it("does not take a late look for a pass that began with less", () => {
    // The third pass begins at 8 s sharp, the fourth at 9.6 and is seen at 9.75.
    const { beganWithBytes, atMs } = follow([256, 64, 64, 64]);
    assert.deepEqual([Math.round(beganWithBytes / mib), atMs], [58, 7750]);
  });

  it("is closer while QEMU slows the VM more than before", () => {
    const slowed = follow([256, ...Array.from({ length: 10 }, () => 64)], (pass) => ({
      throttlePercent: Math.min(40, 10 * (pass - 2)),
    }));
    // 40 % come with the sixth pass, which begins at 12.8 s.
    assert.deepEqual([slowed.throttlePercent, slowed.atMs], [40, 13_000]);
  });

  it("begins when memory flows", () => {
    assert.equal(advanceStanding(undefined, undefined, 0), undefined);
    assert.equal(
      advanceStanding(undefined, { type: "unbounded", memoryTotalBytes: 0, memoryRemainingBytes: 0 }, 0),
      undefined,
    );
    assert.equal(advanceStanding(undefined, { type: "unbounded", memoryTotalBytes: 10 * mib }, 0), undefined);
  });

  it("is kept where a look shows nothing", () => {
    const standing = follow([256, 64]);
    assert.equal(advanceStanding(standing, undefined, 60_000), standing);
  });

  it("is one pass where libvirt does not number them", () => {
    const job = (left: number): JobInfo => ({ type: "unbounded", memoryTotalBytes: 100, memoryRemainingBytes: left });
    let standing: Standing | undefined;
    for (const [index, left] of [100, 50, 80, 40, 60].entries())
      standing = advanceStanding(standing, job(left), index * 1000);
    assert.equal(standing!.atMs, 3000);
  });

  it("reads as numbers", () => {
    const standing = follow([256, 64, 64], () => ({
      dirtyBytesPerSecond: 320 * mib,
      memoryBytesPerSecond: 40 * mib,
      throttlePercent: 30,
    }));
    assert.equal(
      showStanding(standing),
      "pass 3 began with about 64 MiB, 320 MiB/s written, 40 MiB/s sent, throttled 30 %",
    );
  });
});
