/** The tables of options in docs/options.md and docs/inventory.md, from the one table in the code and the doc comments of the public types. */
import { join } from "node:path";
import { presetNames } from "../../provider/core/convergence/presets";
import { leftOut, type OptionKind, optionNames, optionTable } from "../../provider/core/options";
import { showDuration } from "../../provider/core/units";
import { docComments } from "./doc-comments";

const root = join(__dirname, "../..");

export function optionsTable(): string {
  const comments = docComments(join(root, "provider/core/args.ts"), "MigrationArgs");
  const rows = optionNames.map((name) => {
    const { input, kind, virsh, since } = optionTable[name];
    const meaning = comments.get(input)?.text;
    if (meaning === undefined) throw new Error(`MigrationArgs has no doc comment on ${input}`);
    return [`\`${input}\``, allowed(kind), virsh === undefined ? "the provider's" : code(virsh), since ?? "", meaning];
  });
  return table(["`migration.`", "value", "virsh", "libvirt", "meaning"], rows);
}

export function leftOutTable(): string {
  return table(
    ["virsh option", "why it is no input"],
    Object.entries(leftOut).map(([option, why]) => [`\`${option}\``, why]),
  );
}

export function inventoryTable(): string {
  const comments = docComments(join(root, "provider/core/model.ts"), "HostArgs");
  return table(
    ["field", "meaning"],
    [...comments].map(([field, { text }]) => [`\`${field}\``, text]),
  );
}

export function configurationTable(): string {
  const comments = docComments(join(root, "provider/core/configArgs.ts"), "ConfigArgs");
  return table(
    ["setting", "meaning"],
    [...comments].map(([key, { text }]) => [`\`vm-placement:${key}\``, text]),
  );
}

/** What may be given, in words. */
export function allowed(kind: OptionKind): string {
  switch (kind.type) {
    case "flag":
      return "true, false";
    case "choice":
      return kind.values.map((value) => `"${value}"`).join(", ");
    case "integer":
      return `${kind.min}–${kind.max}${kind.orAuto ? ', "auto"' : ""}`;
    case "duration":
      return `duration, ${showDuration(kind.minMs)} – ${showDuration(kind.maxMs)}${kind.perGiB ? ", also per GiB of memory" : ""}`;
    case "rate":
      return "rate in whole MiB/s";
    case "size":
      return kind.powerOfTwo ? "size, a power of two" : "size";
    case "text":
      return kind.expected;
    case "steps":
      return `${presetNames.map((name) => `"${name}"`).join(", ")}, or a list of steps`;
    case "map":
      return kind.of === "disks"
        ? "an object of disk targets, each `{ path }` or `{ pool, volume }`"
        : "an object of names, each a name, `{ bridge }` or `{ network }`";
    case "list":
      return `list ${kind.expected}`;
  }
}

/** The virsh options, each as code. */
export const code = (virsh: string) =>
  virsh
    .split(" | ")
    .map((word) => `\`${word}\``)
    .join(", ");

export function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
