import assert from "node:assert/strict";
import { type DomainPhase, isInPostCopy, isOneEnd, phaseOf } from "../../../provider/core/situation";
import { parseDomState } from "../../../provider/virsh/parse";
import { everyJob, everyState } from "../../support/states";

describe("the phase of a domain on one host", () => {
  const cases: [words: string, job: keyof typeof everyJob, phase: DomainPhase][] = [
    ["running (booted)", "no job", "settled"],
    ["running (migration canceled)", "not asked for", "settled"],
    ["paused (user)", "a backup", "settled"],
    ["running (booted)", "a migration away", "sending"],
    ["paused (migrating)", "a migration away", "sending"],
    ["paused (migrating)", "no job", "receiving"],
    ["paused (migrating)", "a migration to here", "receiving"],
    ["paused (migrating)", "one that libvirt does not tell", "unanswering"],
    ["running (booted)", "one that libvirt does not tell", "unanswering"],
    ["paused (post-copy)", "a migration away", "postCopySource"],
    ["paused (post-copy)", "one that libvirt does not tell", "postCopySource"],
    ["running (post-copy)", "a migration to here", "postCopyDestination"],
    ["paused (post-copy failed)", "a migration away", "interruptedSource"],
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

  it("is one end of a migration wherever libvirt says so", () => {
    for (const words of [
      "paused (migrating)",
      "paused (post-copy)",
      "running (post-copy failed)",
      "shut off (migrated)",
    ])
      assert.ok(isOneEnd(observed(words, "no job")), words);
    assert.ok(isOneEnd(observed("running (booted)", "a migration away")));
  });
});

function observed(words: string, job: keyof typeof everyJob) {
  const info = everyJob[job];
  return { ...parseDomState(words), ...(info && { job: info }) };
}
