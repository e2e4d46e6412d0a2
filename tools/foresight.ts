/** `npm run foresight`: how good a preview is. Refusals named, false alarms, and predicted beside measured, on real hosts. */
import { createLab, type Lab } from "../lab/libvirt";
import type { Host } from "../provider/core/model";
import type { MigrationOptions } from "../provider/core/options";
import type { Progress } from "../provider/core/ports";
import type { Verdict } from "../provider/core/predict";
import { preview } from "../provider/preflight/preview";
import { Hosts } from "../provider/observe/hosts";
import { reconcile } from "../provider/reconcile/reconcile";
import { createDial } from "../provider/ssh";
import { makePlan } from "../provider/virsh/command";
import { healthy, refusals } from "../lab/foresight/cases";
import { clock, play } from "../lab/foresight/run";
import { ensureSystemPackages } from "./system-packages";

interface Trial {
  memoryMiB: number;
  dirtyMiB: number;
  /** MiB/s that the guest writes. */
  dirtyRate: number;
  options: Partial<MigrationOptions>;
}

const cut: Partial<MigrationOptions> = { timeoutMs: 20_000, onTimeout: "abort" };

/** Sizes, dirty rates and caps; the last ones cannot converge as they stand. */
const trials: readonly Trial[] = [
  ...[64, 128, 256, 512].flatMap((memoryMiB): Trial[] => [
    { memoryMiB, dirtyMiB: memoryMiB / 4, dirtyRate: 5, options: {} },
    { memoryMiB, dirtyMiB: memoryMiB / 2, dirtyRate: 20, options: { bandwidthMiBps: 100 } },
    { memoryMiB, dirtyMiB: memoryMiB / 2, dirtyRate: 10, options: { bandwidthMiBps: 40 } },
  ]),
  { memoryMiB: 256, dirtyMiB: 128, dirtyRate: 20, options: { bandwidthMiBps: 60, parallel: true } },
  { memoryMiB: 256, dirtyMiB: 200, dirtyRate: 10, options: { bandwidthMiBps: 50 } },
  { memoryMiB: 128, dirtyMiB: 100, dirtyRate: 15, options: { bandwidthMiBps: 30, maxDowntimeMs: 1000 } },
  { memoryMiB: 512, dirtyMiB: 300, dirtyRate: 10, options: { bandwidthMiBps: 80 } },
  { memoryMiB: 256, dirtyMiB: 150, dirtyRate: 5, options: { bandwidthMiBps: 30 } },
  { memoryMiB: 128, dirtyMiB: 80, dirtyRate: 10, options: { bandwidthMiBps: 25 } },
  {
    memoryMiB: 256,
    dirtyMiB: 100,
    dirtyRate: 40,
    options: { bandwidthMiBps: 20, postCopy: true, postCopyAfterMs: 5000 },
  },
  {
    memoryMiB: 256,
    dirtyMiB: 100,
    dirtyRate: 60,
    options: { bandwidthMiBps: 25, postCopy: true, postCopyAfterMs: 4000 },
  },
  { memoryMiB: 128, dirtyMiB: 64, dirtyRate: 60, options: { bandwidthMiBps: 10, ...cut } },
  { memoryMiB: 128, dirtyMiB: 100, dirtyRate: 80, options: { bandwidthMiBps: 20, ...cut } },
  { memoryMiB: 256, dirtyMiB: 200, dirtyRate: 90, options: { bandwidthMiBps: 30, ...cut } },
];

interface Result {
  trial: Trial;
  predicted: Verdict;
  /** What happened. */
  observed: Verdict;
  /** Predicted ÷ measured time; undefined where there was no end to measure. */
  ratio: number | undefined;
}

async function main(): Promise<number> {
  const missing = ensureSystemPackages((line) => console.error(line), { tls: true, vtpm: true });
  if (missing.length > 0) {
    console.error(`The quality of previews is measured on real hosts. ${missing.join(" ")}`);
    return 1;
  }
  const lab = await createLab({ tls: true });
  try {
    const named = await refusalsNamed(lab);
    const alarms = await falseAlarms(lab);
    const results = await predictMoves(lab);
    return report(named, alarms, results) ? 0 : 1;
  } finally {
    await lab.down();
  }
}

async function refusalsNamed(lab: Lab): Promise<{ real: number; named: number }> {
  let [real, named] = [0, 0];
  for (const refusal of refusals) {
    const { foresight, exit } = await play(lab, refusal, refusal.virsh !== undefined);
    // A newer libvirt knows what an older one refuses: then there is nothing to name.
    if (exit?.code === 0) {
      console.log(`not refused here: ${refusal.title}`);
      continue;
    }
    real++;
    const hit = foresight.problems.some(({ severity, rule }) => severity === "blocker" && rule === refusal.rule);
    if (hit) named++;
    console.log(`${hit ? "named " : "MISSED"} ${refusal.title}`);
  }
  return { real, named };
}

