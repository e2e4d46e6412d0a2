/** What `npm test` runs, and what may run beside what. */
import { join } from "node:path";

export interface Stage {
  /** A command whose exit code is the result, or the directory of a mocha suite. */
  command?: string[];
  suite?: string;
  /** For `mocha --timeout`, milliseconds. */
  timeoutMs?: number;
  /** Real hosts are needed. */
  lab?: boolean;
}

const bin = (name: string) => join("node_modules/.bin", name);

export const stages: Record<string, Stage> = {
  build: { command: ["npm", "run", "--silent", "build"] },
  package: { command: ["node", "tools/run", "tools/check-package.ts"] },
  lint: { command: ["npm", "run", "--silent", "lint"] },
  types: { command: [bin("tsc"), "--noEmit"] },
  unit: { suite: "test/unit" },
  contract: { suite: "test/contract", timeoutMs: 60_000 },
  lab: { suite: "test/lab", timeoutMs: 120_000, lab: true },
  cli: { suite: "test/cli", timeoutMs: 300_000, lab: true },
};

/** Alone and first: the others use what they make. */
const first = ["build", "package"];

/** What one lane runs next: a stage, or one file of a suite. */
export interface Job {
  stage: string;
  file?: string;
}

export interface Schedule {
  /** One after the other, with nothing beside. */
  alone: Job[];
  /** Each lane takes its own first, and then what is next in `shared`. */
  lanes: Job[][];
  shared: Job[];
}

/**
 * Real hosts and Pulumi use about as much of a core as they wait, and labs side by side do not know of each other: where there are two cores,
 * the files of these suites go to two lanes, each to the one that is free.
 *
 * @param filesOf of a suite.
 */
export function scheduleOf(
  names: readonly string[],
  cores: number,
  filesOf: (suite: string) => readonly string[],
): Schedule {
  const chosen = Object.keys(stages).filter((name) => names.includes(name));
  const whole = (of: (name: string) => boolean) => chosen.filter(of).map((stage) => ({ stage }));
  const own = whole((name) => !first.includes(name) && !stages[name]!.lab);
  // What takes longest comes first: at the end no lane should have much left alone.
  const withLab = chosen.filter((name) => stages[name]!.lab).reverse();
  return {
    alone: whole((name) => first.includes(name)),
    lanes: cores > 1 ? [own, []] : [own],
    shared: withLab.flatMap((stage) => filesOf(stages[stage]!.suite!).map((file) => ({ stage, file }))),
  };
}
