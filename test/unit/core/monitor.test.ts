import assert from "node:assert/strict";
import type { JobInfo } from "../../../provider/core/domain";
import { goesOn, judgePoll, type Memory, type PollAction, type Sample } from "../../../provider/core/monitor";
import type { MigrationOptions } from "../../../provider/core/options";
import { advance } from "../../../provider/core/stall";
import type { StepKey } from "../../../provider/core/convergence/steps";
import { parseDomState } from "../../../provider/virsh/parse";
import { everyJob, everyState } from "../../support/states";

const second = 1000;
const minute = 60 * second;
const sending: JobInfo = { type: "unbounded", operation: "outgoing", memoryTotalBytes: 100, memoryRemainingBytes: 40 };
const notBegun: JobInfo = { type: "unbounded", operation: "outgoing" };
const none: JobInfo = { type: "none" };
const held: JobInfo = { type: "held" };

/** A minute into a migration that moved in the poll before; virsh of ours is there. */
const now = minute;
const usual: Sample = { atMs: now, elapsedMs: now, job: sending, state: undefined, virsh: "open" };
const before: Memory = { inPostCopy: false, done: new Set(), jobSeen: true, activeAt: now, stallReported: false };
/** Nothing has moved for so long. */
const still = (ms: number, memory: Partial<Memory> = {}): Partial<Memory> => ({
  ...memory,
  mark: advance(undefined, sending, memory.inPostCopy ?? false, now - ms),
});
const done = (...actions: StepKey[]) => ({ done: new Set(actions) });
const switched = parseDomState("paused (post-copy)");
const brokenOff = parseDomState("paused (post-copy failed)");
const toPostCopy: Partial<MigrationOptions> = { postCopy: true, postCopyAfterMs: 20 * second };

interface Case {
  sample?: Partial<Sample>;
  memory?: Partial<Memory>;
  options?: Partial<MigrationOptions>;
}

function judge({ sample = {}, memory = {}, options = {} }: Case) {
  const migration = { source: "kvm-a", destination: "kvm-b", options: options as MigrationOptions };
  return judgePoll(migration, { ...usual, ...sample }, { ...before, ...memory });
}

