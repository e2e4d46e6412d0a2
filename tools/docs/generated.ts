import { actionsTable, conditionsTable, presetsTable } from "./convergence";
import { decisionTable, refusalTable } from "./decisions";
import { errorSections } from "./errors";
import { placementsTable } from "./placements";
import { configurationTable, inventoryTable, leftOutTable, optionsTable } from "./options";

/** A part of a document that comes from the code: what stands between `<!-- NAME -->` and `<!-- /NAME -->`. */
export interface Generated {
  file: string;
  name: string;
  make: () => string;
}

export const generated: readonly Generated[] = [
  { file: "docs/options.md", name: "options", make: optionsTable },
  { file: "docs/options.md", name: "convergence-conditions", make: conditionsTable },
  { file: "docs/options.md", name: "convergence-actions", make: actionsTable },
  { file: "docs/options.md", name: "convergence-presets", make: presetsTable },
  { file: "docs/options.md", name: "left-out", make: leftOutTable },
  { file: "docs/installation-configuration.md", name: "configuration", make: configurationTable },
  { file: "docs/installation-configuration.md", name: "registry-inventory", make: inventoryTable },
  { file: "docs/inventory.md", name: "inventory", make: inventoryTable },
  { file: "docs/decisions.md", name: "decisions", make: decisionTable },
  { file: "docs/decisions.md", name: "refusals", make: refusalTable },
  { file: "docs/fleet.md", name: "placements", make: placementsTable },
  { file: "docs/errors.md", name: "errors", make: errorSections },
];

/** The text of a document with its generated parts as they should be. */
export function withGenerated(file: string, text: string): string {
  return generated
    .filter((part) => part.file === file)
    .reduce((document, { name, make }) => {
      const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
      const [from, to] = [document.indexOf(start), document.indexOf(end)];
      if (from < 0 || to < from) throw new Error(`${file} has no ${start} … ${end}`);
      return `${document.slice(0, from + start.length)}\n\n${make()}\n\n${document.slice(to)}`;
    }, text);
}
