import assert from "node:assert/strict";
import fc from "fast-check";
import type { MigrationOptions } from "../../../provider/core/options";
import type { StepKey } from "../../../provider/core/convergence/steps";
import { dueTimer } from "../../../provider/core/timers";

const second = 1000;

/** Lets time pass in steps and does what is due, as the watch does; tells what was done and when. */
function run(
  options: Partial<MigrationOptions>,
  { untilMs, stepMs = 250, postCopyWorks = true }: { untilMs: number; stepMs?: number; postCopyWorks?: boolean },
): string[] {
  const done = new Set<StepKey>();
  const log: string[] = [];
  let inPostCopy = false;
  for (let elapsedMs = 0; elapsedMs <= untilMs; elapsedMs += stepMs) {
    const { action } = dueTimer({ mode: "auto", ...options }, { elapsedMs, inPostCopy, done });
    if (action === "wait") continue;
    assert.ok(!done.has(action), `${action} twice`);
    done.add(action);
    log.push(`${elapsedMs / second} s: ${action}`);
    if (action === "postCopy" && postCopyWorks) inPostCopy = true;
  }
  return log;
}

describe("steering", () => {
  it("waits for ever where no timer is set", () => {
    const never = { action: "wait", reason: "nothing is due", dueMs: undefined };
    for (const inPostCopy of [false, true]) {
      const course = { elapsedMs: 10 ** 9, inPostCopy, done: new Set<StepKey>() };
      assert.deepEqual(dueTimer({ mode: "auto" }, course), never);
      assert.deepEqual(
        dueTimer({ mode: "auto", postCopy: true, maxDowntimeMs: 500, onTimeout: "abort" }, course),
        never,
      );
    }
  });

  it("says until when there is nothing to do, and acts at the very millisecond", () => {
    const options: MigrationOptions = { mode: "auto", postCopy: true, postCopyAfterMs: 20 * second };
    const at = (elapsedMs: number) => dueTimer(options, { elapsedMs, inPostCopy: false, done: new Set() });
    assert.deepEqual(at(19_999), { action: "wait", reason: "nothing is due", dueMs: 20_000 });
    assert.deepEqual(at(20_000), {
      action: "postCopy",
      reason: "20 s are over: switching to post-copy",
      dueMs: undefined,
      step: { key: "postCopy", action: { kind: "postCopy" } },
    });
  });

  const courses: [title: string, options: Partial<MigrationOptions>, log: string[]][] = [
    ["switches to post-copy once", { postCopy: true, postCopyAfterMs: 20 * second }, ["20 s: postCopy"]],
    ["aborts at the timeout where nothing else was said", { timeoutMs: 60 * second }, ["60 s: abort"]],
    ["suspends at the timeout", { timeoutMs: 60 * second, onTimeout: "suspend" }, ["60 s: suspend"]],
    [
      "switches at the timeout, and does not tell of the timeout it acted on",
      { postCopy: true, timeoutMs: 60 * second, onTimeout: "postCopy" },
      ["60 s: postCopy"],
    ],
    [
      "raises the maximum downtime once",
      { maxDowntimeMs: 500, maxDowntimeAfterMs: 30 * second },
      ["30 s: raiseMaxDowntime"],
    ],
    [
      "does them in the order in which they are due",
      {
        maxDowntimeMs: 500,
        maxDowntimeAfterMs: 40 * second,
        postCopy: true,
        postCopyAfterMs: 50 * second,
        timeoutMs: 60 * second,
      },
      ["40 s: raiseMaxDowntime", "50 s: postCopy", "60 s: inform"],
    ],
    [
      "does not raise the maximum downtime after the switch",
      { maxDowntimeMs: 500, maxDowntimeAfterMs: 50 * second, postCopy: true, postCopyAfterMs: 40 * second },
      ["40 s: postCopy"],
    ],
    [
      "raises the maximum downtime also after a suspend",
      { maxDowntimeMs: 500, maxDowntimeAfterMs: 70 * second, timeoutMs: 60 * second, onTimeout: "suspend" },
      ["60 s: suspend", "70 s: raiseMaxDowntime"],
    ],
  ];
  for (const [title, options, log] of courses) {
    it(title, () => assert.deepEqual(run(options, { untilMs: 200 * second }), log));
  }

  it("catches up in order after a long silence, one action a look", () => {
    const options: MigrationOptions = {
      mode: "auto",
      maxDowntimeMs: 500,
      maxDowntimeAfterMs: 10 * second,
      postCopy: true,
      postCopyAfterMs: 5 * second,
      timeoutMs: 60 * second,
    };
    const done = new Set<StepKey>();
    const look = () => dueTimer(options, { elapsedMs: 100 * second, inPostCopy: false, done });
    const actions = Array.from({ length: 4 }, () => {
      const { action } = look();
      if (action !== "wait") done.add(action);
      return action;
    });
    assert.deepEqual(actions, ["postCopy", "raiseMaxDowntime", "abort", "wait"]);
  });

  it("aborts at the timeout when the switch to post-copy did not come about", () => {
    const options = { postCopy: true, postCopyAfterMs: 20 * second, timeoutMs: 60 * second };
    assert.deepEqual(run(options, { untilMs: 100 * second, postCopyWorks: false }), ["20 s: postCopy", "60 s: abort"]);
  });

  it("only informs of a timeout in post-copy, in words", () => {
    const course = { elapsedMs: 60 * second, inPostCopy: true, done: new Set<StepKey>(["postCopy"]) };
    const { action, reason } = dueTimer({ mode: "auto", timeoutMs: 60 * second, postCopyAfterMs: 1 }, course);
    assert.equal(action, "inform");
    assert.equal(reason, "the timeout of 1 min is over, but in post-copy a migration can only be waited for");
  });

  const reasons: [Partial<MigrationOptions>, string][] = [
    [{ timeoutMs: 300_000 }, "the timeout of 5 min is over: cancelling the migration"],
    [{ timeoutMs: 300_000, onTimeout: "postCopy" }, "the timeout of 5 min is over: switching to post-copy"],
    [{ timeoutMs: 300_000, onTimeout: "suspend" }, "the timeout of 5 min is over: pausing the VM until it has moved"],
    [{ maxDowntimeMs: 1500, maxDowntimeAfterMs: 30_000 }, "30 s are over: the maximum downtime is now 1.5 s"],
  ];
  for (const [options, reason] of reasons) {
    it(`says "${reason}"`, () => {
      const course = { elapsedMs: 300_000, inPostCopy: false, done: new Set<StepKey>() };
      assert.equal(dueTimer({ mode: "auto", ...options }, course).reason, reason);
    });
  }

  it("never does anything twice nor early, whatever the timers and however seldom it is asked", () => {
    const timers = fc.record(
      {
        maxDowntimeMs: fc.constant(500),
        maxDowntimeAfterMs: fc.integer({ min: 100, max: 50_000 }),
        postCopy: fc.constant(true),
        postCopyAfterMs: fc.integer({ min: 100, max: 50_000 }),
        timeoutMs: fc.integer({ min: 1000, max: 60_000 }),
        onTimeout: fc.constantFrom("abort" as const, "postCopy" as const, "suspend" as const),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(timers, fc.integer({ min: 1, max: 20 }), fc.boolean(), (options, quarters, postCopyWorks) => {
        const log = run(options, { untilMs: 120_000, stepMs: quarters * 250, postCopyWorks });
        for (const line of log) {
          const [at, action] = line.split(" s: ") as [string, StepKey];
          const due: Partial<Record<StepKey, (number | undefined)[]>> = {
            raiseMaxDowntime: [options.maxDowntimeAfterMs],
            postCopy: [options.postCopyAfterMs, options.timeoutMs],
            abort: [options.timeoutMs],
            suspend: [options.timeoutMs],
            inform: [options.timeoutMs],
          };
          assert.ok(
            due[action]?.some((ms) => ms !== undefined && Number(at) * second >= ms),
            line,
          );
        }
      }),
    );
  });
});
