import { Document } from "yaml";
import { fileExample, placementsShape } from "./definition";
import { type Fault, placementsError } from "./faults";
import type { PartOfPlacements, Placements, VmEntry } from "./model";
import { TreeReader } from "./read";
import { checkReferences } from "./references";
import { whyNotDomain } from "./values";
import { readTree, type Tree } from "./yamlText";

export interface ParseOptions {
  /** How the file is called in what is said of it. Default: "placements.yaml". */
  file?: string;
  /** The hosts of the inventory. Without them any name may be one. */
  hosts?: readonly string[];
}

export interface Parsed {
  placements: Placements;
  /** Of severity "warning": those of severity "blocker" are thrown. */
  warnings: Fault[];
}

/** Reads the text of a placements file. @throws PlacementError with every fault, each with its line and column. */
export function parsePlacements(text: string, options: ParseOptions = {}): Parsed {
  return read(readTree(text), options);
}

/** Reads what a placements file would say, given as a value of the program. @throws PlacementError with every fault. */
export function placementsOf(value: unknown, options: ParseOptions = {}): Parsed {
  const document = new Document(value, { aliasDuplicateObjects: false });
  return read({ root: document.contents, document, placeOf: () => undefined, faults: [] }, options);
}

function read(tree: Tree, { file = "placements.yaml", hosts }: ParseOptions): Parsed {
  const reader = new TreeReader(tree);
  if (tree.faults.length === 0) {
    if (tree.root === null) reader.at([], `is empty; expected the VMs by name, for example ${fileExample}`);
    else {
      const raw = reader.read(tree.root, placementsShape, []) as Raw | undefined;
      if (raw !== undefined) {
        const placements = complete(raw);
        checkNames(placements, reader);
        checkReferences(placements, hosts, (path, message, more) => reader.at(path, message, more));
        const isWhole = reader.faults.every(({ severity }) => severity === "warning");
        // Where nothing is wrong nothing was left out.
        if (isWhole) return { placements: placements as Placements, warnings: reader.faults };
      }
    }
  }
  const blockers = reader.faults.filter(({ severity }) => severity === "blocker");
  throw placementsError(
    file,
    blockers.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
  );
}

/** As the shape leaves it: nothing is filled in. */
interface Raw extends Omit<Partial<PartOfPlacements>, "vms"> {
  vms?: Record<string, string | Partial<VmEntry> | undefined>;
}

function complete({
  hosts = {},
  vms = {},
  rules = [],
  limits = {},
  defaults = {},
  evacuated = {},
}: Raw): PartOfPlacements {
  const entry = ([name, given]: [string, string | Partial<VmEntry> | undefined]) => [
    name,
    given && {
      domain: name,
      labels: {},
      priority: 0,
      pinned: false,
      onEvacuation: "block",
      after: [],
      ...(typeof given === "string" ? { host: given } : given),
    },
  ];
  const completed = Object.fromEntries(Object.entries(vms).map(entry)) as PartOfPlacements["vms"];
  return { hosts, vms: completed, rules, limits, defaults, evacuated };
}

/** A key is libvirt's name of the VM where `domain` says nothing else. */
function checkNames({ vms }: PartOfPlacements, reader: TreeReader): void {
  for (const [name, entry] of Object.entries(vms)) {
    const why = entry?.domain === name ? whyNotDomain(name) : undefined;
    if (why !== undefined) reader.at(["vms", name], `${why}; or write the VM's UUID as \`domain\``);
  }
}
