import assert from "node:assert/strict";
import { brokenLimits, type Limits } from "../../../provider/fleet";
import type { FleetHost, FleetVm } from "../../../provider/fleet";
import { aHost, aVm } from "../../support/fleets";

function broken(host: Partial<FleetHost>, vms: Partial<FleetVm>[], limits: Limits = {}): string[] {
  const those = vms.map((vm, index) => aVm(`v${index}`, "a", 1, vm));
  const where = new Map(those.map(({ name }) => [name, ["a", "elsewhere"]]));
  return brokenLimits({ hosts: [aHost("a", host)], vms: those, limits }, where).map(({ limit }) => limit!);
}

describe("fleet: limits", () => {
  it("counts memory of what runs or arrives, up to the last byte", () => {
    assert.deepEqual(broken({}, [{ memoryBytes: 6 }, { memoryBytes: 4 }]), []);
    assert.deepEqual(broken({}, [{ memoryBytes: 6 }, { memoryBytes: 5 }]), ["memory"]);
    assert.deepEqual(broken({}, [{ memoryBytes: 6 }, { memoryBytes: 5, active: false }]), []);
  });

  it("takes the limits of the fleet, and those of the host instead, one by one", () => {
    const vms = [{ memoryBytes: 9, vcpus: 9 }];
    assert.deepEqual(broken({}, vms, { memory: 0.8, cpu: 1 }), ["memory", "cpu"]);
    assert.deepEqual(broken({ limits: { memory: 0.9 } }, vms, { memory: 0.8, cpu: 1 }), ["cpu"]);
    assert.deepEqual(broken({ limits: { cpu: 1 } }, vms), ["cpu"]);
  });

  it("counts huge pages by their size, and the rest without them", () => {
    const host = { memoryBytes: 10, hugePages: { 2048: 4 } };
    assert.deepEqual(broken(host, [{ memoryBytes: 4, hugePages: 2048 }, { memoryBytes: 6 }]), []);
    assert.deepEqual(broken(host, [{ memoryBytes: 5, hugePages: 2048 }]), ["hugePages"]);
    assert.deepEqual(broken(host, [{ memoryBytes: 7 }]), ["hugePages"]);
    assert.deepEqual(broken(host, [{ memoryBytes: 1, hugePages: 1048576 }]), ["hugePages"]);
    assert.deepEqual(broken({ memoryBytes: 10 }, [{ memoryBytes: 5, hugePages: 2048 }]), []);
  });

  it("counts the memory of NUMA nodes, alone and together", () => {
    const nodes = [0, 1].map((id) => ({ id, memoryBytes: 5 }));
    assert.deepEqual(
      broken({ nodes }, [
        { memoryBytes: 5, nodes: [0] },
        { memoryBytes: 5, nodes: [1] },
      ]),
      [],
    );
    assert.deepEqual(
      broken({ nodes }, [
        { memoryBytes: 3, nodes: [0] },
        { memoryBytes: 3, nodes: [0] },
      ]),
      ["nodes"],
    );
    const three = [
      { memoryBytes: 4, nodes: [0] },
      { memoryBytes: 4, nodes: [1] },
      { memoryBytes: 3, nodes: [0, 1] },
    ];
    assert.deepEqual(broken({ memoryBytes: 20, nodes }, three), ["nodes"]);
  });
});
