import assert from "node:assert/strict";
import { waits } from "../../../provider/core/times";
import { advance, judgeStall, type Mark, stallRemedy, type StallVerdict } from "../../../provider/core/stall";
import { parseJobInfo } from "../../../provider/virsh/parse";
import { fixture } from "../../support/fixture";

/** One `domjobinfo --rawstats` with other numbers in it. */
const recorded = fixture("9.0.0", "domjobinfo-post-copy-source");
const sample = (numbers: Record<string, number>) =>
  parseJobInfo(
    Object.entries(numbers).reduce(
      (text, [key, value]) => text.replace(new RegExp(`^${key}: .*$`, "m"), `${key}: ${value}`),
      recorded,
    ),
  );

interface Trace {
  title: string;
  /** A sample every 5 s. */
  samples: (number: number) => { memory_processed?: number; memory_iteration?: number; disk_processed?: number };
  inPostCopy?: boolean;
  switchAsked?: boolean;
  seconds: number;
  expected: [atSeconds: number, StallVerdict["action"]][];
}

const still = { memory_processed: 2_100_000 };

const traces: Trace[] = [
  {
    title: "one that moves a few bytes in each sample for hours",
    samples: (n) => ({ memory_processed: n }),
    seconds: 20_000,
    expected: [],
  },
  {
    title: "one that copies a disk, while memory waits",
    samples: (n) => ({ ...still, disk_processed: n }),
    seconds: 2000,
    expected: [],
  },
  {
    title: "one that only begins passes",
    samples: (n) => ({ ...still, memory_iteration: n }),
    seconds: 2000,
    expected: [],
  },
  {
    title: "one that moves every 590 s",
    samples: (n) => ({ memory_processed: Math.floor(n / 118) }),
    seconds: 1150,
    expected: [
      [30, "report"],
      [620, "report"],
    ],
  },
  {
    title: "multi-FD with post-copy that stands after 2 MiB",
    samples: () => still,
    switchAsked: true,
    seconds: 600,
    expected: [
      [30, "report"],
      [600, "abort"],
    ],
  },
  {
    title: "one that stands in post-copy",
    samples: () => still,
    inPostCopy: true,
    seconds: 600,
    expected: [
      [30, "report"],
      [600, "end"],
    ],
  },
];

describe("a migration that stands still", () => {
  for (const { title, samples, inPostCopy = false, switchAsked = false, seconds, expected } of traces)
    it(`${expected.length === 0 ? "is not" : "is"} ${title}`, () => {
      let mark: Mark | undefined;
      let reported = false;
      const met: [number, string][] = [];
      for (let at = 0; at <= seconds; at += 5) {
        mark = advance(mark, sample(samples(at / 5)), inPostCopy, at * 1000);
        const stillMs = at * 1000 - mark.atMs;
        if (stillMs === 0) reported = false;
        const { action } = judgeStall({ stillMs, inPostCopy, switchAsked, reported });
        if (action === "report") reported = true;
        if (action !== "none") met.push([at, action]);
      }
      assert.deepEqual(met, expected);
    });

  it("begins again with the switch to post-copy", () => {
    const before = advance(undefined, sample(still), false, 0);
    assert.equal(advance(before, sample(still), true, 60_000).atMs, 60_000);
  });

  it("names the switch that was asked for", () => {
    const { reason } = judgeStall({ stillMs: 30_000, inPostCopy: false, switchAsked: true, reported: false });
    assert.equal(
      reason,
      "nothing has been sent for 30 s, and the switch to post-copy that was asked for has not happened",
    );
  });

  it("has a remedy: an abort before the switch, none that destroys or resumes after it", () => {
    assert.match(
      stallRemedy("db-01", "kvm-a", "kvm-b", false),
      /`virsh domjobabort db-01` on kvm-a .*runs on there.*10 min/,
    );
    assert.doesNotMatch(stallRemedy("db-01", "kvm-a", "kvm-b", true), /`virsh/);
    assert.equal(waits.stallEnds, 600_000);
  });
});
