/** docs/versions.md. */
import { knownFaults } from "../../provider/core/knownFaults";
import { cases, type Kind, titleOf } from "../../lab/matrix/cases";
import type { MatrixResult } from "../../lab/matrix/run-pair";

const day = () => new Date().toISOString().slice(0, 10);

/** Tried by hand with Linux guests, which the matrix does not have. */
const queueSizes = `A VM that Debian 13 started does not move live to Debian 14 once its guest uses virtio devices. QEMU 10.0.13 gives their queues 1024 entries, Linux
uses all of them, and QEMU 11.1.2 takes 256 and fewer. Tried with Linux 6.1 (machine types pc-q35-7.2 and pc-q35-10.0):

| the guest uses | started on | live to Debian 14 |
|---|---|---|
| a virtio network interface, also with \`rx_queue_size\` 256 or 1024 | Debian 13 | refused by QEMU; the VM stays where it is |
| a virtio disk | Debian 13 | refused by QEMU; the VM stays where it is |
| a virtio balloon and rng | Debian 13 | refused by QEMU; the VM stays where it is |
| a virtio disk with \`<driver queue_size='1024'>\` | Debian 13 | works |
| a virtio network interface and a virtio disk | Debian 12, live to Debian 13 | works |
| a virtio network interface | Debian 14, live to Debian 13 | works |

A preview warns of that (\`queue-sizes\`): libvirt does not say which QEMU started a VM. Shut off each of them moves.`;

export function document(results: readonly MatrixResult[], minutes: number): string {
  const kinds = [...new Map(results.map(({ source }) => [source.release, source])).values()].sort((a, b) =>
    a.release.localeCompare(b.release, "en", { numeric: true }),
  );
  const unexpected = results.filter((result) => result.unexpected !== undefined);
  return `# Between releases of libvirt and QEMU

\`npm run matrix\` wrote this file on ${day()}, in ${Math.round(minutes)} minutes: ${results.length} moves of real VMs between real hosts, through what \`pulumi up\` runs, there
and back between every two kinds of host. "Works" means that the VM was on the destination alone afterwards, in the state it had, with its
memory right. "Refused" means that the preview and \`up\` name the reason and nothing was run, except where "by libvirt" stands.

${unexpected.length === 0 ? "Every result was as expected." : `**${unexpected.length} results were not as expected:** ${unexpected.map(({ test, source, destination, unexpected }) => `${titleOf(source)} to ${titleOf(destination)}, ${test.name}: ${unexpected}`).join("; ")}.`}

| kind of host | libvirt | QEMU | newest machine type |
|---|---|---|---|
${kinds.map((kind) => `| ${titleOf(kind)}${kind.release === "modular" ? " daemons (virtqemud, virtproxyd …) on Debian 13" : ""} | ${kind.libvirt} | ${kind.qemu} | ${kind.machine} |`).join("\n")}

## From where to where

How many of the ${cases.length} cases below work, and how many are refused. From a host to another of its kind on the diagonal.

| from \\ to | ${kinds.map(titleOf).join(" | ")} |
|---|${kinds.map(() => "---|").join("")}
${kinds.map((source) => `| ${titleOf(source)} | ${kinds.map((destination) => cell(results, source, destination)).join(" | ")} |`).join("\n")}

## What works, and what is refused

VMs have the machine type pc-q35-7.2, which all of these have, but where "newest machine type" stands.
They have a virtio disk that only their firmware has used, and no network interface.

${queueSizes}

${cases
  .map(({ name }) =>
    section(
      name,
      results.filter(({ test }) => test.name === name),
    ),
  )
  .join("\n")}

## Known faults of releases

\`npx vm-placement doctor\` names these by the releases of the hosts, and a preview those that would stop its move or cost a VM its memory.

| in | when | what happens |
|---|---|---|
${Object.values(knownFaults)
  .map(
    (fault) =>
      `| ${fault.of} ${"from" in fault ? `${fault.from} to below ${fault.fixedIn}` : `below ${fault.fixedIn}`} | ${fault.when} | ${fault.what} |`,
  )
  .join("\n")}
`;
}

function cell(results: readonly MatrixResult[], source: Kind, destination: Kind): string {
  const between = results.filter(
    (each) => each.source.release === source.release && each.destination.release === destination.release,
  );
  const names = (of: (result: MatrixResult) => boolean) =>
    new Set(between.filter(of).map(({ test }) => test.name)).size;
  const wrong = names(({ unexpected }) => unexpected !== undefined);
  const text = `${names(({ outcome }) => outcome.kind === "works")} work, ${names(({ outcome }) => outcome.kind !== "works")} refused`;
  return wrong > 0 ? `${text}, **${wrong} unexpected**` : text;
}

/** A case: who moves it, and each reason with the pairs it was given for. */
function section(name: string, results: readonly MatrixResult[]): string {
  const worked = results.filter(({ outcome }) => outcome.kind === "works");
  const seconds = worked.flatMap(({ outcome }) => (outcome.kind === "works" ? [outcome.seconds] : []));
  const refused = new Map<string, MatrixResult[]>();
  for (const result of results) {
    if (result.outcome.kind === "works") continue;
    const reason = reasonOf(result);
    refused.set(reason, [...(refused.get(reason) ?? []), result]);
  }
  const range =
    seconds.length === 0 ? "" : ` (${Math.min(...seconds).toFixed(1)} to ${Math.max(...seconds).toFixed(1)} s)`;
  const works = refused.size === 0 ? "works between all" : worked.length === 0 ? "" : `works ${pairs(worked)}`;
  const lines = [...refused].map(
    ([reason, which]) =>
      `  - refused ${worked.length === 0 && refused.size === 1 ? "between all" : pairs(which)}: ${reason}`,
  );
  return [`- **${name}**: ${works}${range}`.replace(/: $/, ""), ...lines].join("\n");
}

function pairs(results: readonly MatrixResult[]): string {
  const bySource = new Map<string, Set<string>>();
  for (const { source, destination } of results) {
    const to = bySource.get(titleOf(source)) ?? new Set();
    bySource.set(titleOf(source), to.add(titleOf(destination)));
  }
  return [...bySource].map(([source, to]) => `from ${source} to ${[...to].sort().join(", ")}`).join("; ");
}

/** Names of the lab's hosts and VMs give way to what they were in the move. */
function reasonOf({ outcome, source, destination }: MatrixResult): string {
  if (outcome.kind === "works") return "";
  const code = "code" in outcome ? ` \`${outcome.code}\`` : "";
  const text = outcome.message
    .replace(/\bvm-[a-z]+-[a-z0-9-]+/g, "VM")
    .replace(/\b(?:debian-\d+|modular|own)-[ab]\b/g, (name) => {
      const release = name.replace(/^debian-|-[ab]$/g, "");
      if (source.release === destination.release) return "a host";
      return release === source.release ? "the source" : "the destination";
    })
    .replace(/\bprocess \d+/g, "a process")
    .replace(/; VM is [a-z ]+\([a-z]+\) on \S+( \S+)? as before/g, "")
    .replace(/\|/g, "\\|");
  return `${outcome.kind === "by" ? "by libvirt, " : ""}${text}${code}`;
}
