/** `npm run faults`: every case of the fault matrix on real hosts, through the real `pulumi`. Writes the results into docs/faults.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ensureSystemPackages } from "../system-packages";
import { type Case, expectedOf, phaseNames } from "../../lab/faults/case";
import { faults } from "../../lab/faults/cases";
import type { Through } from "../../lab/pulumi/stack";
import { summaryLine, withResults } from "./report";
import { type CaseResult, nameOf, runCase } from "../../lab/faults/run-case";
import { Fixture } from "../../lab/faults/fixture";

const usage = `npm run faults -- [--through dynamic|provider] [--only REGEX] [--jobs N] [--list] [--verbose] [--write]

--through what the program declares: the dynamic resource of TypeScript (default), or in YAML that of the provider for every language
--only    cases whose "fault × phase" matches
--jobs    labs at once (default 2)
--list    names the cases
--verbose what the users of each cell read
--write   the results into docs/faults.md, where rows of other cases stay. Without it they are written only when all cases were run`;

const kinds: Record<string, Through> = { dynamic: "dynamic resource", provider: "provider" };
const documentFile = "docs/faults.md";

const casesOf = (through: Through): Case[] =>
  faults
    .filter((fault) => fault.through === undefined || fault.through === through)
    .flatMap((fault) =>
      phaseNames.flatMap((phase) => {
        const expected = expectedOf(fault, phase, through);
        return expected ? [{ fault, phase, expected }] : [];
      }),
    );

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      through: { type: "string", default: "dynamic" },
      only: { type: "string" },
      jobs: { type: "string", default: "2" },
      list: { type: "boolean" },
      verbose: { type: "boolean" },
      write: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return (console.log(usage), 0);
  const through = kinds[values.through];
  if (through === undefined)
    return (console.error(`--through takes dynamic or provider, and got ${values.through}`), 2);
  const all = casesOf(through);
  const only = new RegExp(values.only ?? "");
  const cases = all.filter((each) => only.test(nameOf(each)));
  if (values.list) return (cases.forEach((each) => console.log(nameOf(each))), 0);
  if (cases.length === 0) return (console.error(`no case is named like ${values.only}`), 2);
  const missing = ensureSystemPackages((line) => console.error(line));
  if (missing.length > 0) return (console.error(`The fault matrix needs real hosts. ${missing.join(" ")}`), 1);

  const template = await Fixture.template(through);
  const start = Date.now();
  const results: CaseResult[] = [];
  const write = () => {
    const done = results.flatMap((result, index) => [{ of: cases[index]!, result }]);
    writeFileSync(documentFile, withResults(readFileSync(documentFile, "utf8"), through, all, done));
  };
  try {
    const queue = cases.map((each, index) => ({ each, index }));
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const result = await runCase(next.each, template);
        results[next.index] = result;
        show(result, values.verbose ?? false);
        if (values.write) write();
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, worker));
  } finally {
    template.remove();
  }
  const failed = results.filter(({ wrong }) => wrong.length > 0);
  console.log(`\n${summaryLine(results)}; took ${((Date.now() - start) / 60_000).toFixed(1)} min`);
  for (const { name, wrong } of failed) console.log(`FAILED ${name}: ${wrong.join("; ")}`);
  if (cases.length === all.length) write();
  return failed.length > 0 ? 1 : 0;
}

function show({ name, outcome, recoverySeconds, seconds, wrong, transcript }: CaseResult, verbose: boolean): void {
  const mark = wrong.length > 0 ? "FAILED" : "ok    ";
  console.log(
    `${mark} ${name}: ${outcome} (${recoverySeconds.toFixed(1)} s to recover, ${seconds.toFixed(0)} s in all)`,
  );
  for (const line of wrong) console.log(`         ${line}`);
  if (verbose || wrong.length > 0) console.log(transcript.replace(/^/gm, "         | "));
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
