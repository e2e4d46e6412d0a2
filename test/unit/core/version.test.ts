import assert from "node:assert/strict";
import fc from "fast-check";
import { versionBelow } from "../../../provider/core/version";

describe("versions", () => {
  const cases: [version: string, limit: string, below: boolean][] = [
    ["10.0.13", "10.1", true],
    ["10.1", "10.1", false],
    ["10.1.0", "10.1", false],
    ["10.1", "10.1.0", false],
    ["10.1.1", "10.1", false],
    ["9.0.0", "9.1", true],
    ["9.10.0", "9.9", false],
    ["9.0.0", "11.3.0", true],
    ["7.2.22", "10.1", true],
    ["8.5.0-rc1", "8.5.0", false],
    ["", "1", true],
  ];
  for (const [version, limit, below] of cases) {
    it(`${version || "no version"} is ${below ? "" : "not "}below ${limit}`, () =>
      assert.equal(versionBelow(version, limit), below));
  }

  it("are in one order: of two that differ, exactly one is below the other", () => {
    const version = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [left, right] = [a.join("."), b.join(".")];
        const same = Array.from({ length: 4 }, (_, i) => (a[i] ?? 0) === (b[i] ?? 0)).every(Boolean);
        assert.equal(Number(versionBelow(left, right)) + Number(versionBelow(right, left)), same ? 0 : 1);
      }),
    );
  });
});
