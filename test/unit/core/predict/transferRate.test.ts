import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobInfo } from "../../../../provider/core/domain";
import { sendsFreely, TransferRate } from "../../../../provider/core/predict/transferRate";

const MiB = 2 ** 20;

/** domjobinfo of one pass: elapsed ms, remaining, processed, memory_bps, constant pages, normal bytes; libvirt 9.0.0, QEMU 7.2. */
type Row = [elapsed: number, remaining: number, processed: number, bps: number, constant: number, normal: number];

const job = ([elapsedMs, remaining, processed, bps, constant, normal]: Row, more: Partial<JobInfo> = {}): JobInfo => ({
  type: "unbounded",
  operation: "outgoing",
  elapsedMs,
  memoryTotalBytes: processed === 0 ? 0 : 537_403_392,
  memoryRemainingBytes: remaining,
  memoryProcessedBytes: processed,
  memoryBytesPerSecond: bps,
  memoryConstantBytes: constant * 4096,
  memoryNormalBytes: normal,
  diskTotalBytes: 0,
  diskRemainingBytes: 0,
  diskProcessedBytes: 0,
  postCopyRequests: 0,
  ...more,
});

const rateOf = (jobs: readonly JobInfo[]) => {
  const rate = new TransferRate();
  for (const each of jobs) rate.add(each);
  return rate.bytesPerSecond;
};

/** A VM of 512 MiB that writes 100 MiB/s into 400 of them. */
const busy: Row[] = [
  [229, 0, 0, 0, 0, 0],
  [974, 0, 0, 0, 0, 0],
  [1242, 477360128, 59247381, 355455785, 222, 59129856],
  [1488, 403025920, 133726805, 305323135, 222, 133464064],
  [1727, 311648256, 225282981, 377802857, 222, 224841728],
  [1963, 232726528, 304358885, 335277599, 222, 303763456],
  [2266, 135708672, 401566277, 253669965, 222, 400781312],
  [2580, 0, 568116560, 620704864, 28677, 566751232],
];
/** An idle one: 512 MiB of zero pages. */
const idle: Row[] = [
  [187, 0, 0, 0, 0, 0],
  [806, 0, 0, 0, 0, 0],
  [1050, 102834176, 2142412, 2142412, 105805, 1187840],
];

describe("the rate of a transfer", () => {
  it("is the median of what QEMU reported while it sent pages", () => {
    assert.equal(rateOf(busy.map((row) => job(row))), 305_323_135);
  });

  it("is not known of an idle VM, which sends next to nothing", () => {
    assert.equal(rateOf(idle.map((row) => job(row))), undefined);
  });

  it("is not known of a big idle VM, whose zero pages take seconds", () => {
    const scanning = Array.from({ length: 40 }, (_, i) =>
      job([i * 250, 64 * 2 ** 30 - i * 250 * MiB, (1 + i) * 600_000, 2_400_000, (1 + i) * 64_000, (1 + i) * 100_000]),
    );
    assert.equal(rateOf(scanning), undefined);
  });

  const silent: [title: string, more: (index: number) => Partial<JobInfo>][] = [
    ["disks are copied", () => ({ diskRemainingBytes: MiB })],
    ["the guest is throttled", () => ({ throttlePercent: 20 })],
    ["pages are compressed", (i) => ({ memoryProcessedBytes: busy[i]![2] / 3 })],
    ["it is in post-copy", () => ({ postCopyRequests: 7 })],
    ["libvirt does not report pages", () => ({ memoryNormalBytes: undefined })],
    ["libvirt does not report zero pages", () => ({ memoryConstantBytes: undefined })],
    ["no time passes between two answers", () => ({ elapsedMs: 1000 })],
  ];
  for (const [title, more] of silent) {
    it(`is not known where ${title}`, () =>
      assert.equal(rateOf(busy.map((row, index) => job(row, more(index)))), undefined));
  }

  it("is not known from a few samples, nor from a few bytes", () => {
    assert.equal(rateOf(busy.slice(0, 6).map((row) => job(row))), undefined);
    const small = busy.map(([ms, remaining, sent, bps, constant, normal]): Row => {
      return [ms, remaining, sent / 10, bps / 10, constant, normal / 10];
    });
    assert.equal(rateOf(small.map((row) => job(row))), undefined);
  });

  it("is never outside of what QEMU reported, whatever libvirt answers", () => {
    const number = fc.option(fc.integer({ min: 0, max: 2 ** 40 }), { nil: undefined });
    const answer = fc.record<JobInfo>({
      type: fc.constant("unbounded"),
      elapsedMs: number,
      memoryTotalBytes: number,
      memoryRemainingBytes: number,
      memoryProcessedBytes: number,
      memoryBytesPerSecond: number,
      memoryNormalBytes: number,
      memoryConstantBytes: number,
      diskRemainingBytes: fc.constantFrom(0, undefined, 1),
      throttlePercent: fc.constantFrom(undefined, 20),
    });
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 40 }), (jobs) => {
        const found = rateOf(jobs);
        if (found === undefined) return;
        const reported = jobs.flatMap(({ memoryBytesPerSecond }) => memoryBytesPerSecond ?? []);
        assert.ok(found > 0 && found >= Math.min(...reported) && found <= Math.max(...reported));
      }),
    );
  });

  it("is that of the network only where nothing else limits it", () => {
    assert.equal(sendsFreely({ mode: "auto" }, 8_796_093_022_207), true);
    assert.equal(sendsFreely({ mode: "auto" }, 9_007_199_254_740_991), true);
    assert.equal(sendsFreely({ mode: "auto" }, 50), false);
    assert.equal(sendsFreely({ mode: "auto" }, undefined), false);
    assert.equal(sendsFreely({ mode: "auto", bandwidthMiBps: 40 }, 8_796_093_022_207), false);
    assert.equal(sendsFreely({ mode: "auto", compressionMethods: ["xbzrle"] }, 8_796_093_022_207), false);
  });
});
