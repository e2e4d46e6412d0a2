import assert from "node:assert/strict";
import { problems } from "../../../../provider/core/problems";
import { healthyDomain, healthyHost, healthyMove } from "../../../support/move-facts";

describe("a paused VM that is moved again", () => {
  const found = (state: string, pausedSinceArrival: boolean | undefined, qemu: string | undefined) =>
    problems(
      healthyMove({
        domain: healthyDomain({ state, pausedSinceArrival, disks: [] }),
        source: healthyHost("kvm-a", { qemu }),
        destination: healthyHost("kvm-b", { qemu: qemu ?? "7.2.22" }),
      }),
    ).filter(({ rule }) => rule === "paused-again");

  const stopped: [qemu: string | undefined, since: boolean | undefined, message: RegExp][] = [
    ["7.2.22", true, /arrived there paused and has not run since: .*kvm-a has QEMU 7\.2\.22/],
    ["9.2.4", true, /QEMU below 10\.0/],
    ["7.2.22", undefined, /it is not known whether it has run since/],
    [undefined, true, /whose version is not known/],
  ];
  for (const [qemu, since, message] of stopped)
    it(`is stopped with QEMU ${qemu}, paused since its arrival: ${since}`, () => {
      const [problem, ...more] = found("paused", since, qemu);
      assert.deepEqual(more, []);
      assert.equal(problem!.severity, "blocker");
      assert.match(problem!.message, message);
      const [resume, suspend] = ["virsh resume db-01", "virsh suspend db-01"];
      assert.deepEqual(
        problem!.remedies.map(({ commands, loses }) => [commands, loses]),
        [
          [
            [{ host: "kvm-a", command: resume }, { command: "pulumi up" }, { host: "kvm-b", command: suspend }],
            undefined,
          ],
          [
            [{ host: "kvm-a", command: resume }, { host: "kvm-a", command: suspend }, { command: "pulumi up" }],
            undefined,
          ],
          [undefined, undefined],
        ],
      );
    });

  it("passes from QEMU 10.0, after it has run there, and while it runs", () => {
    assert.deepEqual(found("paused", true, "10.0.0"), []);
    assert.deepEqual(found("paused", undefined, "11.1.2"), []);
    assert.deepEqual(found("paused", false, "7.2.22"), []);
    assert.deepEqual(found("running", undefined, "7.2.22"), []);
  });
});
