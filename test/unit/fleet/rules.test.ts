import assert from "node:assert/strict";
import type { FleetHost, FleetVm, Rule, Selector } from "../../../provider/fleet/model";
import { brokenRules, select, show } from "../../../provider/fleet/rules";

const host = (name: string, labels = {}): FleetHost => ({
  name,
  memoryBytes: 100,
  cpus: 8,
  labels,
  maintenance: false,
});
const vm = (name: string, labels = {}): FleetVm => ({
  name,
  host: "a",
  active: true,
  memoryBytes: 10,
  vcpus: 1,
  labels,
  priority: 0,
  pinned: false,
  onEvacuation: "block",
});
const hosts = [host("a", { site: "muc" }), host("b", { site: "ber" }), host("c")];
const vms = [vm("web-1", { app: "web" }), vm("web-2", { app: "web" }), vm("db-1", { app: "db", tier: "1" })];

describe("fleet: rules", () => {
  for (const [selector, names] of [
    [["db-1", "no-such"], ["db-1"]],
    [{ app: "web" }, ["web-1", "web-2"]],
    [{ app: "db", tier: "1" }, ["db-1"]],
    [{ app: "db", tier: "2" }, []],
    [{ constructor: "x" }, []],
    [{}, []],
    [[], []],
  ] as [Selector, string[]][]) {
    it(`selects by ${JSON.stringify(selector)}`, () => {
      assert.deepEqual(
        select(selector, vms).map(({ name }) => name),
        names,
      );
    });
  }

  const apart: Rule = { apart: { app: "web" } };
  const together: Rule = { together: ["web-1", "db-1"] };
  const only: Rule = { only: { app: "db" }, on: { site: "muc" } };
  for (const [rule, where, broken] of [
    [apart, { "web-1": ["a"], "web-2": ["b"] }, []],
    [apart, { "web-1": ["a"], "web-2": ["a"] }, [["a"]]],
    [apart, { "web-1": ["a", "b"], "web-2": ["b", "c"] }, [["b"]]],
    [apart, { "web-1": ["a", "b"], "web-2": ["b", "a"] }, [["a"], ["b"]]],
    [apart, { "web-1": ["a"] }, []],
    [together, { "web-1": ["a"], "db-1": ["a"] }, []],
    [together, { "web-1": ["a"], "db-1": ["a", "b"] }, []],
    [together, { "web-1": ["b"], "db-1": ["a"] }, [["b", "a"]]],
    [together, { "web-1": ["b"] }, []],
    [only, { "db-1": ["a"], "web-1": ["b"] }, []],
    [only, { "db-1": ["a", "b"] }, [["b"]]],
    [only, { "db-1": ["c"] }, [["c"]]],
  ] as [Rule, Record<string, string[]>, string[][]][]) {
    it(`${show(rule)}: ${JSON.stringify(where)} breaks it ${broken.length} times`, () => {
      const found = brokenRules({ hosts, vms, rules: [rule] }, new Map(Object.entries(where)));
      assert.deepEqual(
        found.map((violation) => violation.hosts),
        broken,
      );
      for (const violation of found) assert.equal(violation.rule, rule);
    });
  }
});
