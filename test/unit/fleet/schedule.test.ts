import assert from "node:assert/strict";
import { type FleetHost, makespan, type Step } from "../../../provider/fleet";

const host = (name: string, most: number): FleetHost => ({
  ...{ name, memoryBytes: 0, cpus: 1, labels: {}, maintenance: false },
  ...{ maxIncoming: most, maxOutgoing: most },
});
const step = (id: string, destination: string, after: string[] = []): Step => ({
  ...{ id, vm: id, source: "a", destination, after, reason: "", round: 0 },
});

describe("how long the moves of a plan take together", () => {
  const hosts = (most: number) => ["a", "b", "c"].map((name) => host(name, most));
  const second = () => 1000;

  it("is nothing without moves", () => assert.equal(makespan([], hosts(2), second), 0));

  it("is as long as its longest where all go at once", () => {
    const steps = [step("1", "b"), step("2", "c"), step("3", "b")];
    assert.equal(
      makespan(steps, hosts(3), ({ id }) => Number(id) * 1000),
      3000,
    );
  });

  it("fills a slot as soon as it is free", () => {
    const steps = [step("1", "b"), step("4", "c"), step("2", "b"), step("3", "b")];
    // Two at a time: 1, 2 and then 3 behind each other beside 4.
    assert.equal(
      makespan(steps, hosts(2), ({ id }) => Number(id) * 1000),
      6000,
    );
    assert.equal(makespan(steps, hosts(1), second), 4000);
  });

  it("waits for the moves that a move comes after, and not for those that another change makes", () => {
    assert.equal(makespan([step("1", "b", ["2"]), step("2", "c", ["elsewhere"])], hosts(2), second), 2000);
  });

  it("ends where moves wait for each other", () => {
    assert.equal(makespan([step("1", "b", ["2"]), step("2", "c", ["1"])], hosts(2), second), 0);
  });
});
