import assert from "node:assert/strict";
import { rank } from "../../../provider/fleet";
import { aFleet, aHost, aVm } from "../../support/fleets";

describe("fleet: rank", () => {
  const hosts = [aHost("a"), aHost("b"), aHost("c"), aHost("d", { maintenance: true }), aHost("e")];
  const vms = [aVm("x", "a", 2), aVm("full", "b", 9), aVm("y", "c", 3)];
  const fleet = aFleet(hosts, vms, { cannotGo: (_, host) => (host === "e" ? "no such CPU model" : undefined) });

  it("ranks the emptiest host first, and says why a host is impossible", () => {
    const ranked = rank(fleet, "x");
    assert.deepEqual(
      ranked.map(({ host, possible }) => [host, possible]),
      [
        ["a", true],
        ["c", true],
        ["d", false],
        ["e", false],
        ["b", false],
      ],
    );
    const [a, c, d, e, b] = ranked.map(({ score, reasons }) => ({ score, text: reasons.join("; ") }));
    assert.equal(a!.score, 0.8);
    assert.match(a!.text, /it is there/);
    assert.equal(c!.score, 0.5);
    assert.match(d!.text, /in maintenance/);
    assert.match(e!.text, /no such CPU model/);
    assert.match(b!.text, /VMs take 11 of 10 \(memory\)/);
    for (const { score } of [d!, e!, b!]) assert.ok(score < 0);
  });

  it("names the rules that a host would break, but not those that are broken already", () => {
    const rules = [{ apart: ["x", "y"] }, { only: ["x"], on: ["b"] }];
    const [a, , c] = ["a", "b", "c"].map((name) => rank({ ...fleet, rules }, "x").find(({ host }) => host === name)!);
    assert.ok(a!.possible);
    assert.ok(!c!.possible);
    assert.match(c!.reasons.join(), /apart: x, y/);
  });

  it("refuses a VM that the fleet does not have", () => {
    assert.throws(() => rank(fleet, "nobody"), { code: "invalidInput" });
  });
});
