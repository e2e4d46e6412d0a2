/** Moves of real VMs on real hosts: what a preview expects of each, and what it took. */
import type { GuestOptions, Lab } from "../libvirt";
import type { PredictedMigration } from "../../provider/core/args";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import type { Progress } from "../../provider/core/ports";
import type { MoveEstimateInput, Prediction } from "../../provider/core/predict/types";
import { preview } from "../../provider/preflight/preview";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile } from "../../provider/reconcile/reconcile";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";
import { systemClock as clock } from "../../provider/observe/clock";
import { type Trial, trials } from "./trials";

type Verdict = PredictedMigration["verdict"];

export interface Moved {
  title: string;
  isLinux: boolean;
  prediction: Prediction;
  input: MoveEstimateInput;
  /** What happened. */
  observed: Verdict;
  /** Undefined where it did not end. */
  tookMs: number | undefined;
  /** Undefined after a post-copy. */
  pausedMs: number | undefined;
}

const silent: Progress = { live: () => {}, info: () => {}, warn: () => {} };

/** Each trial's moves, one after the other, there and back again. */
export async function moveAll(lab: Lab, chosen: (trial: Trial) => boolean, log: (line: string) => void) {
  const moved: Moved[] = [];
  for (const [index, trial] of trials.filter(chosen).entries()) {
    const name = `move-${index}`;
    try {
      await lab.startGuest({ name, host: "kvm-a", ...trial.guest });
      // The first turn over its memory is faster than those that follow.
      const { dirtyMiB = 0, dirtyRate = 1 } = trial.guest;
      await clock.sleep((dirtyMiB / dirtyRate) * 1000 + 1000);
      let [source, destination] = ["kvm-a", "kvm-b"];
      for (const options of trial.moves) {
        const result = await moveOnce(lab, name, { source, destination }, options);
        const one = {
          ...result,
          title: `${titleOf(trial.guest)}, ${JSON.stringify(options)}`,
          isLinux: trial.guest.linux !== undefined,
        };
        moved.push(one);
        log(showMoved(one));
        if (one.tookMs !== undefined) [source, destination] = [destination, source];
      }
    } finally {
      for (const host of lab.hosts) await host.sh(`virsh destroy ${name}; virsh undefine ${name}`);
    }
  }
  return moved;
}

function titleOf({ memoryMiB, dirtyRate, linux }: Partial<GuestOptions>): string {
  if (linux === undefined) return `boot sector, ${memoryMiB} MiB, ${dirtyRate} MiB/s written`;
  const { load, sizeMiB, rate } = linux;
  return `Linux, ${memoryMiB} MiB, ${load}${rate === undefined ? "" : ` of ${sizeMiB} MiB, ${rate} MiB/s written`}`;
}

export function isWithin({ prediction: { bestDurationMs, worstDurationMs }, tookMs }: Moved): boolean | undefined {
  if (tookMs === undefined || bestDurationMs === undefined || worstDurationMs === undefined) return undefined;
  return tookMs >= bestDurationMs && tookMs <= worstDurationMs;
}

function showMoved(moved: Moved): string {
  const { title, prediction, input, observed, tookMs, pausedMs } = moved;
  const seconds = (ms: number | undefined) => (ms === undefined ? "?" : (ms / 1000).toFixed(1));
  const { bestDurationMs, durationMs, worstDurationMs, downtimeMs, worstDowntimeMs } = prediction;
  const MiB = (bytes: number | undefined) => (bytes === undefined ? "?" : Math.round(bytes / 2 ** 20));
  return [
    `${title}: ${MiB(input.memoryBytes)} MiB in use, ${MiB(input.dirtyBytesPerSecond)} MiB/s dirtied`,
    `estimated ${prediction.verdict} ${seconds(bestDurationMs)}/${seconds(durationMs)}/${seconds(worstDurationMs)} s, pause ${downtimeMs ?? "?"} to ${worstDowntimeMs ?? "?"} ms`,
    `measured ${observed} ${seconds(tookMs)} s, pause ${pausedMs ?? "?"} ms${isWithin(moved) === false ? ", OUTSIDE" : ""}`,
  ].join("; ");
}

async function moveOnce(
  lab: Lab,
  guest: string,
  { source, destination }: { source: string; destination: string },
  given: Partial<MigrationOptions>,
): Promise<Pick<Moved, "prediction" | "input" | "observed" | "tookMs" | "pausedMs">> {
  const inventory = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]): [string, Host] => [name, { name, ...host }]),
  );
  // Nothing is remembered from one move to the next, as in a preview.
  const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
  const options: MigrationOptions = { mode: "auto", ...given };
  const to = [destination];
  const plan = makePlan({ domain: guest, hosts: to, anyOf: false, options, inventory, uri: "qemu:///system" });
  const desired = { domain: guest, uuid: undefined, hosts: to, options, plan, lastHost: source };
  try {
    const { predicted, problems } = await preview(hosts, desired, { dirtyRateSeconds: 1 }, clock);
    if (predicted === undefined) throw new Error(`no estimate: ${problems.map(({ message }) => message).join("; ")}`);
    const { prediction, input } = predicted;
    try {
      const { lastMigration } = await reconcile(hosts, desired, { clock, progress: silent });
      const { mode, durationMs: tookMs, downtimeMs: pausedMs } = lastMigration!;
      return { prediction, input, observed: mode === "postCopy" ? "onlyWithPostCopy" : "converges", tookMs, pausedMs };
    } catch (error) {
      if ((error as { code?: string }).code !== "migrationTimedOut") throw error;
      return { prediction, input, observed: "willNotConverge", tookMs: undefined, pausedMs: undefined };
    }
  } finally {
    await hosts.close();
  }
}
