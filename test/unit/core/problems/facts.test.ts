import assert from "node:assert/strict";
import fc from "fast-check";
import { renderProblem } from "../../../../provider/core/problem";
import { type MoveFacts, problems } from "../../../../provider/core/problems";
import { healthyMove } from "../../../support/move-facts";
import { factsOf } from "../../../support/problems";
import { cases, path } from "./cases";

describe("the problems found, each fact by itself", () => {
  for (const [title, change, expected] of cases) {
    it(`${expected.length === 0 ? "let pass" : "find"} ${title}`, () => {
      const all = problems(healthyMove(change));
      assert.deepEqual(factsOf(all), expected);
      for (const { severity, remedies } of all) assert.ok(remedies.length > 0 || severity === "information");
    });
  }

  it("name the machine types that would do", () => {
    const [problem] = problems(healthyMove(cases.find(([title]) => title === "a machine type that is too new")![1]));
    assert.deepEqual(problem!.remedies.slice(0, 2), [
      { do: "upgrade QEMU on kvm-b" },
      { do: "start db-01 with a machine type that both hosts support (kvm-b has pc-q35-7.2, pc-q35-7.1)" },
    ]);
  });

  it("say nothing about what they are not told, and never throw, whichever facts are missing", () => {
    const blank = (value: unknown, drop: (path: string) => boolean, path = ""): unknown => {
      if (drop(path)) return undefined;
      if (Array.isArray(value)) return value.map((item, index) => blank(item, drop, `${path}.${index}`));
      if (typeof value !== "object" || value === null || value instanceof Set) return value;
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, blank(item, drop, `${path}.${key}`)]));
    };
    /** Those that a host may leave open. */
    const open = [
      ".domain",
      ".peer",
      ".peer.control",
      ".peer.login",
      ".peer.ping",
      ".peer.dataAddress",
      ".fit",
      ".fit.cpu",
      ".fit.capabilities",
      ".domain.snapshots",
      ".domain.checkpoints",
      ".domain.blockJobs",
      ".domain.memoryUsedBytes",
      ...[".source", ".destination"].flatMap((side) =>
        [
          "libvirt",
          "qemu",
          "hostUuid",
          "migrateOptions",
          "cpu",
          "securityModels",
          "machines",
          "domains",
          "networks",
          "poolPaths",
          "system",
          "system.qemuConf",
          "system.topology",
          "system.topology.onlineCpus",
          "system.topology.possibleCpus",
          "system.topology.numaNodes",
          "system.certificates",
          "system.availableMemoryBytes",
          "system.memoryCapacityBytes",
          "system.clockOffsetMs",
          "system.userfaultfd",
        ].map((key) => `${side}.${key}`),
      ),
      ...[".sourceImages", ".destinationImages"].map((side) => `${side}.${path}`),
    ];
    const options = fc.record({
      tls: fc.boolean(),
      postCopy: fc.boolean(),
      copyStorage: fc.constantFrom(undefined, "all", "incremental"),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.subarray(open),
        fc.constantFrom("live", "offline"),
        options,
        (given, gone, how, set) => {
          const facts = healthyMove(given[1]);
          const known = blank({ ...facts, how, options: { ...facts.options, ...set } }, (at) =>
            gone.includes(at),
          ) as MoveFacts;
          for (const problem of problems(known)) assert.doesNotMatch(renderProblem(problem), /undefined|NaN|\[object/);
        },
      ),
      { numRuns: 2000 },
    );
    assert.deepEqual(problems(blank(healthyMove(), (at) => open.includes(at)) as MoveFacts), []);
  });
});
