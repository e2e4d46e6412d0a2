import assert from "node:assert/strict";
import { unfinished } from "../../../provider/core/unfinished";
import { view } from "../../support/views";

describe("what a refresh tells of a move that was left undone", () => {
  it("is nothing where the VM is on one host and defined there", () => {
    assert.equal(unfinished([]), undefined);
    assert.equal(unfinished([view("kvm-b", "running (migrated)")]), undefined);
    assert.equal(unfinished([view("kvm-b", "shut off (shutdown)")]), undefined);
  });

  const left: [title: string, views: Parameters<typeof unfinished>[0], expected: string][] = [
    [
      "a definition on the source",
      [view("kvm-b", "running (migrated)"), view("kvm-a", "shut off (migrated)")],
      "a migration of db-01 is not finished: kvm-a says shut off (migrated) and kvm-b says running (migrated)",
    ],
    [
      "one host of a post-copy, while the other does not answer",
      [view("kvm-b", "running (post-copy failed)")],
      "a migration of db-01 is not finished: kvm-b says running (post-copy failed)",
    ],
    [
      "a receiving end alone",
      [view("kvm-b", "paused (migrating)")],
      "a migration of db-01 is not finished: kvm-b says paused (migrating)",
    ],
    [
      "a VM that a shutdown would end for ever",
      [view("kvm-b", "running (migrated)", { persistent: false })],
      "db-01 is not defined on kvm-b",
    ],
  ];
  for (const [title, views, expected] of left) it(`is ${title}`, () => assert.equal(unfinished(views), expected));
});
