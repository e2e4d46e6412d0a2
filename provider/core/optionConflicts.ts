/** Options of a migration that exclude or need each other. */
import { convergenceConflicts } from "./convergence/conflicts";
import { type MigrationOptions, optionNames, type OptionName, optionTable } from "./options";

/** One reason why options do not go together. `property` is the input to name. */
export interface OptionConflict {
  property: string;
  code: "conflictingOptions" | "unsafeCombination";
  reason: string;
}

/** All conflicts at once, decided from the options alone. */
export function optionConflicts(options: MigrationOptions): OptionConflict[] {
  return [ofTable, ofSwitch, ofConvergence, ofCompression]
    .flatMap((find) => find(options))
    .map(([name, reason]) => ({
      property: `migration.${optionTable[name].input}`,
      code: "conflictingOptions",
      reason,
    }));
}

type Conflict = [name: OptionName, reason: string];

const isSet = (options: MigrationOptions, name: OptionName) =>
  (options[name] !== undefined && options[name] !== false) ||
  (name === "timeoutMs" && options.timeoutMsPerGiB !== undefined);

/** What the rows of the table say of each other, and of `mode`. */
function ofTable(options: MigrationOptions): Conflict[] {
  return optionNames
    .filter((name) => isSet(options, name))
    .flatMap((name) => {
      const { offline, needs, conflicts } = optionTable[name];
      const input = inputOf(options, name);
      const usable = offline === true || (offline === "copying" && isSet(options, "copyStorage"));
      const reasons =
        options.mode === "offline" && !usable
          ? [`${input} needs a live migration and \`mode\` is "offline"; remove it, or set mode: "live"`]
          : [];
      for (const [other, reason] of entries(needs)) {
        if (!isSet(options, other)) reasons.push(`${input} needs \`${withExample(other)}\`: ${reason}`);
      }
      for (const [other, reason] of entries(conflicts)) {
        if (isSet(options, other)) reasons.push(`${input} cannot go with \`${optionTable[other].input}\`: ${reason}`);
      }
      return reasons.map((reason): Conflict => [name, reason]);
    });
}

/** As a reason names it: a step may be why it is set. */
function inputOf({ convergence }: MigrationOptions, name: OptionName): string {
  const { input } = optionTable[name];
  const isStep = name === "postCopy" && convergence?.some(({ action }) => action.kind === "postCopy");
  return isStep ? '`do: "postCopy"` in `convergence`' : `\`${input}\``;
}

/** When it switches to post-copy, and what ends it before. */
function ofSwitch({ convergence, onTimeout, postCopy, postCopyAfterMs, timeoutMs }: MigrationOptions): Conflict[] {
  const found: Conflict[] = [];
  if (onTimeout === "postCopy" && !postCopy) {
    found.push([
      "onTimeout",
      '`onTimeout: "postCopy"` needs `postCopy: true`: QEMU switches only where the migration was started for it',
    ]);
  }
  const stepSwitches = convergence?.some(({ action }) => action.kind === "postCopy");
  if (postCopy && postCopyAfterMs === undefined && onTimeout !== "postCopy" && !stepSwitches) {
    found.push([
      "postCopy",
      'it would never switch: say when, with `postCopy: { after: "20s" }` or with `timeout: "5m", onTimeout: "postCopy"`',
    ]);
  }
  if (timeoutMs !== undefined && postCopyAfterMs !== undefined && timeoutMs <= postCopyAfterMs) {
    found.push([
      "timeoutMs",
      "`timeout` must be longer than `postCopy.after`, else the migration ends before it switches",
    ]);
  }
  return found;
}

function ofConvergence(options: MigrationOptions): Conflict[] {
  return convergenceConflicts(options).map((reason) => ["convergence", reason]);
}

function ofCompression(options: MigrationOptions): Conflict[] {
  const { compressionMethods: methods = [], parallel } = options;
  const found: Conflict[] = [];
  for (const [method, tuning] of compressionTuning) {
    if (options.compressionMethods && isSet(options, tuning) && !methods.includes(method)) {
      found.push([
        tuning,
        `\`${optionTable[tuning].input}\` tunes "${method}", which is not in \`compression.methods\``,
      ]);
    }
  }
  const ofParallel = methods.filter((method) => method === "zlib" || method === "zstd");
  if (ofParallel.length > 0 && !parallel) {
    found.push([
      "compressionMethods",
      `"${ofParallel[0]}" needs \`parallel: true\`: QEMU compresses so only in a multi-FD migration`,
    ]);
  }
  if (ofParallel.length > 1) found.push(["compressionMethods", "one of zlib and zstd at a time"]);
  for (const method of ["xbzrle", "mt"] as const) {
    if (parallel && methods.includes(method)) {
      found.push(["compressionMethods", `"${method}" cannot go with \`parallel\`: libvirt refuses it`]);
    }
  }
  return found;
}

const compressionTuning: readonly ["xbzrle" | "zlib" | "zstd" | "mt", OptionName][] = [
  ["xbzrle", "compressionXbzrleCacheBytes"],
  ["zlib", "compressionZlibLevel"],
  ["zstd", "compressionZstdLevel"],
  ["mt", "compressionMtLevel"],
  ["mt", "compressionMtThreads"],
  ["mt", "compressionMtDecompressThreads"],
];

function withExample(name: OptionName): string {
  return `${optionTable[name].input}: ${optionTable[name].example}`;
}

function entries(map: Partial<Record<OptionName, string>> | undefined): [OptionName, string][] {
  return Object.entries(map ?? {}) as [OptionName, string][];
}
