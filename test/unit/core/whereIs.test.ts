import assert from "node:assert/strict";
import { whereIs } from "../../../provider/core/whereIs";
import type { DomainView } from "../../../provider/core/domain";
import { view } from "../../support/views";

describe("where a VM is, for a refresh", () => {
  const cases: [title: string, views: DomainView[], where: string | undefined][] = [
    ["nowhere", [], undefined],
    ["where it runs", [view("kvm-a", "running (booted)")], "kvm-a"],
    ["where it is shut off", [view("kvm-a", "shut off (shutdown)")], "kvm-a"],
    ["where it is paused", [view("kvm-a", "paused (user)")], "kvm-a"],
    ["where it crashed, when no other host knows it", [view("kvm-a", "crashed (panicked)")], "kvm-a"],
    [
      "where it runs, not where a definition is left over",
      [view("kvm-a", "shut off (migrated)"), view("kvm-b", "running (migrated)")],
      "kvm-b",
    ],
    [
      "where it runs, not where another definition is shut off",
      [view("kvm-a", "shut off (shutdown)"), view("kvm-b", "running (booted)")],
      "kvm-b",
    ],
    [
      "at the source of a pre-copy in progress",
      [view("kvm-a", "running (booted)"), view("kvm-b", "paused (migrating)")],
      "kvm-a",
    ],
    [
      "at the destination of a post-copy in progress",
      [view("kvm-a", "paused (post-copy)"), view("kvm-b", "running (post-copy)")],
      "kvm-b",
    ],
    [
      "at the destination of an interrupted post-copy",
      [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "running (post-copy failed)")],
      "kvm-b",
    ],
    [
      "where it has arrived, while its source still has the interrupted post-copy",
      [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "running (migrated)")],
      "kvm-b",
    ],
    [
      "on the one host that is left of a post-copy",
      [view("kvm-a", "paused (post-copy failed)"), view("kvm-b", "shut off (migrated)")],
      "kvm-a",
    ],
    ["where it comes in, when its source is not seen", [view("kvm-b", "paused (migrating)")], "kvm-b"],
    ["nowhere, when the only host that knows it has moved it away", [view("kvm-a", "shut off (migrated)")], undefined],
    [
      "where it is shut off, not where it was moved away from",
      [view("kvm-a", "shut off (migrated)"), view("kvm-b", "shut off (shutdown)")],
      "kvm-b",
    ],
  ];
  for (const [title, views, where] of cases) {
    it(title, () => {
      for (const order of [views, [...views].reverse()]) {
        const found = whereIs(order);
        assert.equal(found && "host" in found ? found.host : found, where);
      }
    });
  }

  it("is not one host where it runs twice, or is defined twice", () => {
    assert.deepEqual(whereIs([view("kvm-a", "running (booted)"), view("kvm-b", "running (booted)")]), {
      unclear: "the VM is on kvm-a: running (booted) and kvm-b: running (booted)",
    });
    assert.deepEqual(whereIs([view("kvm-a", "shut off (shutdown)"), view("kvm-b", "shut off (unknown)")]), {
      unclear: "the VM is on kvm-a: shut off (shutdown) and kvm-b: shut off",
    });
  });
});
