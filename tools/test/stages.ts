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

/** About as long as all others together, and mostly waiting: for hosts, and for Pulumi. */
const besides = ["cli"];

/** Stages of one lane follow each other; the lanes of one step run side by side, the steps one after the other. */
export function stepsOf(names: readonly string[], cores: number): string[][][] {
  const chosen = (of: (name: string) => boolean) =>
    Object.keys(stages).filter((name) => names.includes(name) && of(name));
  const alone = chosen((name) => first.includes(name));
  const main = chosen((name) => !first.includes(name) && !besides.includes(name));
  const beside = chosen((name) => besides.includes(name));
  const lanes = cores > 1 ? [main, beside] : [[...main, ...beside]];
  return [[alone], lanes].map((step) => step.filter((lane) => lane.length > 0)).filter((step) => step.length > 0);
}
