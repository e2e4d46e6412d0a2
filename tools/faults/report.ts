/** The table that docs/faults.md shows, and the file around it. */
import { phaseNames } from "../../lab/faults/cell";
import type { CellResult, MatrixCell } from "../../lab/faults/run-cell";
import { phases } from "../../lab/faults/phases";

const percentile = (values: readonly number[], part: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? 0;

export function summaryLine(results: readonly CellResult[]): string {
  const failed = results.filter(({ wrong }) => wrong.length > 0).length;
  const heal = results.map(({ healSeconds }) => healSeconds);
  return (
    `${results.length} cells, ${failed} failed; from healing to right: ` +
    `median ${percentile(heal, 0.5).toFixed(1)} s, longest ${Math.max(0, ...heal).toFixed(1)} s`
  );
}

export function document(results: readonly CellResult[], cells: readonly MatrixCell[]): string {
  const faults = [...new Set(cells.map(({ fault }) => fault))];
  const rows = cells.map((cell, index) => {
    const { outcome, healSeconds, wrong } = results[index]!;
    const told = wrong.length > 0 ? `**wrong:** ${wrong.join("; ")}` : outcome;
    return `| ${cell.fault.title} | ${cell.phase} | ${told} | ${healSeconds.toFixed(1)} |`;
  });
  return `# When something breaks

\`npm run faults\` wrote this file. Every row was played on two real libvirt hosts, through the real \`pulumi\`: a fault strikes a move in
a phase in which it is held, is healed, and \`pulumi up\` is called again. A row stands here without "wrong" only when

- the VM never ran on two hosts (where its virtual CPUs run was sampled ten times a second, from the kernel);
- its memory was right to the end (the guest checks a pattern in all of it, and says so on its serial line), and it was booted once;
- Pulumi's state names the host where it is, without an error or a pending operation;
- nothing was left over: no second or transient definition, no job, no process of ours on any host;
- the user had read what happened.

Where the next \`up\` refuses, either a host that is needed is still off, or the guest's QEMU has ended in the middle of a post-copy: that
needs a person, to whom the refusal gives the commands. The user must have read so both times, nothing of ours may be left running, and
it must run where it ran before or nowhere. "After the commands that it gives" they were typed as they stand there: it then boots a
second time, from its disk.

${summaryLine(results)}.

## Faults

${faults.map(({ title, means }) => `- **${title}**: ${means}`).join("\n")}

## Phases

${phaseNames.map((name) => `- **${name}**: ${phases[name].means}`).join("\n")}

## What came of it

"Seconds" are those from healing the fault to the end of the \`up\` after which everything was right.

| fault | phase | outcome | seconds |
|---|---|---|---|
${rows.join("\n")}
`;
}
