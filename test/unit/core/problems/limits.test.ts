import assert from "node:assert/strict";
import { withinLimits } from "../../../../provider/core/problems/limits";
import type { GivenToVm, MoveAlongside, MoveFacts } from "../../../../provider/core/problems";
import { healthyMove, healthySystem } from "../../../support/move-facts";

const GiB = 2 ** 30;
const given = (gib: number, vcpus: number): GivenToVm => ({ memoryBytes: gib * GiB, vcpus });

/** db-01 has 8 GiB and 2 virtual CPUs; kvm-b 32 GiB and 8 CPUs. */
function facts(change: Partial<MoveFacts>, present: Record<string, GivenToVm> = {}): MoveFacts {
  const move = healthyMove();
  const system = healthySystem("kvm-b", { totalMemoryBytes: 32 * GiB });
  return {
    ...move,
    destination: { ...move.destination, system },
    givenOnDestination: present,
    ...change,
  };
}

const alongside = (domain: string, more: Partial<MoveAlongside>): MoveAlongside => ({
  ...{ domain, source: "kvm-a", destination: "kvm-b", memoryBytes: 0, hugeMemory: [], begun: true },
  ...more,
});
const messages = (of: MoveFacts) => withinLimits(of).map(({ severity, message }) => `${severity}: ${message}`);

describe("limits of the destination", () => {
  it("are none, unless the program has some", () => {
    assert.deepEqual(messages(facts({}, { big: given(1000, 1000) })), []);
  });

  it("hold to the last byte and CPU", () => {
    const limits = { memory: 0.5, cpu: 1 };
    assert.deepEqual(messages(facts({ limits }, { web: given(8, 6) })), []);
    assert.deepEqual(messages(facts({ limits }, { web: given(9, 6) })), [
      "blocker: on kvm-b, db-01 with web would take 17 GiB of memory (limits.memory: 16 GiB, 50% of 32 GiB)",
    ]);
    assert.deepEqual(messages(facts({ limits }, { web: given(8, 7) })), [
      "blocker: on kvm-b, db-01 with web would take 9 virtual CPUs (limits.cpu: 8, 100% of 8)",
    ]);
    assert.equal(messages(facts({ limits }, { web: given(9, 7) }))[0]!.match(/\(limits/g)!.length, 2);
  });

  it("count what this run moves there, once", () => {
    const limits = { memory: 0.5 };
    const arriving = alongside("web", { given: given(9, 1) });
    assert.equal(messages(facts({ limits, alongside: [arriving] })).length, 1);
    assert.equal(messages(facts({ limits, alongside: [arriving] }, { web: given(8, 1) })).length, 1);
    assert.deepEqual(messages(facts({ limits, alongside: [alongside("off", {})] })), []);
  });

  it("count a VM that leaves as long as it is there: in a preview no more, while it moves still", () => {
    const limits = { memory: 0.5 };
    const leaving = { source: "kvm-b", destination: "kvm-c", given: given(9, 1) };
    const present = { web: given(9, 1) };
    assert.deepEqual(
      messages(facts({ limits, alongside: [alongside("web", { ...leaving, begun: false })] }, present)),
      [],
    );
    assert.equal(messages(facts({ limits, alongside: [alongside("web", leaving)] }, present)).length, 1);
  });

  it("do not count the VM itself twice, whose copy may be there already", () => {
    assert.deepEqual(messages(facts({ limits: { memory: 0.25 } }, { "db-01": given(8, 2) })), []);
  });

  it("are for VMs that run", () => {
    assert.deepEqual(messages(facts({ limits: { memory: 0.01 }, how: "offline" })), []);
  });

  it("are said not to be checked where libvirt does not tell", () => {
    const [problem] = withinLimits(facts({ limits: { memory: 0.9 }, givenOnDestination: undefined }));
    assert.deepEqual([problem!.severity, problem!.code, problem!.host], ["warning", "unreadableAnswer", "kvm-b"]);
  });
});
