/** The generated parts of docs/faults.md. */
import type { Case } from "../../lab/faults/case";
import { faults } from "../../lab/faults/cases";
import type { CaseResult } from "../../lab/faults/run-case";
import type { Through } from "../../lab/pulumi/stack";

const percentile = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

export function summaryLine(results: readonly CaseResult[]): string {
  const failed = results.filter(({ wrong }) => wrong.length > 0).length;
  const seconds = results.map(({ recoverySeconds }) => recoverySeconds);
  return (
    `${results.length} cases, ${failed} failed; from recovery to right: ` +
    `median ${percentile(seconds, 0.5).toFixed(1)} s, longest ${Math.max(0, ...seconds).toFixed(1)} s`
  );
}

const head = "| fault | phase | outcome | seconds |\n|---|---|---|---|";
const keyOf = (title: string, phase: string) => `| ${title} | ${phase} | `;

/**
 * @param all every case of that kind, in the order of the table.
 * @param results of some of them; the rows of the others stay as they are.
 */
export function withResults(
  text: string,
  through: Through,
  all: readonly Case[],
  results: readonly { of: Case; result: CaseResult }[],
): string {
  const before = between(text, through).split("\n");
  const rows = all.flatMap((each) => {
    const key = keyOf(each.fault.title, each.phase);
    const now = results.find(({ of }) => of === each)?.result;
    return now === undefined ? before.filter((line) => line.startsWith(key)) : [`${key}${outcome(now)}`];
  });
  const list = faults.map(({ title, means }) => `- **${title}**: ${means}`);
  return put(
    put(text, "faults", list.join("\n")),
    through,
    `${rows.length} of ${all.length} cases.\n\n${[head, ...rows].join("\n")}`,
  );
}

function outcome({ outcome: text, wrong, recoverySeconds }: CaseResult): string {
  return `${wrong.length > 0 ? `**wrong:** ${wrong.join("; ")}` : text} | ${recoverySeconds.toFixed(1)} |`;
}

function placeOf(text: string, name: string): [from: number, to: number] {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/faults.md has no ${start} … ${end}`);
  return [from + start.length, to];
}

function between(text: string, name: string): string {
  return text.slice(...placeOf(text, name));
}

function put(text: string, name: string, body: string): string {
  const [from, to] = placeOf(text, name);
  return `${text.slice(0, from)}\n\n${body}\n\n${text.slice(to)}`;
}
