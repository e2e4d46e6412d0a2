import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobInfo } from "../../../provider/core/domain";
import { progressRow } from "../../../provider/core/progressRow";
import { parseJobInfo } from "../../../provider/virsh/parse";
import { fixture } from "../../support/fixture";

const MiB = 2 ** 20;

function job(fields: Partial<JobInfo>): JobInfo {
  return { type: "unbounded", operation: "outgoing", ...fields };
}

describe("the live row", () => {
  const running = job({
    memoryTotalBytes: 1000 * MiB,
    memoryRemainingBytes: 570 * MiB,
    memoryBytesPerSecond: 312 * MiB,
    dirtyBytesPerSecond: 40 * MiB,
    passes: 3,
  });

  const rows: [title: string, sample: JobInfo, inPostCopy: boolean, text: string][] = [
    ["shows all that is known", running, false, "pre-copy 43 % · 312 MiB/s · dirty 40 MiB/s · pass 3 · 2 s left"],
    [
      "says when the guest is faster than the link",
      job({ ...running, memoryBytesPerSecond: 30 * MiB }),
      false,
      "pre-copy 43 % · 30 MiB/s · dirty 40 MiB/s · pass 3 · not converging",
    ],
    [
      "leaves out what is not measured yet",
      job({ ...running, memoryBytesPerSecond: 0, dirtyBytesPerSecond: 0, passes: 1 }),
      false,
      "pre-copy 43 % · pass 1",
    ],
    ["is short for a job without numbers", job({}), false, "pre-copy 0 %"],
    [
      "shows the throttle of auto-converge",
      job({ ...running, throttlePercent: 30 }),
      false,
      "pre-copy 43 % · 312 MiB/s · dirty 40 MiB/s · pass 3 · throttled 30 % · 2 s left",
    ],
    [
      "has no passes and no dirty rate in post-copy, but page requests",
      job({ ...running, postCopyRequests: 17 }),
      true,
      "post-copy 43 % · 312 MiB/s · 17 page requests · 2 s left",
    ],
    [
      "counts the disks with the memory",
      job({ ...running, diskTotalBytes: 1000 * MiB, diskRemainingBytes: 1000 * MiB }),
      false,
      "pre-copy 21 % · 312 MiB/s · dirty 40 MiB/s · pass 3 · 6 s left",
    ],
    [
      "never says that it is done while it runs",
      job({ memoryTotalBytes: 1000 * MiB, memoryRemainingBytes: 0, passes: 4 }),
      false,
      "pre-copy 99 % · pass 4",
    ],
    [
      "says at least one second",
      job({ memoryTotalBytes: 1000 * MiB, memoryRemainingBytes: 1, memoryBytesPerSecond: 312 * MiB }),
      false,
      "pre-copy 99 % · 312 MiB/s · 1 s left",
    ],
    [
      "has minutes where it takes minutes",
      job({ memoryTotalBytes: 1000 * MiB, memoryRemainingBytes: 950 * MiB, memoryBytesPerSecond: 10 * MiB }),
      false,
      "pre-copy 5 % · 10 MiB/s · 1 min 35 s left",
    ],
    [
      "of a recorded job",
      parseJobInfo(fixture("9.0.0", "domjobinfo-outgoing")),
      false,
      "pre-copy 17 % · 20 MiB/s · pass 1 · 11 s left",
    ],
  ];
  for (const [title, sample, inPostCopy, text] of rows) {
    it(title, () => assert.equal(progressRow(sample, inPostCopy, 0).text, text));
  }

  it("does not start over with a new pass", () => {
    const shown = progressRow(running, false, 0);
    const next = progressRow(job({ ...running, memoryRemainingBytes: 990 * MiB, passes: 4 }), false, shown.percent);
    assert.match(next.text, /^pre-copy 43 % /);
    assert.equal(next.percent, 43);
  });

  it("never goes backwards, whatever libvirt reports, also over the switch to post-copy", () => {
    const bytes = fc.option(fc.nat(2 ** 40), { nil: undefined });
    const sample = fc.record({
      memoryTotalBytes: bytes,
      memoryRemainingBytes: bytes,
      memoryBytesPerSecond: bytes,
      dirtyBytesPerSecond: bytes,
      diskTotalBytes: bytes,
      diskRemainingBytes: bytes,
      passes: fc.option(fc.nat(100), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1 }), fc.nat(20), (samples, switchAt) => {
        let percent = 0;
        samples.forEach((fields, i) => {
          const row = progressRow(job(fields), i >= switchAt, percent);
          assert.ok(row.percent >= percent && row.percent <= 99);
          assert.match(row.text, new RegExp(`^(pre|post)-copy ${row.percent} %`));
          assert.doesNotMatch(row.text, /NaN|undefined|Infinity|-\d/);
          percent = row.percent;
        });
      }),
    );
  });
});
