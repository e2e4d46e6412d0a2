/** Options of a migration together: a value of each, with what it needs; rows of many options that cover every pair that may be. */
import type { MigrationOptions, OptionName } from "../../provider/core/options";
import { optionNames, optionTable } from "../../provider/core/options";
import { migrationSchema } from "../../provider/schema/migration";

/** A value of each option that changes nothing of a short move, and what has to be set with it. */
const samples: Record<OptionName, Partial<MigrationOptions>> = {
  mode: { mode: "live" },
  postCopy: { postCopy: true, postCopyAfterMs: 20_000 },
  postCopyAfterMs: { postCopy: true, postCopyAfterMs: 20_000 },
  postCopyBandwidthMiBps: { postCopy: true, postCopyAfterMs: 20_000, postCopyBandwidthMiBps: 500 },
  parallel: { parallel: true },
  parallelConnections: { parallel: true, parallelConnections: 3 },
  autoConverge: { autoConverge: true },
  autoConvergeInitial: { autoConverge: true, autoConvergeInitial: 20 },
  autoConvergeIncrement: { autoConverge: true, autoConvergeIncrement: 10 },
  maxDowntimeMs: { maxDowntimeMs: 500 },
  maxDowntimeAfterMs: { maxDowntimeMs: 500, maxDowntimeAfterMs: 30_000 },
  bandwidthMiBps: { bandwidthMiBps: 1000 },
  timeoutMs: { timeoutMs: 300_000 },
  onTimeout: { timeoutMs: 300_000, onTimeout: "abort" },
  convergence: migrationSchema.parse({ convergence: "gentle" }),
  tls: { tls: true },
  tlsDestination: { tls: true, tlsDestination: "DESTINATION" },
  tunnelled: { tunnelled: true },
  compressionMethods: { compressionMethods: ["xbzrle"] },
  compressionXbzrleCacheBytes: { compressionMethods: ["xbzrle"], compressionXbzrleCacheBytes: 2 ** 26 },
  compressionZlibLevel: { parallel: true, compressionMethods: ["zlib"], compressionZlibLevel: 1 },
  compressionZstdLevel: { parallel: true, compressionMethods: ["zstd"], compressionZstdLevel: 1 },
  compressionMtLevel: { compressionMethods: ["mt"], compressionMtLevel: 1 },
  compressionMtThreads: { compressionMethods: ["mt"], compressionMtThreads: 2 },
  compressionMtDecompressThreads: { compressionMethods: ["mt"], compressionMtDecompressThreads: 2 },
  zeroCopy: { parallel: true, zeroCopy: true },
  copyStorage: { copyStorage: "all" },
  copyStorageCreateImages: { copyStorage: "all", copyStorageCreateImages: true },
  copyStorageDisks: { copyStorage: "all", copyStorageDisks: ["vda"] },
  copyStoragePort: { copyStorage: "all", copyStoragePort: 49_200 },
  copyStorageSynchronousWrites: { copyStorage: "all", copyStorageSynchronousWrites: true },
  copyStorageDetectZeroes: { copyStorage: "all", copyStorageDetectZeroes: ["vda"] },
  // A disk and a network that it has stay where they are: XML is given all the same.
  disks: { disks: {} },
  networks: { networks: {} },
  switchoverBandwidthMiBps: { switchoverBandwidthMiBps: 800 },
  listenAddress: { listenAddress: "0.0.0.0" },
  graphicsUri: { graphicsUri: "spice://127.0.0.1:5900" },
  changeProtection: { changeProtection: true },
  abortOnError: { abortOnError: true },
  unsafe: { unsafe: true },
  accept: { accept: ["host-devices"] },
};

/** Of more than one value each, what goes with the others. */
export function together(names: readonly OptionName[]): MigrationOptions {
  const all = names.map((name) => samples[name]);
  const options: MigrationOptions = Object.assign({ mode: "auto" }, ...all) as MigrationOptions;
  const methods = new Set(all.flatMap(({ compressionMethods }) => compressionMethods ?? []));
  // The method that is named by itself is any.
  if (methods.size > 1 && !names.some((name) => name === "compressionXbzrleCacheBytes")) methods.delete("xbzrle");
  if (methods.size > 0) options.compressionMethods = [...methods];
  // When it switches is said once, in whichever way goes with the others.
  if (options.postCopy && !names.includes("postCopyAfterMs")) {
    if (names.includes("onTimeout")) options.onTimeout = "postCopy";
    if (names.includes("onTimeout") || names.includes("convergence")) delete options.postCopyAfterMs;
    if (names.includes("convergence")) {
      options.convergence = migrationSchema.parse({ convergence: [{ after: "20s", do: "postCopy" }] }).convergence!;
    }
  }
  return options;
}

export type Pair = readonly [OptionName, OptionName];

export function allPairs(names: readonly OptionName[] = optionNames): Pair[] {
  return names.flatMap((one, index) => names.slice(index + 1).map((other): Pair => [one, other]));
}

const keyOf = (pair: Pair) => pair.join(" ");

/** So many that a move that fails still says which of them it is. */
const longestRow = 12;

/** Rows that are accepted as a whole and hold every pair at least once; greedy. */
export function rowsFor(pairs: readonly Pair[], accepted: (options: MigrationOptions) => boolean): OptionName[][] {
  const left = new Map(pairs.map((pair) => [keyOf(pair), pair]));
  const rows: OptionName[][] = [];
  while (left.size > 0) {
    const [first] = left.values();
    let row: OptionName[] = [...first!];
    const gain = (name: OptionName) => row.filter((other) => left.has(keyOf(inOrder(name, other)))).length;
    for (let more = optionNames.filter((name) => !row.includes(name)); more.length > 0 && row.length < longestRow;) {
      const [best] = more.sort((a, b) => gain(b) - gain(a));
      more = more.slice(1);
      if (gain(best!) > 0 && accepted(together([...row, best!]))) row = [...row, best!];
    }
    for (const pair of allPairs(optionNames.filter((name) => row.includes(name)))) left.delete(keyOf(pair));
    rows.push(row);
  }
  return rows;
}

function inOrder(one: OptionName, other: OptionName): Pair {
  return optionNames.indexOf(one) < optionNames.indexOf(other) ? [one, other] : [other, one];
}

export const shownPair = (pair: Pair) => pair.map((name) => optionTable[name].input).join(" + ");
