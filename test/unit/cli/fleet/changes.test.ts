import assert from "node:assert/strict";
import { changesOf } from "../../../../provider/cli/fleet/changes";
import type { Gathered } from "../../../../provider/cli/fleet/gather";
import type { PossiblePlan, Step } from "../../../../provider/fleet";

const step = (id: string, destination: string, more: Partial<Step> = {}): Step => ({
  ...{ id, vm: id, source: "a", destination, after: [], reason: "", round: 0 },
  ...more,
});

function changes(
  steps: Step[],
  evacuated: PossiblePlan["evacuated"],
  before: PossiblePlan["evacuated"] = {},
  adopted: ReadonlyMap<string, string> = new Map(),
) {
  const plan: PossiblePlan = {
    ...{ possible: true, assignment: new Map(), steps, stays: [], blocked: [] },
    ...(evacuated && { evacuated }),
  };
  return changesOf(plan, { placements: { evacuated: before }, adopted } as unknown as Gathered, {});
}

describe("a plan as changes of the placements file", () => {
  it("is the host of each VM that moves, with the VMs that it waits for", () => {
    const { vms } = changes([step("db", "b"), step("web", "c", { after: ["db"] })], undefined);
    assert.deepEqual(vms, { db: { host: "b", after: [] }, web: { host: "c", after: ["db"] } });
  });

  it("takes over where a VM is that may stay where it was moved by hand, unless the plan moves it on", () => {
    const adopted = new Map([
      ["db", "c"],
      ["web", "c"],
    ]);
    const { vms } = changes([step("db", "b")], undefined, {}, adopted);
    assert.deepEqual(vms, { web: { host: "c" }, db: { host: "b", after: [] } });
  });

  it("is only the first move of a VM that is parked", () => {
    const parked = step("db (parking)", "c", { vm: "db", parking: true });
    const { vms } = changes([parked, step("db", "b", { round: 1, after: ["db (parking)"] })], undefined);
    assert.deepEqual(vms, { db: { host: "c", after: [] } });
  });

  it("takes the record of what has come back away", () => {
    const { evacuated } = changes([step("db", "a")], { b: { web: 0 } }, { a: { db: 0 }, b: { web: 0 } });
    assert.deepEqual(evacuated, { a: null, b: { web: 0 } });
  });

  it("keeps the record while a VM is still parked", () => {
    const parked = step("web (parking)", "c", { vm: "web", parking: true });
    const { evacuated } = changes(
      [step("db", "a"), parked, step("web", "b", { round: 1 })],
      {},
      { a: { db: 0, web: 1 } },
    );
    assert.deepEqual(evacuated, { a: { db: 0, web: 1 } });
  });
});
