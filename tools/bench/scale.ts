/**
 * What many placements cost: `pulumi refresh`, a preview with moves and an `up` without a change, next to the same commands on as many
 * resources of the same size whose provider does nothing. The hosts are simulated ones behind real ssh servers, in a process of their own.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endProcessesIn } from "../../lab/end-processes-in";
import { ensurePulumi } from "../../lab/pulumi";
import { Fleet } from "./fleet";
import { compare, median, rotated } from "./ratios";
import { ratioResult, type Result } from "./result";
import { type Kind, ScaleProject } from "./scale-project";

const hosts = 50;
const moves = 50;
interface Timed {
  args: readonly string[];
  env?: Record<string, string>;
  goal: number | undefined;
  moved: number;
}
const commands = {
  refresh: { args: ["refresh", "--yes", "--skip-preview"], goal: 1.3, moved: 0 },
  preview: { args: ["preview"], goal: 1.2, moved: moves },
  "preview with PULUMI_PARALLEL_DIFF": {
    args: ["preview"],
    env: { PULUMI_PARALLEL_DIFF: "true" },
    goal: undefined,
    moved: moves,
  },
  "no-change up": { args: ["up", "--yes", "--skip-preview"], goal: undefined, moved: 0 },
} satisfies Record<string, Timed>;
type Command = keyof typeof commands;
/** The goals are set at 1,000 placements. */
const goalAt = 1000;
const memoryGoals: Record<number, number> = { 1000: 150, 10_000: 400 };
/** A round of more placements than the goals are set at takes minutes: one for so many of the others. */
const roundsForOneOfMany = 9;
/** How much more a placement may cost at the largest size than at the smallest, beyond what the provider that does nothing pays. */
const growthGoal = 1.2;

interface Measured {
  ms: number;
  /** Of Pulumi and its processes: the simulated hosts' is not in it, which take time from them where there are few processors. */
  cpuMs: number;
  peakMB: number;
  handshakes: number;
}
/** Of the two that are compared, in turns. */
type Side = Exclude<Kind, "provider">;
type Round = Record<Side, Measured>;
interface Size {
  count: number;
  rounds: Record<Command, Round[]>;
  stateBytes: number;
  /** The same commands once through the provider for every language, for its memory. */
  provider: Measured[];
}

export async function benchScale({
  pairs,
  placements,
}: {
  pairs: number;
  placements: readonly number[];
}): Promise<Result[]> {
  const sizes: Size[] = [];
  for (const count of placements)
    sizes.push(await measure(count, count > goalAt ? Math.ceil(pairs / roundsForOneOfMany) : pairs));
  return [...sizes.flatMap(ofOneSize), ...growth(sizes)];
}

async function measure(count: number, pairs: number): Promise<Size> {
  const installation = await ensurePulumi({ log: (line) => console.error(line) });
  const dir = mkdtempSync(join(tmpdir(), "vm-placement-scale-"));
  const fleet = await Fleet.start(hosts, count);
  try {
    const projects = {
      placement: new ScaleProject("placement", dir, installation),
      provider: new ScaleProject("provider", dir, installation),
      idle: new ScaleProject("idle", dir, installation),
    };
    const first = await projects.placement.begin(fleet.inventory);
    const own = await projects.idle.begin(fleet.inventory);
    const served = await projects.provider.begin(fleet.inventory);
    console.error(`${count}: three stacks are filled with as many resources`);
    await projects.placement.fill(first, first, count, hosts);
    await projects.provider.fill(served, served, count, hosts);
    await projects.idle.fill(first, own, count, hosts);
    const rounds: Size["rounds"] = {
      refresh: [],
      preview: [],
      "preview with PULUMI_PARALLEL_DIFF": [],
      "no-change up": [],
    };
    for (let index = 0; index < pairs; index++)
      for (const command of Object.keys(commands) as Command[])
        rounds[command].push(await round(projects, fleet, { command, count, index }));
    const provider: Measured[] = [];
    for (const command of Object.keys(commands) as Command[])
      provider.push(await run(projects.provider, fleet, { command, count }));
    return { count, rounds, stateBytes: projects.placement.stateBytes(), provider };
  } finally {
    fleet.end();
    endProcessesIn(dir);
    rmSync(dir, { recursive: true, force: true });
  }
}

async function round(
  projects: Record<Side, ScaleProject>,
  fleet: Fleet,
  { command, count, index }: { command: Command; count: number; index: number },
): Promise<Round> {
  const measured: Partial<Round> = {};
  for (const side of rotated(["placement", "idle"] as const, index))
    measured[side] = await run(projects[side], fleet, { command, count });
  return measured as Round;
}

