import assert from "node:assert/strict";
import type { Finding } from "../../../provider/core/rules";
import { blocked, preflight } from "../../../provider/placement/preflight";
import { fakeDomain } from "../../support/fake-virsh";
import { Placing } from "../../support/placing";

describe("the preflight", () => {
  const move = { from: "kvm-a", to: "kvm-b", how: "live" } as const;

  it("asks both hosts and changes nothing on either", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    const command = world.plan({}).live as string;
    assert.deepEqual(await preflight(world.hosts, { ...move, command, options: { mode: "auto" } }), []);
    assert.deepEqual(world.host("kvm-a").commands.toSorted(), ["capabilities", "help migrate", "version --daemon"]);
    assert.deepEqual(world.host("kvm-b").commands.toSorted(), ["capabilities", "version --daemon"]);
    await world.hosts.close();
  });

  it("holds each host's own version against the rules", async () => {
    const world = new Placing({ "kvm-a": [fakeDomain()] });
    Object.assign(world.host("kvm-a").options, { qemu: "10.1.0" });
    const options = { mode: "auto", parallel: true, postCopy: true, postCopyAfterMs: 1000 } as const;
    const found = await preflight(world.hosts, { ...move, command: world.plan({ options }).live as string, options });
    assert.deepEqual(
      found.map(({ rule, where }) => [rule, where]),
      [["multi-fd-with-post-copy", "kvm-b"]],
    );
    await world.hosts.close();
  });

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
