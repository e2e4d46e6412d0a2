import assert from "node:assert/strict";
import type { Clock, ExecResult } from "../../../provider/core/ports";
import { Hosts } from "../../../provider/observe/hosts";
import { monitor } from "../../../provider/reconcile/monitor";
import { SimulatedLab, fakeDomain } from "../../../lab/simulated";
import { migrationOf } from "../../support/migrations";

const nothing = () => {};

/** The first wait is over at once; the next ones would last for ever, and in the first of them virsh ends. */
async function watchOneThatEndsAfter(answer: string) {
  const fakes = new SimulatedLab();
  fakes.add("kvm-a", [fakeDomain()]).failing.set("domjobinfo", answer);
  const exit: ExecResult = { code: 0, signal: null, stdout: "", stderr: "" };
  let end: (result: ExecResult) => void = nothing;
  const run = new Promise<ExecResult>((resolve) => (end = resolve));
  let waits = 0;
  const clock: Clock = {
    now: () => 0,
    sleep: () => {
      if (++waits === 1) return Promise.resolve();
      setImmediate(() => end(exit));
      return new Promise(nothing);
    },
  };
  const hosts = new Hosts(fakes.dial, { "kvm-a": { name: "kvm-a" } }, "qemu:///system", clock);
  const watchable = { migration: migrationOf(), run, startedAt: 0 };
  const watched = await monitor(hosts, watchable, { clock, progress: { live: nothing, info: nothing, warn: nothing } });
  return { watched, exit };
}

describe("the end of a watched migration", () => {
  const answers = {
    "the VM has just left": "Requested operation is not valid: domain is not running",
    "the host gives no statistics": "internal error: client socket is closed",
  };
  for (const [when, answer] of Object.entries(answers)) {
    it(`is seen when virsh ends and not a wait later, though ${when}`, async () => {
      const { watched, exit } = await watchOneThatEndsAfter(answer);
      assert.deepEqual(watched.exit, exit);
    });
  }
});
