import assert from "node:assert/strict";
import { parseCpuSet, showCpuSet } from "../../../provider/core/cpuSet";

describe("a set of CPUs", () => {
  it("is read as libvirt and the kernel write it", () => {
    assert.deepEqual(parseCpuSet("0-3,^2,8\n"), [0, 1, 3, 8]);
    assert.deepEqual(parseCpuSet("5"), [5]);
  });

  for (const text of ["", "a", "3-1", "1-2-3", "0-4294967295", "-1", "1,,2", "0,".repeat(40_000)]) {
    it(`is not known from ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.equal(parseCpuSet(text), undefined);
    });
  }

  it("is shown in ranges", () => {
    assert.equal(showCpuSet([8, 0, 1, 2, 1]), "0-2,8");
    assert.equal(showCpuSet([]), "");
  });
});
