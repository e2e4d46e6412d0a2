import assert from "node:assert/strict";
import type { DomainState, JobInfo } from "../../../provider/core/domain";
import * as situation from "../../../provider/core/situation";
import { type DomainPhase, isInPostCopy, isInterrupted, isOneEnd, phaseOf } from "../../../provider/core/situation";
import { parseDomState } from "../../../provider/virsh/parse";
import { everyJob, everyState } from "../../support/states";

describe("the phase of a domain on one host", () => {
  const cases: [words: string, job: keyof typeof everyJob, phase: DomainPhase][] = [
    ["running (booted)", "no job", "settled"],
    ["running (migrated)", "no job", "settled"],
    ["running (migration canceled)", "not asked for", "settled"],
    ["paused (user)", "a backup", "settled"],
    ["idle", "no job", "settled"],
    ["running (booted)", "a migration away", "sending"],
    ["paused (migrating)", "a migration away", "sending"],
    ["paused (migrating)", "no job", "receiving"],
    ["paused (migrating)", "a migration to here", "receiving"],
    ["paused (starting up)", "a migration to here", "receiving"],
    ["paused (migrating)", "one that libvirt does not tell", "unanswering"],
    ["running (booted)", "one that libvirt does not tell", "unanswering"],
    ["paused (post-copy)", "a migration away", "postCopySource"],
    ["paused (post-copy)", "one that libvirt does not tell", "postCopySource"],
    ["running (post-copy)", "a migration to here", "postCopyDestination"],
    ["paused (post-copy failed)", "a migration away", "interruptedSource"],
    ["paused (post-copy failed)", "no job", "interruptedSource"],
    ["running (post-copy failed)", "no job", "interruptedDestination"],
    ["shut off (migrated)", "no job", "handedOver"],
    ["shut off (crashed)", "no job", "off"],
    ["shut off (unknown)", "not asked for", "off"],
    ["crashed (panicked)", "no job", "crashed"],
    ["in shutdown (user)", "no job", "changing"],
    ["pmsuspended (disk)", "no job", "changing"],
  ];
  for (const [words, job, phase] of cases) {
    it(`is ${phase} of "${words}" with ${job}`, () => assert.equal(phaseOf(observed(words, job)), phase));
  }

  it("is never a migration's where libvirt names neither a migration nor a job", () => {
    for (const words of everyState) {
      if (/post-copy|migrat/.test(words)) continue;
      const view = observed(words, "no job");
      assert.ok(!isInPostCopy(view) && !isOneEnd(view), words);
    }
  });
});

