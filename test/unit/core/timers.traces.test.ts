import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { advanceStanding, type Standing } from "../../../provider/core/convergence/standing";
import type { StepKey } from "../../../provider/core/convergence/steps";
import type { JobInfo } from "../../../provider/core/domain";
import { dueTimer } from "../../../provider/core/timers";
import { migrationSchema } from "../../../provider/schema";

interface Trace {
  columns: (keyof JobInfo)[];
  samples: (number | null)[][];
}

/** What the steps come to for a migration that was recorded (tools/record-traces.ts): it takes its course, whatever is done. */
function replay(
  name: "converging" | "never" | "throttled",
  convergence: unknown,
): { log: string[]; reasons: string[] } {
  const file = join(__dirname, "../../fixtures/traces", `${name}.json`);
  const { columns, samples } = JSON.parse(readFileSync(file, "utf8")) as Trace;
  const options = migrationSchema.parse({ convergence });
  const done = new Set<StepKey>();
  const found = { log: [] as string[], reasons: [] as string[] };
  let standing: Standing | undefined;
  for (const sample of samples) {
    const values = columns.map((column, index) => [column, sample[index] ?? undefined] as const);
    const job: JobInfo = { type: "unbounded", operation: "outgoing", ...Object.fromEntries(values) };
    const elapsedMs = job.elapsedMs!;
    standing = advanceStanding(standing, job, elapsedMs);
    const stalledMs = standing && elapsedMs - standing.atMs;
    const { action, reason, step } = dueTimer(options, { elapsedMs, inPostCopy: false, done, standing, stalledMs });
    if (step === undefined) continue;
    done.add(step.key);
    found.log.push(`${Math.floor(elapsedMs / 1000)} s, pass ${standing?.pass ?? 0}: ${action}`);
    found.reasons.push(reason);
    if (action === "abort" || action === "postCopy") break;
  }
  return found;
}

describe("steps on migrations that were recorded", () => {
  it("let one alone that converges, although a pass begins with more than a sample before had left", () => {
    assert.deepEqual(replay("converging", [{ stalled: "1s", do: "abort" }]).log, []);
  });

  it("come one after the other where a guest writes as fast as the network sends", () => {
    // The second pass begins with 48 MiB and is sent at 5.5 s; all others begin with as much.
    const { log, reasons } = replay("never", [
      { pass: 3, do: { bandwidth: "1GiB/s" } },
      { stalled: "5s", do: { raiseDowntime: "500ms" } },
      { stalled: "10s", do: { raiseDowntime: "1s" } },
      { after: "20s", do: { raiseDowntime: "2s" } },
      { stalled: "20s", do: "postCopy" },
    ]);
    assert.deepEqual(log, [
      "5 s, pass 3: setBandwidth",
      "10 s, pass 5: raiseMaxDowntime",
      "15 s, pass 8: raiseMaxDowntime",
      "20 s, pass 10: raiseMaxDowntime",
      "25 s, pass 14: postCopy",
    ]);
    assert.match(
      reasons.at(-1)!,
      /^no closer to its end for 20 s \(pass 14 began with about 4\d MiB, 2\d MiB\/s written, 24 MiB\/s sent\): switching to post-copy$/,
    );
  });

  it("have the presets finish that one", () => {
    assert.deepEqual(replay("never", "finish").log.slice(0, 2), [
      "15 s, pass 8: raiseMaxDowntime",
      "25 s, pass 14: raiseMaxDowntime",
    ]);
  });

  it("wait while QEMU slows the VM more and more, and say by how much", () => {
    // From 30 to 99 % in twelve seconds without one pass that begins with less, and then it converges.
    const { log, reasons } = replay("throttled", [
      { pass: 6, do: "throttle" },
      { stalled: "4s", do: "abort" },
    ]);
    assert.deepEqual(log, ["10 s, pass 6: throttle"]);
    assert.deepEqual(reasons, ["pass 6 over the memory has begun: QEMU slows the VM by 50 %"]);
  });

  it("count from the last step by which QEMU has slowed the VM", () => {
    assert.deepEqual(replay("throttled", [{ stalled: "3s", do: "abort" }]).log, ["8 s, pass 4: abort"]);
  });
});