async function run(
  project: ScaleProject,
  fleet: Fleet,
  { command, count }: { command: Command; count: number },
): Promise<Measured> {
  const { args, env, moved }: Timed = commands[command];
  project.declare(count, hosts, Math.min(moved, count));
  await fleet.handshakes();
  const expected = new RegExp(moved > 0 ? `~ ${Math.min(moved, count)} to update` : `${count + 1} unchanged`);
  const used = await project.timed(args, expected, env);
  const measured = { ...used, handshakes: await fleet.handshakes() };
  console.error(`${count} ${command}: ${project.kind} ${show(measured)}`);
  return measured;
}

function ofOneSize(size: Size): Result[] {
  const { count, rounds, stateBytes } = size;
  const ratios = (Object.keys(commands) as Command[]).flatMap((command) => {
    const { goal, moved }: Timed = commands[command];
    const name = `scale-${command.replaceAll(" ", "-")}-${count}`;
    const what = `${command} of ${count}${moved > 0 ? ` with ${Math.min(moved, count)} moves` : ""} over ${hosts} hosts ÷ no-op`;
    const atMost = goal && count === goalAt ? { atMost: goal } : undefined;
    const ratio = (key: "ms" | "cpuMs", named: { name: string; what: string }) => {
      const sides = [({ placement }: Round) => placement[key], ({ idle }: Round) => idle[key]] as const;
      return ratioResult(compare(named.name, rounds[command], ...sides), { ...named, goal: atMost });
    };
    return [
      ratio("ms", { name, what }),
      ratio("cpuMs", { name: `${name}-cpu`, what: `processor time of the same, without the simulated hosts'` }),
    ];
  });
  const handshakes = Math.max(...rounds.refresh.map(({ placement }) => placement.handshakes)) / Math.min(hosts, count);
  const of = { rounds: rounds.refresh.length };
  return [
    ...ratios,
    ...memory(size),
    {
      ...of,
      name: `scale-handshakes-${count}`,
      what: `ssh handshakes per host, refresh of ${count}`,
      value: handshakes,
      unit: "",
      goal: { atMost: 1 },
    },
    {
      ...of,
      name: `scale-state-${count}`,
      what: `state per placement at ${count}`,
      value: Math.round(stateBytes / count),
      unit: "bytes",
    },
  ];
}

/** The peak of a provider's process over all commands. */
function memory({ count, rounds, provider }: Size): Result[] {
  const all = Object.values(rounds).flat();
  const atMost = memoryGoals[count];
  const peak = (kind: Kind, what: string, runs: readonly Measured[]): Result => ({
    name: `scale-memory-${kind}-${count}`,
    what: `memory of ${what} at ${count}, peak`,
    value: Math.max(...runs.map(({ peakMB }) => peakMB)),
    unit: "MB",
    rounds: runs.length / Object.keys(commands).length,
    ...(kind !== "idle" && atMost !== undefined && { goal: { atMost } }),
  });
  return [
    peak(
      "placement",
      "the dynamic provider",
      all.map(({ placement }) => placement),
    ),
    peak("provider", "the provider for every language", provider),
    peak(
      "idle",
      "the no-op",
      all.map(({ idle }) => idle),
    ),
  ];
}

/** From the smallest size to the largest. */
function growth(sizes: readonly Size[]): Result[] {
  const sorted = [...sizes].sort((a, b) => a.count - b.count);
  const [small, large] = [sorted[0], sorted.at(-1)];
  if (!small || !large || small === large) return [];
  return (Object.keys(commands) as Command[]).map((command) => {
    const perPlacement = ({ count, rounds }: Size, side: Side) =>
      median(rounds[command].map((each) => each[side].ms)) / count;
    const grown = (side: Side) => perPlacement(large, side) / perPlacement(small, side);
    return {
      name: `scale-growth-${command.replaceAll(" ", "-")}`,
      what: `${command}: cost per placement from ${small.count} to ${large.count} ÷ no-op's`,
      value: Number((grown("placement") / grown("idle")).toFixed(3)),
      unit: "×",
      rounds: large.rounds[command].length,
      goal: { atMost: growthGoal },
    };
  });
}

const show = ({ ms, cpuMs, peakMB, handshakes }: Measured) =>
  `${(ms / 1000).toFixed(2)} s (processors ${(cpuMs / 1000).toFixed(2)} s) ${peakMB} MB ${handshakes} handshakes`;