describe("what one poll of a migration leads to", () => {
  const cases: [title: string, given: Case, action: PollAction, reason?: RegExp][] = [
    ["a migration that moves", {}, "wait", /^nothing is due$/],
    ["a job that libvirt does not tell of", { sample: { job: held } }, "held"],
    ["the same in post-copy", { sample: { job: held, state: switched }, memory: { inPostCopy: true } }, "held"],

    ["no job, virsh there", { sample: { job: none } }, "wait"],
    ["no job, virsh has ended", { sample: { job: none, virsh: "closed" } }, "ended"],
    ["no job, virsh was refused", { sample: { job: none, virsh: "refused" } }, "ended"],
    ["a job, virsh was refused: that of somebody else", { sample: { virsh: "refused" } }, "wait"],
    ["no job any more, virsh lost", { sample: { job: none, virsh: "lost" } }, "ended"],
    ["no job yet, virsh lost", { sample: { job: none, virsh: "lost" }, memory: { jobSeen: false } }, "wait"],
    [
      "no job yet, virsh lost for 5 s",
      { sample: { job: none, virsh: "lost" }, memory: { jobSeen: false, lostAt: now - 5 * second } },
      "ended",
    ],
    [
      "no job for longer than reaching a host takes, virsh there",
      { sample: { job: none }, memory: { activeAt: now - 150_001 } },
      "ended",
    ],
    ["the VM is not there any more, virsh has ended", { sample: { job: undefined, virsh: "closed" } }, "ended"],

    [
      "post-copy, no job reported",
      { sample: { job: undefined, state: switched }, memory: { inPostCopy: true } },
      "wait",
    ],
    ["an interrupted post-copy whose job libvirt keeps", { sample: { state: brokenOff, virsh: "closed" } }, "ended"],
    ["the same before virsh has noticed", { sample: { state: brokenOff } }, "wait"],

    ["a job with nothing to show yet", { sample: { job: notBegun }, memory: { activeAt: now - 150_000 } }, "wait"],
    [
      "the same for longer than reaching a host takes",
      { sample: { job: notBegun }, memory: { activeAt: now - 150_001 } },
      "cancelUnreached",
      /^libvirt on kvm-a has not reached kvm-b within 2.5 min$|^libvirt on kvm-a has not reached kvm-b within /,
    ],
    ["cancelled a moment ago", { memory: { cancelledAt: now - minute } }, "wait"],
    ["cancelled, and it does not end", { memory: { cancelledAt: now - minute - 1 } }, "ended"],
    ["cancelled: no timer any more", { memory: { cancelledAt: now }, options: { timeoutMs: second } }, "wait"],
    ["cancelled: no stall any more", { memory: still(600_000, { cancelledAt: now }) }, "wait"],

    ["still for 10 min", { memory: still(600_000) }, "cancelStalled", /^nothing has been sent for 10 min$/],
    [
      "still for 10 min, and the switch was asked for",
      { memory: still(600_000, done("postCopy")) },
      "cancelStalled",
      /the switch to post-copy that was asked for has not happened$/,
    ],
    [
      "still for 10 min in post-copy",
      { sample: { state: switched }, memory: still(600_000, { inPostCopy: true }) },
      "endWatch",
      /^nothing has been sent for 10 min$/,
    ],

    ["the time of the switch", { options: toPostCopy }, "postCopy", /^20 s are over: switching to post-copy$/],
    ["the switch done", { options: toPostCopy, memory: done("postCopy") }, "wait"],
    ["the time of the switch, no memory flows yet", { options: toPostCopy, sample: { job: notBegun } }, "wait"],
    [
      "the time of the switch, only disks flow yet",
      { options: toPostCopy, sample: { job: { ...notBegun, diskTotalBytes: 1 } } },
      "wait",
    ],
    ["the timeout", { options: { timeoutMs: minute } }, "abort", /cancelling the migration$/],
    ["the timeout, a moment before", { options: { timeoutMs: minute + 1 } }, "wait"],
    ["the timeout that pauses", { options: { timeoutMs: minute, onTimeout: "suspend" } }, "suspend"],
    ["the higher downtime", { options: { maxDowntimeMs: 900, maxDowntimeAfterMs: second } }, "raiseMaxDowntime"],
    [
      "the timeout in post-copy",
      { options: { timeoutMs: minute }, sample: { state: switched }, memory: { inPostCopy: true } },
      "inform",
      /can only be waited for$/,
    ],
  ];
  for (const [title, given, action, reason] of cases) {
    it(`${action}: ${title}`, () => {
      const verdict = judge(given);
      assert.equal(verdict.action, action);
      if (reason !== undefined) assert.match(verdict.reason, reason);
    });
  }

  it("tells of a stall once, and again after it has moved", () => {
    const first = judge({ memory: still(30_000) });
    assert.deepEqual([first.action, first.stallToReport], ["wait", "nothing has been sent for 30 s"]);
    assert.equal(first.memory.stallReported, true);
    const second = judge({ memory: still(40_000, { stallReported: true }) });
    assert.deepEqual([second.stallToReport, second.memory.stallReported], [undefined, true]);
    const moved = judge({ memory: still(0, { stallReported: true }) });
    assert.deepEqual([moved.stallToReport, moved.memory.stallReported], [undefined, false]);
  });

  it("does what is due in the same poll in which it tells of a stall", () => {
    const { action, stallToReport: tell } = judge({ memory: still(30_000), options: { timeoutMs: minute } });
    assert.deepEqual([action, tell], ["abort", "nothing has been sent for 30 s"]);
  });

  it("counts a stall from the sample that was the last to differ", () => {
    assert.equal(judge({}).stillMs, 0);
    assert.equal(judge({ memory: still(7000) }).stillMs, 7000);
    assert.equal(judge({ memory: still(7000), sample: { job: { ...sending, memoryRemainingBytes: 39 } } }).stillMs, 0);
    assert.equal(judge({ sample: { job: none } }).stillMs, undefined);
  });

  it("remembers since when libvirt does not tell, until it does", () => {
    assert.equal(judge({ sample: { job: held } }).memory.heldSince, now);
    assert.equal(judge({ sample: { job: held }, memory: { heldSince: 1 } }).memory.heldSince, 1);
    for (const job of [none, sending])
      assert.equal(judge({ sample: { job }, memory: { heldSince: 1 } }).memory.heldSince, undefined);
  });

  it("remembers since when virsh is lost, and when it was last active", () => {
    const lost = judge({ sample: { job: none, virsh: "lost" }, memory: { jobSeen: false, activeAt: 1 } });
    assert.deepEqual([lost.memory.lostAt, lost.memory.activeAt], [now, 1]);
    assert.equal(judge({ memory: { activeAt: 1 } }).memory.activeAt, now);
    assert.equal(judge({ sample: { job: notBegun }, memory: { activeAt: 1 } }).memory.activeAt, 1);
    assert.equal(judge({ sample: { job: notBegun }, memory: { inPostCopy: true, activeAt: 1 } }).memory.activeAt, now);
  });

  it("changes nothing of what it was given", () => {
    const memory = Object.freeze({ ...before });
    judgePoll({ source: "kvm-a", destination: "kvm-b", options: {} as MigrationOptions }, usual, memory);
    assert.deepEqual(memory, before);
  });
});

describe("whether the source shows a migration", () => {
  it("goes on with an outgoing job or in post-copy, and not once that was interrupted", () => {
    for (const words of everyState)
      for (const [name, job] of Object.entries(everyJob)) {
        const inPostCopy = ["paused (post-copy)", "running (post-copy)"].includes(words);
        const expected = !words.includes("post-copy failed") && (inPostCopy || name === "a migration away");
        assert.equal(goesOn(job, parseDomState(words)), expected, `${words} with ${name}`);
      }
    assert.ok(goesOn(sending, undefined));
    assert.ok(!goesOn(none, undefined));
  });
});
