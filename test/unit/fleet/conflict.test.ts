import assert from "node:assert/strict";
import { type Fleet, type Goal, planFleet, type Rule } from "../../../provider/fleet";
import { aFleet, aHost, aVm } from "../../support/fleets";

function conflict(fleet: Fleet, goal: Goal) {
  const plan = planFleet(fleet, goal);
  assert.ok(!plan.possible);
  return plan.conflict;
}

describe("fleet: what cannot hold together", () => {
  const web = { labels: { app: "web" } };
  const apart: Rule = { apart: { app: "web" } };

  it("names the rule and the VMs that it compares, and no other", () => {
    const fleet = aFleet(
      [aHost("a"), aHost("b"), aHost("c")],
      [aVm("w1", "a", 1, web), aVm("w2", "b", 1, web), aVm("w3", "c", 1, web), aVm("db", "a"), aVm("x", "b")],
      { rules: [{ together: ["db", "nothing"] }, apart] },
    );
    const { rules, limits, vms, hosts, proven } = conflict(fleet, { evacuate: ["a"] });
    assert.deepEqual(
      { rules, limits, vms, hosts, proven },
      { rules: [apart], limits: [], vms: ["w1", "w2", "w3"], hosts: ["a"], proven: true },
    );
  });

  it("names the limit, and the one VM that is too big", () => {
    const fleet = aFleet([aHost("a"), aHost("b")], [aVm("small", "a", 1), aVm("big", "a", 6), aVm("other", "b", 5)], {
      rules: [apart],
    });
    const { rules, limits, vms, hosts } = conflict(fleet, { evacuate: ["a"] });
    assert.deepEqual({ rules, limits, vms, hosts }, { rules: [], limits: ["memory"], vms: ["big"], hosts: ["a"] });
  });

  it("names a host in maintenance that would take the VM", () => {
    const fleet = aFleet(
      [aHost("a"), aHost("b"), aHost("c", { maintenance: true })],
      [aVm("big", "a", 6), aVm("other", "b", 5)],
    );
    assert.deepEqual(conflict(fleet, { evacuate: ["a"] }).hosts, ["a", "c"]);
  });

  it("names the VMs of a circle that no host has room to park", () => {
    const fleet = aFleet([aHost("a"), aHost("b")], [aVm("x", "a", 6), aVm("y", "b", 6), aVm("z", "b", 1)]);
    const { rules, limits, vms } = conflict(fleet, {
      assign: new Map([
        ["x", "b"],
        ["y", "a"],
      ]),
    });
    assert.deepEqual({ rules, limits, vms }, { rules: [], limits: ["memory"], vms: ["x", "y"] });
  });

  it("says how many moves it takes if a plan may have fewer", () => {
    const fleet = aFleet([aHost("a"), aHost("b")], [aVm("x", "a"), aVm("y", "a")], { limits: { moves: 1 } });
    const { limits, vms, why } = conflict(fleet, { evacuate: ["a"] });
    assert.deepEqual({ limits, vms }, { limits: ["moves"], vms: ["x", "y"] });
    assert.match(why, /takes 2 moves.* have 1/);
  });

  it("names what keeps a VM from where it is assigned to", () => {
    const only: Rule = { only: ["x"], on: ["a"] };
    const fleet = (more: object) => aFleet([aHost("a"), aHost("b")], [aVm("x", "a", 1, more)], { rules: [only] });
    const goal = { assign: new Map([["x", "b"]]) };
    assert.deepEqual(conflict(fleet({}), goal).rules, [only]);
    assert.match(
      conflict({ ...fleet({}), rules: [], cannotGo: () => "no such CPU model" }, goal).why,
      /b: no such CPU model/,
    );
    assert.match(conflict({ ...fleet({ pinned: true }), rules: [] }, goal).why, /x is pinned/);
  });
});
