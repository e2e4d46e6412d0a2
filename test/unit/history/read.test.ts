import assert from "node:assert/strict";
import { readHistory } from "../../../provider/history/read";
import { historyEntry } from "../../support/historyEntry";

describe("a history file", () => {
  const lines = (...entries: unknown[]) =>
    entries.map((each) => (typeof each === "string" ? each : JSON.stringify(each))).join("\n");

  it("is read in the order of the starts of its moves", () => {
    const [late, early] = [historyEntry(), historyEntry({ startedAt: "2026-01-01T00:00:00.000Z" })];
    const { entries, unreadable } = readHistory(lines(late, early, ""));
    assert.deepEqual(entries, [early, late]);
    assert.deepEqual(unreadable, []);
  });

  it("loses only the lines that cannot be read, each named", () => {
    const cut = JSON.stringify(historyEntry()).slice(0, 100);
    const { entries, unreadable } = readHistory(
      lines(
        historyEntry(),
        { ...historyEntry(), version: 2 },
        "null",
        { ...historyEntry(), startedAt: "yesterday" },
        cut,
      ),
    );
    assert.equal(entries.length, 1);
    assert.deepEqual(
      unreadable.map(({ line }) => line),
      [2, 3, 4, 5],
    );
    assert.match(unreadable[0]!.why, /^version: /);
    assert.match(unreadable[2]!.why, /^startedAt: /);
    assert.match(unreadable[3]!.why, /^no JSON/);
  });
});
