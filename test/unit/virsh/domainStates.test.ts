import assert from "node:assert/strict";
import { showState } from "../../../provider/core/domain";
import { parseDomainStates, stateWords } from "../../../provider/virsh/domainStates";
import { everyState } from "../../support/states";

/** As libvirt 9.0.0 has them. */
const recorded = `Domain: 'db-01'
  state.state=1
  state.reason=2

Domain: 'it's Büro 東京'
  state.state=5
  state.reason=4

`;

describe("the states of all domains of a host", () => {
  it("are in virsh's words, by name", () => {
    assert.deepEqual(
      [...parseDomainStates(recorded)],
      [
        ["db-01", { state: "running", reason: "migrated" }],
        ["it's Büro 東京", { state: "shut off", reason: "migrated" }],
      ],
    );
  });

  /** libvirt's numbers, which no release changes. */
  const numbers: [state: number, reason: number, words: string][] = [
    [0, 0, "no state"],
    [1, 0, "running"],
    [1, 6, "running (migration canceled)"],
    [1, 10, "running (post-copy)"],
    [1, 11, "running (post-copy failed)"],
    [2, 0, "idle"],
    [3, 1, "paused (user)"],
    [3, 2, "paused (migrating)"],
    [3, 5, "paused (I/O error)"],
    [3, 11, "paused (starting up)"],
    [3, 12, "paused (post-copy)"],
    [3, 13, "paused (post-copy failed)"],
    [3, 14, "paused (api error)"],
    [4, 1, "in shutdown (user)"],
    [5, 0, "shut off"],
    [5, 2, "shut off (destroyed)"],
    [5, 3, "shut off (crashed)"],
    [5, 8, "shut off (daemon)"],
    [6, 1, "crashed (panicked)"],
    [7, 0, "pmsuspended"],
  ];
  for (const [state, reason, words] of numbers) {
    it(`${state}, ${reason}: ${words}`, () => {
      const told = parseDomainStates(`Domain: 'x'\n  state.state=${state}\n  state.reason=${reason}\n`).get("x");
      assert.equal(told && showState(told), words);
    });
  }

  it("has no words that domstate has not", () => {
    const known = new Set(everyState.flatMap((words) => [words, words.replace(" (unknown)", "")]));
    for (const { state, reasons } of stateWords)
      for (const reason of reasons) assert.ok(known.has(showState({ state, reason })), `${state} (${reason})`);
  });

  it("leaves out what it cannot tell", () => {
    const none: [title: string, text: string][] = [
      ["a state of a later libvirt", "Domain: 'x'\n  state.state=8\n  state.reason=0\n"],
      ["a reason of a later libvirt", "Domain: 'x'\n  state.state=1\n  state.reason=12\n"],
      ["no reason", "Domain: 'x'\n  state.state=1\n"],
      ["no number", "Domain: 'x'\n  state.state=\n  state.reason=0\n"],
      ["a negative one", "Domain: 'x'\n  state.state=-1\n  state.reason=0\n"],
      ["a name that stands there twice", "Domain: 'x'\n  state.state=1\n  state.reason=1\n".repeat(2)],
      ["an empty answer", ""],
    ];
    for (const [title, text] of none) assert.equal(parseDomainStates(text).size, 0, title);
  });
});
