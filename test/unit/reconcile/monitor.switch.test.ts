import assert from "node:assert/strict";
import { Hosts } from "../../../provider/observe/hosts";
import { monitor } from "../../../provider/reconcile/monitor";
import { SimulatedLab, fakeDomain } from "../../../lab/simulated";
import { migrationOf } from "../../support/migrations";

describe("a switch to post-copy that is due", () => {
  it("waits until memory flows, for before that QEMU refuses it for good", async () => {
    const fakes = new SimulatedLab();
    const host = fakes.add("kvm-a", [fakeDomain({ job: "outgoing" })]);
    const flowing = host.statistics;
    host.statistics = "Job type: 2\noperation: 5\ntime_elapsed: 900\nmemory_total: 0\nmemory_remaining: 0";
    const switches = () => host.commands.filter((command) => command.startsWith("migrate-postcopy")).length;
    let end: () => void = () => {};
    const run = new Promise<{ code: number; signal: null; stdout: string; stderr: string }>((resolve) => {
      end = () => resolve({ code: 0, signal: null, stdout: "", stderr: "" });
    });
    const before: number[] = [];
    let waits = 0;
    const clock = {
      now: () => waits * 250,
      sleep: () => {
        waits++;
        if (waits <= 8) before.push(switches());
        if (waits === 8) host.statistics = flowing;
        if (waits === 12) end();
        return new Promise<void>((resolve) => setImmediate(resolve));
      },
    };
    const options = { mode: "auto" as const, postCopy: true, postCopyAfterMs: 500 };
    const hosts = new Hosts(fakes.dial, { "kvm-a": { name: "kvm-a" } }, "qemu:///system", clock);
    const warnings: string[] = [];
    const progress = { live: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
    await monitor(hosts, { migration: migrationOf({ options }), run, startedAt: 0 }, { clock, progress });
    assert.deepEqual(
      before,
      Array.from({ length: 8 }, () => 0),
    );
    assert.equal(switches(), 1);
    assert.deepEqual(warnings, []);
  });
});
