import assert from "node:assert/strict";
import { acceptable, unacceptable, whyNotAcceptable } from "../../../provider/core/accept";
import { problems } from "../../../provider/core/problems";
import { parseInputs } from "../../../provider/schema";
import { healthyHost, healthyMove } from "../../support/move-facts";
import { cases } from "./problems/cases";

const shmem = (accept: string[]) =>
  problems(healthyMove({ domain: { ...healthyMove().domain!, sharedMemory: ["peer"] }, options: { accept } }))[0]!;

describe("blockers that the user answers for", () => {
  it("are those of every rule that blocks, but for those that lose a VM or its data", () => {
    const blocking = cases.flatMap(([, change]) =>
      problems(healthyMove(change))
        .filter(({ severity }) => severity === "blocker")
        .map(({ rule }) => rule),
    );
    const names = [...Object.keys(acceptable), ...Object.keys(unacceptable)];
    assert.deepEqual(
      [...new Set(blocking)].filter((rule) => !names.includes(rule)),
      [],
    );
    assert.equal(new Set(names).size, names.length);
  });

  it("are warnings, marked as accepted", () => {
    const { severity, accepted, rule } = shmem(["shared-memory", "cpu"]);
    assert.deepEqual({ severity, accepted, rule }, { severity: "warning", accepted: true, rule: "shared-memory" });
  });

  it("say that they may be accepted, where they are not", () => {
    const { severity, accepted, remedies } = shmem(["cpu"]);
    assert.deepEqual([severity, accepted], ["blocker", undefined]);
    assert.ok(remedies.at(-1)!.do.includes('migration.accept: ["shared-memory"]'));
  });

  it("are never those that lose a VM, whatever stands in the inputs", () => {
    const source = healthyHost("kvm-a");
    const facts = healthyMove({ source, destination: { ...source, host: "kvm-b" } });
    const [problem] = problems({ ...facts, options: { mode: "auto", accept: ["distinct-hosts"] } });
    assert.deepEqual([problem!.rule, problem!.severity], ["distinct-hosts", "blocker"]);
  });

  it("are refused by name in check: unknown ones with near matches, dangerous ones with the reason", () => {
    const failuresOf = (accept: string[]) =>
      parseInputs({ domain: "db-01", host: "kvm-b", migration: { accept } }).failures.map(
        ({ property, code, message }) => [property, code, message],
      );
    assert.deepEqual(failuresOf(["host-devices"]), []);
    for (const name of ["host-device", "disks", "owned-state", "constructor"]) {
      const [[property, code, message] = [], ...more] = failuresOf(["cpu", name]);
      assert.deepEqual(more, []);
      assert.deepEqual([property, code, message], ["migration.accept.1", "invalidInput", whyNotAcceptable(name)]);
    }
    assert.ok(whyNotAcceptable("host-device")!.includes("did you mean host-devices"));
    assert.ok(whyNotAcceptable("disks")!.includes(unacceptable["disks"]!));
  });
});
