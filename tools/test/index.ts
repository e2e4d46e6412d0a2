/** `npm test`: every check there is, in stages; `npm test -- unit lab` runs these alone. The last line counts. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSystemPackages } from "../system-packages";

interface Counts {
  passed: number;
  failed: number;
  /** Title and first line of the error, which would otherwise stand far above the end of the output. */
  failures: string[];
  notRun: string[];
}

interface Stage {
  /** A command whose exit code is the result, or the directory of a mocha suite. */
  command?: string[];
  suite?: string;
  /** For `mocha --timeout`, milliseconds. */
  timeoutMs?: number;
  /** Real hosts are needed. */
  lab?: boolean;
}

/** A stage that hangs is ended, and failed: longer than any takes on a busy computer of two cores. */
const stageLimitMs = 45 * 60_000;
const killAfterMs = 30_000;
/** So long a suite may take to end after its last test. A test that failed may have left something that keeps its process alive. */
const endsWithinMs = 60_000;

const bin = (name: string) => join("node_modules/.bin", name);

const stages: Record<string, Stage> = {
  lint: { command: ["npm", "run", "--silent", "lint"] },
  types: { command: [bin("tsc"), "--noEmit"] },
  build: { command: ["npm", "run", "--silent", "build"] },
  package: { command: ["node", "tools/run", "tools/check-package.ts"] },
  unit: { suite: "test/unit" },
  contract: { suite: "test/contract", timeoutMs: 60_000 },
  lab: { suite: "test/lab", timeoutMs: 120_000, lab: true },
  cli: { suite: "test/cli", timeoutMs: 300_000, lab: true },
};

const directory = mkdtempSync(join(tmpdir(), "vm-placement-test-"));
let interrupted = false;
let running: ChildProcess | undefined;
// The stage cleans up after itself; this waits for it. A terminal sends Ctrl-C to both, others send a signal to this process only.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted = true;
    if (signal !== "SIGINT" || !process.stdin.isTTY) running?.kill(signal);
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
    const left = ensureSystemPackages((line) => console.log(line), { tls: true, vtpm: true });
    for (const line of left) console.log(`real hosts cannot be had here: ${line}`);
  }
  const results: { name: string; counts: Counts; seconds: number }[] = [];
  for (const name of names) {
    if (interrupted) break;
    console.log(`\n── ${name}`);
    const start = Date.now();
    const counts = await runStage(name, stages[name]!);
    results.push({ name, counts, seconds: (Date.now() - start) / 1000 });
  }
  return summarize(results);
}

function summarize(results: { name: string; counts: Counts; seconds: number }[]): number {
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
  if (interrupted) console.log("interrupted: what came after was not run");
  const sum = (key: "passed" | "failed") => results.reduce((total, { counts }) => total + counts[key], 0);
  console.log(`${sum("passed")} passed, ${sum("failed") + (interrupted ? 1 : 0)} failed`);
  return sum("failed") > 0 || interrupted ? 1 : 0;
}

async function runStage(name: string, { command, suite, timeoutMs, lab }: Stage): Promise<Counts> {
  // What a stage that is cut off leaves there goes with this directory. Labs know of each other by the common one.
  const env: NodeJS.ProcessEnv = lab ? {} : { TMPDIR: join(directory, "tmp") };
  mkdirSync(join(directory, "tmp"), { recursive: true });
  if (command) {
    const code = await execute(command, env);
    return code === 0
      ? { passed: 1, failed: 0, failures: [], notRun: [] }
      : { passed: 0, failed: 1, failures: [`${command.join(" ")} ended by ${code}`], notRun: [] };
  }
  const file = join(directory, name);
  const timeout = timeoutMs === undefined ? [] : ["--timeout", String(timeoutMs)];
  const code = await execute(
    [bin("mocha"), "--reporter", "./tools/test/reporter.js", ...timeout, `${suite}/**/*.test.ts`],
    { ...env, TEST_COUNTS: file },
    () => existsSync(file),
  );
  if (!existsSync(file))
    return { passed: 0, failed: 1, failures: [`ended by ${code} before it could count`], notRun: [] };
  const counts = JSON.parse(readFileSync(file, "utf8")) as Counts;
  // A suite may also fail as a whole, without a test of its own to blame.
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1, failures: [`ended by ${code}`] } : counts;
}

/**
 * @param isOver whether it has done its work, and only has to end.
 * @returns 0, or what ended it: "exit code 1", "SIGKILL".
 */
function execute(
  [program, ...args]: string[],
  env: NodeJS.ProcessEnv = {},
  isOver: () => boolean = () => false,
): Promise<0 | string> {
  const child = spawn(program!, args, { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
  running = child;
  const timers = [
    setTimeout(() => {
      console.error(`${program} took more than ${stageLimitMs / 60_000} minutes and is ended`);
      child.kill("SIGTERM");
    }, stageLimitMs),
    setTimeout(() => child.kill("SIGKILL"), stageLimitMs + killAfterMs),
  ];
  let overSince: number | undefined;
  const watch = setInterval(() => {
    if (!isOver()) return;
    overSince ??= Date.now();
    if (Date.now() - overSince < endsWithinMs) return;
    clearInterval(watch);
    console.error(`${program} has run all of its tests, and does not end: it is ended`);
    child.kill("SIGKILL");
  }, 1000);
  return new Promise<0 | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code === 0 ? 0 : (signal ?? `exit code ${code}`)));
  }).finally(() => {
    timers.forEach(clearTimeout);
    clearInterval(watch);
  });
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
