import assert from "node:assert/strict";
import type { FleetHostArgs, FleetVmArgs, PlacementsArgs } from "../../../provider";
import { placementsShape } from "../../../provider/placements/definition";
import { placementsOf } from "../../../provider/placements/parse";
import type { Shape } from "../../../provider/placements/shape";

/** Each field that the types allow: what is missing or too much does not compile. */
const host: Required<FleetHostArgs> = {
  maintenance: false,
  labels: { site: "muc" },
  limits: { memory: "80%", cpu: "400%" },
};
const vm: Required<FleetVmArgs> = {
  host: "kvm-a",
  domain: "db",
  labels: { app: "db" },
  priority: 1,
  pinned: true,
  onEvacuation: "stay",
  onDrift: "fail",
  after: ["web-01"],
  migration: { timeout: "5m" },
};
const limits: Required<NonNullable<PlacementsArgs["limits"]>> = { memory: "90%", cpu: "400%", moves: 20 };
const defaults: Required<NonNullable<PlacementsArgs["defaults"]>> = { migration: { tls: true }, onDrift: "moveBack" };
const whole: Required<PlacementsArgs> = {
  hosts: { "kvm-a": host },
  vms: { "db-01": vm, "web-01": "kvm-a" },
  rules: [{ apart: ["db-01", "web-01"] }, { together: { app: "db" } }, { only: ["db-01"], on: { site: "muc" } }],
  limits,
  defaults,
  evacuated: { "kvm-a": { "db-01": 0 } },
};

/** "vms.*.host" */
function pathsOf(shape: Shape, path = ""): string[] {
  switch (shape.kind) {
    case "value":
      return [];
    case "object":
      return Object.entries(shape.fields).flatMap(([name, { shape: below }]) => [
        `${path}${name}`,
        ...pathsOf(below, `${path}${name}.`),
      ]);
    case "names":
      return pathsOf(shape.of, `${path}*.`);
    case "forms":
      return shape.mapping === undefined ? [] : pathsOf(shape.mapping, path);
    default:
      return [];
  }
}

describe("the definition of the placements file", () => {
  it("is what the types of the program allow", () => {
    placementsOf(whole);
    const given = (prefix: string, value: object) => Object.keys(value).map((name) => `${prefix}${name}`);
    assert.deepEqual(
      pathsOf(placementsShape).sort(),
      [
        ...given("", whole),
        ...given("hosts.*.", host),
        ...given("hosts.*.limits.", host.limits),
        ...given("vms.*.", vm),
        ...given("limits.", limits),
        ...given("defaults.", defaults),
      ].sort(),
    );
  });
});
