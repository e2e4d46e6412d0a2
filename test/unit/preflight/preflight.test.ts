import assert from "node:assert/strict";
import type { Problem, Remedy } from "../../../provider/core/problem";
import { blocked } from "../../../provider/preflight/preflight";

describe("the preflight", () => {
  describe("makes one error of all blockers", () => {
    const problem = (rule: string, severity: Problem["severity"], ...remedies: Remedy[]): Problem => ({
      rule,
      severity,
      code: rule === "first" ? "optionUnsupported" : "unsafeCombination",
      host: `kvm-${rule}`,
      message: `the ${rule} is wrong`,
      remedies,
    });

    it("with every reason, and each step once", () => {
      const all = [
        problem("hint", "warning", { do: "x" }),
        problem("first", "blocker", { do: "fix it" }),
        problem("second", "blocker", { do: "fix it" }),
        problem("third", "blocker", { do: "start it", commands: [{ host: "kvm-b", command: "virsh start db-01" }] }),
      ];
      const error = blocked(all, "cannot move db-01", "db-01")!;
      assert.equal(
        error.message,
        "cannot move db-01 (preflight, on kvm-first): the first is wrong; the second is wrong; the third is wrong\n  What to do: fix it; start it: `virsh start db-01` on kvm-b [optionUnsupported]",
      );
      assert.equal(error.domain, "db-01");
      assert.deepEqual(error.problem.problems, all.slice(1));
    });

    it("and none of warnings", () => {
      assert.equal(blocked([], "x", "y"), undefined);
      assert.equal(blocked([problem("hint", "warning", { do: "x" })], "x", "y"), undefined);
    });
  });
});
