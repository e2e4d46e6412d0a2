/** `vm-placement discover`: writes a placements file for the VMs that are on the hosts now, or adds to one what it lacks. */
import { discovered, type Discovery, merged } from "../placements/discovered";
import { listed } from "../core/near";
import { settingsOf, showInventory } from "./inventoryOf";
import { viewsOf } from "../observe/viewsOf";
import { textOf, writeWhole } from "./placementsFile";
import { exitCodes, knownHosts, type Verb } from "./verb";

interface DiscoverOptions {
  write?: string;
  running?: boolean;
  printInventory?: boolean;
}

export const discoverVerb: Verb<DiscoverOptions> = {
  usage: "discover [hosts...]",
  description:
    "which VMs are on the hosts, as a placements file (docs/fleet.md); an existing file gets what it lacks, and nothing in it is changed",
  options: [
    ["--write <file>", "write the file; without it, it is printed"],
    ["--running", "without VMs that are shut off"],
    ["--print-inventory", "print the inventory instead: the hosts are ssh destinations, such as root@10.0.0.11"],
  ],
  settings: (words, { printInventory }) => (printInventory === true ? settingsOf(words) : undefined),
  async run(session, words, { write, running = false, printInventory = false }) {
    if (printInventory) return showInventory(session);
    const asked = words.length > 0 ? knownHosts(session, words) : session.hosts.names;
    const { views, unreachable } = await viewsOf(session.hosts, asked);
    const found = discovered(views, session.hosts.names, running);
    const before = write === undefined ? undefined : await textOf(write);
    const isWhole = unreachable.length === 0 && asked.length === session.hosts.names.length && !running;
    const { text, ...changes } = merged(before, found, { file: write ?? "placements.yaml", isWhole });
    if (write !== undefined && text !== before) await writeWhole(write, text);
    const result = { ...changes, unclear: found.unclear, unreachable };
    session.show({ ...result, text }, () => (write === undefined ? text.trimEnd() : showResult(write, result)));
    if (write === undefined && problemsOf(result).length > 0) session.note(problemsOf(result).join("\n"));
    return unreachable.length + found.unclear.length > 0 ? exitCodes.blocked : exitCodes.fine;
  },
};

type Result = Omit<ReturnType<typeof merged>, "text"> & {
  unclear: Discovery["unclear"];
  unreachable: { host: string; why: string }[];
};

function showResult(file: string, result: Result): string {
  const { added, differs, missing } = result;
  return [
    added.length === 0
      ? `${file}: nothing to add`
      : `${file}: added ${added.length} VM${added.length === 1 ? "" : "s"}`,
    ...differs.map(({ vm, file: placed, host }) => `${vm}: the file has it on ${placed}, and it is on ${host}`),
    ...missing.map((vm) => `${vm}: in the file, and on no host`),
    ...problemsOf(result),
  ].join("\n");
}

function problemsOf({ unclear, unreachable }: Result): string[] {
  return [
    ...unclear.map(({ vm, hosts, why }) => `${vm} is left out, on ${listed(hosts, "and")}: ${why}`),
    ...unreachable.map(({ host, why }) => `${host} cannot be asked: ${why}; its VMs are not known`),
  ];
}
