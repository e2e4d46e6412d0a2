import assert from "node:assert/strict";
import { withTimeout } from "../../../provider/core/timeout";

const gib = 2 ** 30;

describe("a timeout per GiB", () => {
  it("is that of the VM's memory, and at least a second", () => {
    const of = (bytes: number) => withTimeout({ mode: "auto", timeoutMsPerGiB: 30_000 }, bytes);
    assert.deepEqual(of(4 * gib), { mode: "auto", timeoutMs: 120_000 });
    assert.deepEqual(of(1.5 * gib), { mode: "auto", timeoutMs: 45_000 });
    assert.deepEqual(of(gib / 1024), { mode: "auto", timeoutMs: 1000 });
  });

  it("is none where the memory is not known, and leaves other options as they are", () => {
    assert.deepEqual(withTimeout({ mode: "auto", timeoutMsPerGiB: 30_000 }, undefined), { mode: "auto" });
    assert.deepEqual(withTimeout({ mode: "auto", timeoutMs: 5000 }, gib), { mode: "auto", timeoutMs: 5000 });
  });
});
