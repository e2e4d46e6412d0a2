import assert from "node:assert/strict";
import { clean } from "../../../provider/core/clean";
import { readNote, writeNote } from "../../../provider/virsh/cancelNote";

describe("the note of who cancelled a migration", () => {
  const tenSeconds = 10_000;

  it("is read where it was written during the migration", () => {
    assert.equal(readNote("3 ann@laptop: maintenance is off\n", tenSeconds), "ann@laptop: maintenance is off");
  });

  it("is not read where it is older than the migration", () => {
    assert.equal(readNote("12 ann@laptop\n", tenSeconds), undefined);
  });

  it("is not read where it is not of the form it is written in", () => {
    for (const text of ["", "ann\n", " 3 ann\n", "3\n", "99999999999999 ann\n", "-1 ann\n", "3  \n"])
      assert.equal(readNote(text, tenSeconds), undefined, JSON.stringify(text));
  });

  it("is one short line that drives no terminal, also where somebody else wrote it", () => {
    const read = readNote(`3 ann\u001b[2J\u202e ${"x".repeat(1000)}`, tenSeconds)!;
    assert.equal(read, clean(read));
    assert.ok(read.length <= 300);
    assert.match(
      writeNote("5eed1ab5-0000-4000-8000-000000000001", "a\nb' > /etc/passwd").text,
      /'a b'\\'' > \/etc\/passwd' > "\$f"$/,
    );
  });
});
