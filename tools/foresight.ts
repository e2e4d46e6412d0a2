/** `npm run foresight`: how good a preview is. Refusals named, false alarms, and predicted beside measured, on real hosts. */
import { createLab, type Lab } from "../lab/libvirt";
import { healthy, refusals } from "../lab/foresight/cases";
import { isWithin, moveAll, type Moved } from "../lab/foresight/moves";
import { play } from "../lab/foresight/run";
import type { Trial } from "../lab/foresight/trials";
import { ensureSystemPackages } from "./system-packages";

const parts = ["problems", "boot-sector", "linux"];

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const wrong = words.find((word) => !parts.includes(word));
  if (wrong !== undefined) {
    console.error(`not a part: ${wrong}. Parts: ${parts.join(", ")}; without one all of them.`);
    return 2;
  }
  const asked = (part: string) => words.length === 0 || words.includes(part);
  const missing = ensureSystemPackages((line) => console.error(line), { tls: true, vtpm: true });
  if (missing.length > 0) {
    console.error(`The quality of previews is measured on real hosts. ${missing.join(" ")}`);
    return 1;
  }
  const lab = await createLab({ tls: true });
  try {
    const named = asked("problems") ? await refusalsNamed(lab) : { real: 0, named: 0 };
    const alarms = asked("problems") ? await falseAlarms(lab) : { tried: 0, alarms: 0 };
    const chosen = ({ guest: { linux } }: Trial) => asked(linux === undefined ? "boot-sector" : "linux");
    const moved = await moveAll(lab, chosen, (line) => console.log(line));
    return report(named, alarms, moved) ? 0 : 1;
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

/** The last line is for programs. True where all that was asked for is as good as promised. */
function report(
  { real, named }: { real: number; named: number },
  { tried, alarms }: { tried: number; alarms: number },
  moved: readonly Moved[],
): boolean {
  console.log(`\nrefusals named before they were met: ${named} of ${real}`);
  console.log(`false alarms: ${alarms} of ${tried} healthy set-ups`);
  const moves = moved.length === 0 ? undefined : reportMoves(moved);
  console.log(JSON.stringify({ real, named, tried, alarms, ...moves }));
  const areMovesRight =
    moves === undefined || (moves.median >= 0.75 && moves.median <= 1.33 && moves.inside >= 0.9 && moves.share >= 0.95);
  return named === real && alarms === 0 && areMovesRight;
}

/** Prints them, and gives the numbers. */
function reportMoves(moved: readonly Moved[]) {
  const ratios = moved
    .flatMap(({ prediction: { durationMs }, tookMs }) =>
      durationMs === undefined || !tookMs ? [] : durationMs / tookMs,
    )
    .sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.min(ratios.length - 1, Math.floor(share * ratios.length))] ?? NaN;
  const right = moved.filter(isRight).length;
  const [median, low, high] = [at(0.5), at(0.1), at(0.9)];
  const share = right / moved.length;
  const judged = (isLinux: boolean) => moved.filter((one) => one.isLinux === isLinux && isWithin(one) !== undefined);
  const [bootSector, linux] = [judged(false), judged(true)];
  const within = (some: readonly Moved[]) => `${some.filter(isWithin).length} of ${some.length}`;
  console.log(
    `predicted ÷ measured time over ${ratios.length} moves: median ${median.toFixed(2)}, 80 % between ${low.toFixed(2)} and ${high.toFixed(2)}`,
  );
  console.log(`within best and worst: ${within(bootSector)} boot sectors, ${within(linux)} Linux guests`);
  console.log(`verdicts right: ${right} of ${moved.length} (${Math.round(share * 100)} %)`);
  const inside = [...bootSector, ...linux].filter(isWithin).length / (bootSector.length + linux.length);
  return { moves: ratios.length, median, low, high, right, share, inside };
}

/** "May not" is right both ways; a throttled move has converged. */
function isRight({ prediction: { verdict }, observed }: Moved): boolean {
  if (verdict === "mayNotConverge") return true;
  return (verdict === "onlyThrottled" ? "converges" : verdict) === observed;
}

main().then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
