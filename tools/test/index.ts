/** `npm test`: every check there is, in stages; `npm test -- unit lab` runs these alone. The last line counts. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSystemPackages } from "../system-packages";
import { type Counts, passOn, runStage } from "./run-stage";
import { stages, stepsOf } from "./stages";

interface Result {
  name: string;
  counts: Counts;
  seconds: number;
}

const directory = mkdtempSync(join(tmpdir(), "vm-placement-test-"));
let interrupted = false;
// The stages clean up after themselves; this waits for them.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    if (signal !== "SIGINT" || !process.stdin.isTTY) passOn(signal);
  });
}

async function main(chosen: string[]): Promise<number> {
  const unknown = chosen.filter((name) => !(name in stages));
  if (unknown.length > 0) {
    console.error(`no stage ${unknown.join(", ")}; there are ${Object.keys(stages).join(", ")}`);
    return 2;
  }
  const names = chosen.length > 0 ? chosen : Object.keys(stages);
  if (names.some((name) => stages[name]!.lab)) {
    const needed = { tls: true, vtpm: true, sudo: true, browser: true };
    const left = ensureSystemPackages((line) => console.log(line), needed);
    for (const line of left) console.log(`real hosts cannot be had here: ${line}`);
  }
  const results: Result[] = [];
  for (const lanes of stepsOf(names, availableParallelism())) {
    const [main = [], ...besides] = lanes;
    for (const lane of besides)
      console.log(`\n── beside what follows: ${lane.join(", ")}; its output comes when it has ended`);
    await Promise.all([runLane(main, results, true), ...besides.map((lane) => runLane(lane, results, false))]);
  }
  const order = Object.keys(stages);
  return summarize(results.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)));
}

/** @param shown whether its output is shown at once; two at a time could not be read. */
async function runLane(names: readonly string[], results: Result[], shown: boolean): Promise<void> {
  for (const name of names) {
    if (interrupted) return;
    if (shown) console.log(`\n── ${name}`);
    const output = shown ? undefined : join(directory, `${name}.output`);
    const start = Date.now();
    const counts = await runStage(name, stages[name]!, directory, output);
    if (output !== undefined) console.log(`\n── ${name}, which ran beside\n${readFileSync(output, "utf8")}`);
    results.push({ name, counts, seconds: (Date.now() - start) / 1000 });
  }
}

function summarize(results: readonly Result[]): number {
  console.log("");
  for (const { name, counts, seconds } of results) {
    const { passed, failed } = counts;
    console.log(
      `${name.padEnd(9)} ${String(passed).padStart(4)} passed ${String(failed).padStart(4)} failed  ${seconds.toFixed(1)} s`,
    );
  }
  for (const { name, counts } of results) {
    for (const failure of counts.failures) console.log(`FAILED (${name}): ${failure}`);
    for (const title of counts.notRun) console.log(`NOT RUN (${name}): ${title}`);
  }
  if (results.some(({ name }) => name === "lab"))
    console.log("moves between releases: a command of its own, npm run matrix");
  if (interrupted) console.log("interrupted: what came after was not run");
  const sum = (key: "passed" | "failed") => results.reduce((total, { counts }) => total + counts[key], 0);
  console.log(`${sum("passed")} passed, ${sum("failed") + (interrupted ? 1 : 0)} failed`);
  return sum("failed") > 0 || interrupted ? 1 : 0;
}

main(process.argv.slice(2))
  .finally(() => rmSync(directory, { recursive: true, force: true }))
  .then(
    (code) => (process.exitCode = code),
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
