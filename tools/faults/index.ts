/** `npm run faults`: every case of the fault matrix on real hosts, through the real `pulumi`. Writes docs/faults.md. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ensureSystemPackages } from "../system-packages";
import { type Case, phaseNames } from "../../lab/faults/case";
import { faults } from "../../lab/faults/cases";
import { document, summaryLine } from "./report";
import { type CaseResult, nameOf, runCase } from "../../lab/faults/run-case";
import { Fixture } from "../../lab/faults/fixture";

const usage = `npm run faults -- [--only REGEX] [--jobs N] [--list] [--verbose]

--only    cases whose "fault × phase" matches; docs/faults.md is written only when all were run
--jobs    labs at once (default 2)
--list    names the cases
--verbose what the users of each cell read`;

export const allCases: Case[] = faults.flatMap((fault) =>
  phaseNames.flatMap((phase) => {
    const expected = fault.cases[phase];
    return expected ? [{ fault, phase, expected }] : [];
  }),
);

async function main(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: "string" },
      jobs: { type: "string", default: "2" },
      list: { type: "boolean" },
      verbose: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return (console.log(usage), 0);
  const only = new RegExp(values.only ?? "");
  const cases = allCases.filter((each) => only.test(nameOf(each)));
  if (values.list) return (cases.forEach((each) => console.log(nameOf(each))), 0);
  if (cases.length === 0) return (console.error(`no case is named like ${values.only}`), 2);
  const missing = ensureSystemPackages((line) => console.error(line));
  if (missing.length > 0) return (console.error(`The fault matrix needs real hosts. ${missing.join(" ")}`), 1);

  const template = await Fixture.template();
  const start = Date.now();
  const results: CaseResult[] = [];
  try {
    const queue = cases.map((each, index) => ({ each, index }));
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const result = await runCase(next.each, template);
        results[next.index] = result;
        show(result, values.verbose ?? false);
      }
    };
    await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs)) }, worker));
  } finally {
    template.remove();
  }
  const failed = results.filter(({ wrong }) => wrong.length > 0);
  console.log(`\n${summaryLine(results)}; took ${((Date.now() - start) / 60_000).toFixed(1)} min`);
  for (const { name, wrong } of failed) console.log(`FAILED ${name}: ${wrong.join("; ")}`);
  if (cases.length === allCases.length) writeFileSync("docs/faults.md", document(results, cases));
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
