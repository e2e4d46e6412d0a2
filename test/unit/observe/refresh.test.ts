import assert from "node:assert/strict";
import type { Observed } from "../../../provider/core/decide/types";
import { PlacementError } from "../../../provider/core/errors";
import { locate } from "../../../provider/observe/refresh";
import { commandsOf } from "../../support/problems";
import { dbUuid, view } from "../../support/views";

const observed = (differing: Partial<Observed>): Observed => ({
  views: [],
  asked: ["kvm-a", "kvm-b"],
  unreachable: [],
  lastHost: undefined,
  ...differing,
});

describe("the host of a VM, for a refresh", () => {
  it("is the one that runs it", () => {
    const running = view("kvm-b", "running (migrated)");
    const views = [view("kvm-a", "shut off (migrated)"), running];
    assert.equal(locate(dbUuid, "db-01", observed({ views })), running);
  });

  const cases: [title: string, differing: Partial<Observed>, code: string, message: string, remedies: string[]][] = [
    [
      "no host has it",
      {},
      "domainMissing",
      "the VM is not on kvm-a or kvm-b",
      ["$ pulumi state delete URN", "$ pulumi refresh --run-program"],
    ],
    [
      "a host is silent",
      { unreachable: [{ host: "kvm-b", why: "no route" }] },
      "hostUnreachable",
      "the VM is not on kvm-a; kvm-b cannot be asked (no route)",
      [],
    ],
    [
      "every host is silent",
      { asked: ["kvm-b"], unreachable: [{ host: "kvm-b", why: "no route" }] },
      "hostUnreachable",
      "kvm-b cannot be asked (no route)",
      [],
    ],
    [
      "two hosts run it",
      { views: [view("kvm-a", "running (booted)"), view("kvm-b", "running (booted)")] },
      "domainOnTwoHosts",
      "the VM is on kvm-a: running (booted) and kvm-b: running (booted)",
      [],
    ],
  ];
  for (const [title, differing, code, message, remedies] of cases) {
    it(`is not known where ${title}`, () => {
      assert.throws(
        () => locate(dbUuid, "db-01", observed(differing)),
        (error: unknown) => {
          assert.ok(error instanceof PlacementError);
          assert.deepEqual([error.code, error.problem.message], [code, message]);
          assert.deepEqual(commandsOf(error.problem.remedies), remedies);
          return true;
        },
      );
    });
  }
});
