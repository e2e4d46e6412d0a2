/** `npm test`: every check there is, in stages; `npm test -- unit lab` runs these alone. The last line counts. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSystemPackages } from "../system-packages";
import { type Counts, passOn, runStage } from "./run-stage";
import { type Job, scheduleOf, stages } from "./stages";
import { SuiteWorker } from "./suite-worker";

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
  const results = new Map<string, Result>();
  const { alone, lanes, shared } = scheduleOf(names, availableParallelism(), testFiles);
  await runLane({ own: alone, shared: [], results, shown: true });
  const [main = [], ...besides] = lanes;
  if (shared.length > 0 && besides.length > 0)
    console.log("\n── beside what follows: files of lab and cli; what they print comes when all have ended");
  await Promise.all([
    runLane({ own: main, shared, results, shown: true }),
    ...besides.map((own) => runLane({ own, shared, results, shown: false })),
  ]);
  return summarize(Object.keys(stages).flatMap((name) => results.get(name) ?? []));
}

interface Lane {
  own: Job[];
  /** What any lane takes: each takes the first that is left. */
  shared: Job[];
  results: Map<string, Result>;
  /** Whether its output is shown at once; two at a time could not be read. */
  shown: boolean;
}

async function runLane({ own, shared, results, shown }: Lane): Promise<void> {
  const output = shown ? undefined : join(directory, "beside.output");
  const worker = new SuiteWorker(directory, output);
  const add = (name: string, counts: Counts, seconds: number) => {
    const { counts: before, seconds: until } = results.get(name) ?? { counts: none, seconds: 0 };
    results.set(name, { name, counts: sumOf(before, counts), seconds: until + seconds });
  };
  let last = "";
  const next = () => (interrupted ? undefined : (own.shift() ?? shared.shift()));
  for (let job = next(); job !== undefined; job = next()) {
    const { stage: name, file } = job;
    last = name;
    const stage = stages[name]!;
    if (shown) console.log(`\n── ${file ?? name}`);
    else if (output !== undefined) appendFileSync(output, `\n── ${file ?? name}\n`);
    const start = Date.now();
    const counts = await (file ? worker.run(file, stage.timeoutMs) : runStage(name, stage, directory));
    add(name, counts, (Date.now() - start) / 1000);
  }
  const wrong = await worker.end();
  if (wrong !== undefined) add(last, { ...none, failed: 1, failures: [wrong] }, 0);
  if (output !== undefined && existsSync(output)) console.log(`\n── what ran beside\n${readFileSync(output, "utf8")}`);
}

const none: Counts = { passed: 0, failed: 0, failures: [], notRun: [] };
const sumOf = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  failures: [...a.failures, ...b.failures],
  notRun: [...a.notRun, ...b.notRun],
});

function testFiles(suite: string): string[] {
  return readdirSync(suite, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .sort()
    .map((file) => join(suite, file));
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