async function falseAlarms(lab: Lab): Promise<{ tried: number; alarms: number }> {
  let alarms = 0;
  for (const given of healthy) {
    const { foresight } = await play(lab, given, false);
    if (foresight.problems.length === 0) continue;
    alarms++;
    console.log(`FALSE ALARM ${given.title}: ${foresight.problems.map(({ message }) => message).join("; ")}`);
  }
  return { tried: healthy.length, alarms };
}

const silent: Progress = { live: () => {}, info: () => {}, warn: () => {} };

async function predictMoves(lab: Lab): Promise<Result[]> {
  const inventory = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]): [string, Host] => [name, { name, ...host }]),
  );
  const results: Result[] = [];
  for (const [index, trial] of trials.entries()) {
    // Nothing is remembered from one move to the next, as in a preview.
    const hosts = new Hosts(createDial({ inventory }), inventory, "qemu:///system", clock);
    const guest = `move-${index}`;
    try {
      const { memoryMiB, dirtyMiB, dirtyRate } = trial;
      await lab.startGuest({ name: guest, host: "kvm-a", memoryMiB, dirtyMiB, dirtyRate });
      // The first turn over its memory is faster than those that follow.
      await clock.sleep((dirtyMiB / dirtyRate) * 1000 + 1000);
      const result = await predictMove(hosts, guest, trial, inventory);
      results.push(result);
      const { predicted, observed, ratio } = result;
      console.log(
        `${guest}: ${memoryMiB} MiB, ${dirtyRate} MiB/s written, ${JSON.stringify(trial.options)}: predicted ${predicted}, observed ${observed}${ratio === undefined ? "" : `, predicted ÷ measured ${ratio.toFixed(2)}`}`,
      );
    } finally {
      await hosts.close();
      for (const host of lab.hosts) await host.sh(`virsh destroy ${guest}; virsh undefine ${guest}`);
    }
  }
  return results;
}

async function predictMove(
  hosts: Hosts,
  guest: string,
  trial: Trial,
  inventory: Record<string, Host>,
): Promise<Result> {
  const options: MigrationOptions = { mode: "auto", ...trial.options };
  const plan = makePlan({ domain: guest, hosts: ["kvm-b"], anyOf: false, options, inventory, uri: "qemu:///system" });
  const desired = { domain: guest, uuid: undefined, hosts: ["kvm-b"], options, plan, lastHost: "kvm-a" };
  const estimate = await preview(hosts, desired, { dirtyRateSeconds: 1 }, clock);
  const { verdict, durationMs } = estimate.predicted!.prediction;
  try {
    const { lastMigration } = await reconcile(hosts, desired, { clock, progress: silent });
    const { mode, durationMs: measuredMs } = lastMigration!;
    return {
      trial,
      predicted: verdict,
      observed: mode === "postCopy" ? "onlyWithPostCopy" : "converges",
      ratio: durationMs === undefined ? undefined : durationMs / measuredMs,
    };
  } catch (error) {
    if ((error as { code?: string }).code !== "migrationTimedOut") throw error;
    return { trial, predicted: verdict, observed: "willNotConverge", ratio: undefined };
  }
}

/** The last lines are for programs. True where all of it is as good as promised. */
function report(
  { real, named }: { real: number; named: number },
  { tried, alarms }: { tried: number; alarms: number },
  results: readonly Result[],
): boolean {
  const ratios = results.flatMap(({ ratio }) => ratio ?? []).sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))]!;
  const right = results.filter(({ predicted, observed }) => predicted === observed).length;
  const [median, low, high] = [at(0.5), at(0.1), at(0.9)];
  const share = right / results.length;
  console.log(`\nrefusals named before they were met: ${named} of ${real}`);
  console.log(`false alarms: ${alarms} of ${tried} healthy set-ups`);
  console.log(
    `predicted ÷ measured time over ${ratios.length} moves: median ${median.toFixed(2)}, 80 % between ${low.toFixed(2)} and ${high.toFixed(2)}`,
  );
  console.log(`verdicts right: ${right} of ${results.length} (${Math.round(share * 100)} %)`);
  console.log(JSON.stringify({ real, named, tried, alarms, moves: ratios.length, median, low, high, right, share }));
  return named === real && alarms === 0 && median >= 0.75 && median <= 1.33 && share >= 0.95;
}

main().then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
