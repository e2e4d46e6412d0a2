/** The table that docs/faults.md shows, and the file around it. */
import { type Case, phaseNames } from "../../lab/faults/case";
import type { CaseResult } from "../../lab/faults/run-case";
import { phases } from "../../lab/faults/phases";

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

export function document(results: readonly CaseResult[], cases: readonly Case[]): string {
  const faults = [...new Set(cases.map(({ fault }) => fault))];
  const rows = cases.map(({ fault, phase }, index) => {
    const { outcome, recoverySeconds, wrong } = results[index]!;
    const text = wrong.length > 0 ? `**wrong:** ${wrong.join("; ")}` : outcome;
    return `| ${fault.title} | ${phase} | ${text} | ${recoverySeconds.toFixed(1)} |`;
  });
  return `# When something breaks

\`npm run faults\` wrote this file. Every row is a case that was run on two real libvirt hosts, through the real \`pulumi\`: a move is held in
a phase, the fault is injected, the hosts recover, and \`pulumi up\` is called again. A row is without "wrong" only when

- the VM never ran on two hosts (where its virtual CPUs run was sampled ten times a second, from the kernel);
- its memory was right to the end (the guest checks a pattern in all of it, and reports on its serial line), and it was booted once;
- Pulumi's state names the host where it is, without an error or a pending operation;
- nothing was left over: no second or transient definition, no job, no process of ours on any host;
- \`up\` had printed what happened.

Where the next \`up\` refuses, either a host that is needed is still off, or the guest's QEMU has ended in the middle of a post-copy: that
needs a person, and the refusal has the commands. Both \`up\`s must have printed that, nothing of ours may be left running, and the VM must
run where it ran before or nowhere. "After the commands of the refusal" means that they were run exactly as printed: the VM then boots a
second time, from its disk.

${summaryLine(results)}.

## Faults

${faults.map(({ title, means }) => `- **${title}**: ${means}`).join("\n")}

## Phases

${phaseNames.map((name) => `- **${name}**: ${phases[name].means}`).join("\n")}

## Results

"Seconds" are those from recovery to the end of the \`up\` after which everything was right.

| fault | phase | outcome | seconds |
|---|---|---|---|
${rows.join("\n")}
`;
}
