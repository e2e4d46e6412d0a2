import assert from "node:assert/strict";
import type { JobInfo } from "../../../provider/core/domain";
import { Samples } from "../../../provider/history/samples";

const job = (more: Partial<JobInfo> = {}): JobInfo => ({
  type: "unbounded",
  operation: "outgoing",
  memoryTotalBytes: 100,
  memoryRemainingBytes: 60,
  memoryBytesPerSecond: 10,
  passes: 2,
  ...more,
});

describe("samples of a migration's progress", () => {
  const of = (one: JobInfo, inPostCopy = false) => {
    const samples = new Samples();
    samples.add(one, 250, inPostCopy);
    return samples.all[0];
  };

  it("count memory and disks together", () => {
    const more = {
      diskTotalBytes: 50,
      diskRemainingBytes: 7,
      dirtyBytesPerSecond: 3,
      throttlePercent: 20,
      downtimeMs: 300,
    };
    assert.deepEqual(of(job(more), true), {
      ms: 250,
      remainingBytes: 67,
      bytesPerSecond: 10,
      dirtyBytesPerSecond: 3,
      throttlePercent: 20,
      downtimeMs: 300,
      inPostCopy: true,
    });
  });

  it("leave out what libvirt does not know yet", () => {
    assert.deepEqual(of(job({ memoryTotalBytes: 0, memoryRemainingBytes: 0, memoryBytesPerSecond: undefined })), {
      ms: 250,
    });
    assert.equal(of(job({ passes: 1, dirtyBytesPerSecond: 0 }))!.dirtyBytesPerSecond, undefined);
    assert.equal(of(job({ passes: 2, dirtyBytesPerSecond: 0 }))!.dirtyBytesPerSecond, 0, "a guest that rests");
  });

  it("take no more room however long it lasts, spread over all of it, with the last one", () => {
    const samples = new Samples();
    for (let index = 0; index < 40_001; index++) samples.add(job(), index * 250, false);
    const times = samples.all.map(({ ms }) => ms);
    assert.ok(times.length <= 200 && times.length >= 90, `${times.length}`);
    assert.equal(times[0], 0);
    assert.equal(times.at(-1), 10_000_000);
    const steps = times.slice(1, -1).map((ms, index) => ms - times[index]!);
    assert.equal(new Set(steps).size, 1, `steps of ${[...new Set(steps)].join(", ")} ms`);
  });
});