describe("what libvirt's words mean", () => {
  /** Of every state that libvirt has words for, those of which it is true. */
  const states: [is: (view: DomainState) => boolean, ...words: (string | RegExp)[]][] = [
    [situation.isActive, /^(?!shut off)/],
    [situation.isRunning, /^running/],
    [situation.isPaused, /^paused/],
    [situation.isCrashed, "crashed", "crashed (panicked)"],
    [situation.holdsItsMemory, /^(running|paused|idle|blocked)/],
    [situation.isPausedForMigration, "paused (migrating)"],
    [situation.isInPostCopy, /post-copy/],
    [situation.isPostCopySource, "paused (post-copy)", "paused (post-copy failed)"],
    [situation.isPostCopyDestination, "running (post-copy)", "running (post-copy failed)"],
    [situation.isInterrupted, "paused (post-copy failed)", "running (post-copy failed)"],
    [situation.isStillInPostCopy, "running (post-copy)"],
    [situation.hasArrived, "running (migrated)"],
    [situation.isHandedOver, "shut off (migrated)"],
    [situation.wasShutDown, "shut off (shutdown)"],
    [situation.endedByCrash, "shut off (crashed)"],
    [situation.endedByForce, /^shut off \((crashed|failed|destroyed|daemon)\)$/],
  ];
  for (const [is, ...words] of states) {
    it(`${is.name}: ${words.join(", ")}`, () => {
      const expected = everyState.filter((each) =>
        words.some((one) => (typeof one === "string" ? one === each : one.test(each))),
      );
      assert.deepEqual(
        everyState.filter((each) => is(parseDomState(each))),
        expected,
      );
    });
  }

  const jobs: [is: (job: JobInfo | undefined) => boolean, ...jobs: (keyof typeof everyJob)[]][] = [
    [situation.isOutgoing, "a migration away"],
    [situation.isOtherJob, "a migration to here", "a backup"],
    [situation.isHeld, "one that libvirt does not tell"],
  ];
  for (const [is, ...names] of jobs) {
    it(`${is.name}: ${names.join(", ")}`, () =>
      assert.deepEqual(
        Object.keys(everyJob).filter((name) => is(everyJob[name])),
        names,
      ));
  }

  it("knows a job that runs from one that has ended", () => {
    assert.ok(situation.isOutgoing({ type: "bounded", operation: "outgoing" }));
    for (const type of ["completed", "failed", "cancelled"] as const) {
      assert.ok(!situation.isOutgoing({ type, operation: "outgoing" }));
      assert.ok(!situation.isOtherJob({ type, operation: "other" }));
    }
  });

  it("knows a job that has begun by its having something to move", () => {
    assert.ok(!situation.hasBegun(undefined));
    assert.ok(!situation.hasBegun({ type: "unbounded", operation: "outgoing", memoryTotalBytes: 0 }));
    assert.ok(situation.hasBegun({ type: "unbounded", memoryTotalBytes: 1 }));
    assert.ok(situation.hasBegun({ type: "unbounded", diskTotalBytes: 1 }));
  });

  it("says nothing of a host that does not have the domain", () => {
    for (const is of [
      situation.isPausedForMigration,
      situation.isInPostCopy,
      situation.isPostCopySource,
      situation.isPostCopyDestination,
      situation.isInterrupted,
      situation.isStillInPostCopy,
      situation.isInMigration,
      situation.hasArrived,
    ])
      assert.equal(is(undefined), false, is.name);
  });
});

describe("whether a migration is in progress", () => {
  it("is in progress where the state says so, or the job does, or libvirt does not tell; not where it was interrupted", () => {
    for (const words of everyState)
      for (const job of Object.keys(everyJob)) {
        const inProgress =
          !words.includes("post-copy failed") &&
          (["paused (migrating)", "paused (post-copy)", "running (post-copy)"].includes(words) ||
            job === "a migration away" ||
            job === "one that libvirt does not tell");
        assert.equal(situation.isInMigration(observed(words, job)), inProgress, `${words} with ${job}`);
      }
  });

  it("is prepared to receive by its state, or by a job to here before it runs", () => {
    for (const words of everyState)
      for (const job of Object.keys(everyJob)) {
        const prepared =
          words === "paused (migrating)" || (job === "a migration to here" && !words.startsWith("running"));
        assert.equal(situation.isPreparedToReceive(observed(words, job)), prepared, `${words} with ${job}`);
      }
  });

  it("answers the same by the phase as by the words", () => {
    const ends: readonly DomainPhase[] = ["sending", "receiving", "handedOver"];
    const moving: readonly DomainPhase[] = ["sending", "unanswering", "postCopySource", "postCopyDestination"];
    for (const words of everyState)
      for (const job of Object.keys(everyJob)) {
        const view = observed(words, job);
        const phase = phaseOf(view);
        assert.equal(isInPostCopy(view), /^(postCopy|interrupted)/.test(phase), words);
        assert.equal(isInterrupted(view), phase.startsWith("interrupted"), words);
        assert.equal(isOneEnd(view), isInPostCopy(view) || ends.includes(phase), words);
        // A receiving end that only its job tells of has no words of a migration yet.
        if (phase !== "receiving") assert.equal(situation.isInMigration(view), moving.includes(phase), words);
      }
  });
});

function observed(words: string, job: keyof typeof everyJob) {
  const info = everyJob[job];
  return { ...parseDomState(words), ...(info && { job: info }) };
}
