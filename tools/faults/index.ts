/** `npm run faults`: every cell of the fault matrix on real hosts, through the real `pulumi`. Writes docs/faults.md. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ensureSystemPackages } from "../system-packages";
import { phaseNames } from "../../lab/faults/cell";
import { faults } from "../../lab/faults/cells";
import { document, summaryLine } from "./report";
import { type CellResult, type MatrixCell, nameOf, runCell } from "../../lab/faults/run-cell";
import { Scene } from "../../lab/faults/scene";

const usage = `npm run faults -- [--only REGEX] [--jobs N] [--list] [--verbose]

--only    cells whose "fault × phase" matches; docs/faults.md is written only when all were run
--jobs    labs at once (default 2)
--list    names the cells
--verbose what the users of each cell read`;

export const allCells: MatrixCell[] = faults.flatMap((fault) =>
  phaseNames.flatMap((phase) => {
    const cell = fault.cells[phase];
    return cell ? [{ fault, phase, cell }] : [];
  }),
);

async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({
    args: words,
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
  const cells = allCells.filter((cell) => only.test(nameOf(cell)));
  if (values.list) return (cells.forEach((cell) => console.log(nameOf(cell))), 0);
  if (cells.length === 0) return (console.error(`no cell is named like ${values.only}`), 2);
  const missing = ensureSystemPackages((line) => console.error(line));
  if (missing.length > 0) return (console.error(`The fault matrix needs real hosts. ${missing.join(" ")}`), 1);

  const template = await Scene.template();
  const start = Date.now();
  const results: CellResult[] = [];
  try {
    const queue = cells.map((cell, index) => ({ cell, index }));
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const result = await runCell(next.cell, template);
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
  if (cells.length === allCells.length) writeFileSync("docs/faults.md", document(results, cells));
  return failed.length > 0 ? 1 : 0;
}

function show({ name, outcome, healSeconds, seconds, wrong, transcript }: CellResult, verbose: boolean): void {
  const mark = wrong.length > 0 ? "FAILED" : "ok    ";
  console.log(`${mark} ${name}: ${outcome} (${healSeconds.toFixed(1)} s to heal, ${seconds.toFixed(0)} s in all)`);
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
