import assert from "node:assert/strict";
import type { Finding } from "../../../provider/core/rules";
import { blocked } from "../../../provider/preflight/preflight";

describe("the preflight", () => {
  describe("makes one error of all that stands in the way", () => {
    const finding = (rule: string, severity: Finding["severity"], next: string): Finding => ({
      rule,
      severity,
      code: rule === "first" ? "optionUnsupported" : "unsafeCombination",
      where: `kvm-${rule}`,
      message: `the ${rule} is wrong`,
      next,
    });

    it("with every reason, and each step once", () => {
      const all = [
        finding("hint", "warning", "x"),
        finding("first", "blocker", "mend it"),
        finding("second", "blocker", "mend it"),
      ];
      const error = blocked(all, "cannot move db-01", "db-01")!;
      assert.equal(
        error.message,
        "cannot move db-01 (preflight, on kvm-first): the first is wrong; the second is wrong\n  What to do: mend it [optionUnsupported]",
      );
      assert.equal(error.domain, "db-01");
    });

    it("and none of warnings", () => {
      assert.equal(blocked([], "x", "y"), undefined);
      assert.equal(blocked([finding("hint", "warning", "x")], "x", "y"), undefined);
    });
  });
});
