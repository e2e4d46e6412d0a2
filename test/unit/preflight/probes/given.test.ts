import assert from "node:assert/strict";
import { readGiven } from "../../../../provider/preflight/probes/given";

describe("what VMs were given", () => {
  it("is read of each VM that runs, by its name", () => {
    const text = `Domain: 'db-01'
  balloon.current=524288
  balloon.maximum=1048576
  vcpu.current=2
  vcpu.maximum=4
  vcpu.0.state=1

Domain: 'web-01'
  balloon.current=65536
  balloon.maximum=65536
  vcpu.current=1
  vcpu.maximum=1

`;
    assert.deepEqual(
      readGiven(text),
      Object.fromEntries([
        ["db-01", { memoryBytes: 2 ** 30, vcpus: 2 }],
        ["web-01", { memoryBytes: 2 ** 26, vcpus: 1 }],
      ]),
    );
  });

  it("is left out where libvirt does not say it", () => {
    assert.deepEqual(readGiven("Domain: 'db-01'\n  vcpu.current=2\n"), {});
    assert.deepEqual(readGiven(""), {});
  });
});
