/**
 * `npm run bench [-- SECTION… | all] [--pairs N] [--placements N,N…] [--write]`: what the product costs, each section next to its baseline
 * in the same rounds. `--write` puts what was measured into docs/performance.md; sections that did not run keep their earlier numbers.
 */
import { parseArgs } from "node:util";
import { ensureSystemPackages } from "../system-packages";
import { benchEvacuate } from "./evacuate";
import { benchMove } from "./move";
import { writePage } from "./page";
import { benchPreview } from "./preview";
import { printed, type Result, verdict } from "./result";
import { benchScale } from "./scale";
import { benchStart } from "./start";
import { benchThroughput } from "./throughput";
import { benchUp } from "./up";

export interface BenchOptions {
  /** Paired rounds; one more goes before them and is not counted. */
  pairs: number;
  /** Sizes of the section `scale`. */
  placements: readonly number[];
}

interface Section {
  /** Real libvirt hosts on this computer. */
  needsHosts: boolean;
  run(options: BenchOptions): Promise<Result[]>;
}

const sections: Record<string, Section> = {
  move: { needsHosts: true, run: benchMove },
  up: { needsHosts: true, run: benchUp },
  start: { needsHosts: false, run: benchStart },
  scale: { needsHosts: false, run: benchScale },
  preview: { needsHosts: true, run: benchPreview },
  evacuate: { needsHosts: true, run: benchEvacuate },
  throughput: { needsHosts: true, run: benchThroughput },
};

async function main(args: string[]): Promise<number> {
  const { names, write, ...options } = parse(args);
  if (names.some((name) => sections[name]!.needsHosts)) {
    const missing = ensureSystemPackages((line) => console.error(line));
    if (missing.length > 0) {
      console.error(`The bench needs real libvirt hosts. ${missing.join(" ")}`);
      return 1;
    }
  }
  for (const name of names) {
    const results = await sections[name]!.run(options);
    console.log(`\n${name}\n${printed(results)}`);
    for (const result of results)
      console.log(`BENCH ${JSON.stringify({ section: name, ...result, verdict: verdict(result) })}`);
    if (write) writePage(name, results);
  }
  return 0;
}

function parse(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    options: {
      pairs: { type: "string", default: "9" },
      placements: { type: "string", default: "100,1000,10000" },
      write: { type: "boolean", default: false },
    },
    allowPositionals: true,
  });
  const names = positionals.includes("all") ? Object.keys(sections) : positionals.length > 0 ? positionals : ["move"];
  const strange = names.filter((name) => !Object.hasOwn(sections, name));
  if (strange.length > 0)
    throw new Error(`the sections are ${Object.keys(sections).join(", ")} and all, not ${strange.join(", ")}`);
  const placements = values.placements.split(",").map((each) => countOf("--placements", each));
  return { names, write: values.write, pairs: countOf("--pairs", values.pairs), placements };
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new Error(`${option} is a number from 1, not ${text}`);
  return count;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
