import { commandLine } from "../shownCommand";
import { listed } from "../near";
import { showBytes } from "../units";
import type { MoveAlongside, MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/**
 * Huge pages are there or QEMU does not start; ordinary memory is taken as the guest's pages arrive, and neither libvirt nor QEMU asks
 * beforehand whether there is enough. So only what can never be is a blocker.
 */
export function memoryIsFree(facts: MoveFacts): Problem[] {
  const { domain, destination, how } = facts;
  const { system, host } = destination;
  if (domain === undefined || system === undefined || how !== "live") return [];
  if (domain.hugepageKiB.length > 0) return hugepages(domain, system, host);
  return ordinaryMemory(facts, domain, system);
}

function ordinaryMemory(
  { destination: { host }, alongside = [] }: MoveFacts,
  domain: NonNullable<MoveFacts["domain"]>,
  { availableMemoryBytes: free, memoryCapacityBytes: capacity }: NonNullable<MoveFacts["destination"]["system"]>,
): Problem[] {
  const arriving = alongside.filter((each) => each.destination === host);
  const leaving = alongside.filter((each) => each.source === host);
  const others = sum(arriving);
  const used = domain.memoryLocked ? domain.memoryBytes : (domain.memoryUsedBytes ?? domain.memoryBytes);
  const shortage = (severity: Problem["severity"], message: string): Problem[] => [
    { rule: "free-memory", severity, code: "migrationRefused", host, message, remedies: [freeMemory(host)] },
  ];
  const together = (alone: string) =>
    arriving.length === 0
      ? alone
      : `${alone}, and ${listed(arriving.map((each) => each.domain), "and")}, which this run moves there too, ${showBytes(others)}`; // prettier-ignore
  if (capacity !== undefined && used + others > capacity) {
    const has = `${host} has ${showBytes(capacity)} of memory and swap beside huge pages and what is locked`;
    return shortage("blocker", `${has}; ${together(`${domain.name} needs ${showBytes(used)}`)}`);
  }
  if (free === undefined) return [];
  const freeThen = free + sum(leaving);
  const has = `${host} has ${showBytes(freeThen)} of memory free${leaving.length === 0 ? "" : ` once ${listed(leaving.map((each) => each.domain), "and")} ${leaving.length === 1 ? "has" : "have"} left`}`; // prettier-ignore
  if (used + others > freeThen)
    return shortage("warning", `${has}; ${together(`${domain.name} needs ${showBytes(used)}`)}`);
  if (domain.memoryBytes + others > freeThen)
    return shortage("warning", `${has}; ${together(`${domain.name} may grow to ${showBytes(domain.memoryBytes)}`)}`);
  return [];
}

function sum(moves: readonly MoveAlongside[]): number {
  return moves.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}

function hugepages(
  domain: NonNullable<MoveFacts["domain"]>,
  system: NonNullable<MoveFacts["destination"]["system"]>,
  host: string,
): Problem[] {
  const problem = (message: string, remedies: Remedy[]): Problem[] => [
    { rule: "hugepages", severity: "blocker", code: "migrationRefused", host, message, remedies },
  ];
  const sizes = domain.hugepageKiB.map((size) => (size === 0 ? system.defaultHugepageKiB : size));
  // With several sizes the memory is shared out over NUMA nodes, which no sum over the host can judge.
  const [size] = sizes;
  if (size === undefined || sizes.length > 1) return [];
  const needed = Math.ceil(domain.memoryBytes / 1024 / size);
  const free = system.freeHugepages[size] ?? 0;
  const name = showBytes(size * 1024);
  if (free < needed) {
    return problem(`${domain.name} needs ${needed} huge pages of ${name}, and ${host} has ${free} free`, [
      reserveHugepages(host, `${size}`),
    ]);
  }
  if (!system.hugetlbfs) {
    return problem(`${domain.name} has its memory in huge pages, and ${host} has no hugetlbfs mounted`, [
      {
        do: "mount it and restart libvirt there",
        commands: [{ host, command: "mount -t hugetlbfs hugetlbfs /dev/hugepages" }],
      },
    ]);
  }
  return [];
}

function freeMemory(host: string): Remedy {
  return { do: `free memory on ${host}: move another VM away first` };
}

function reserveHugepages(host: string, sizeKiB: string): Remedy {
  return {
    do: "reserve more huge pages",
    commands: [{ host, command: commandLine`virsh allocpages --pagesize ${sizeKiB}KiB --pagecount N` }],
  };
}

export const memoryShort: StderrCause = {
  stderr: /cannot set up guest memory|Cannot allocate memory|unable to map backing store for guest RAM/i,
  code: "migrationFailed",
  remedies: ({ destination: host }, stderr) => [
    freeMemory(host),
    {
      do: "see what is free",
      commands: ["virsh freecell --all", "virsh freepages --all"].map((command) => ({ host, command })),
    },
    ...(/backing store/i.test(stderr) ? [reserveHugepages(host, "2048")] : []),
  ],
};

export const lockedMemoryLimited: StderrCause = {
  stderr: /cannot limit locked memory/,
  code: "migrationRefused",
  remedies: ({ source }) => [
    { do: "leave out migration.zeroCopy" },
    { do: `let libvirt on ${source} lock memory (CAP_SYS_RESOURCE)` },
  ],
};

export const hugepagesMissing: StderrCause = {
  stderr:
    /Unable to find any usable hugetlbfs mount|unable to find any hugetlbfs mount|hugetlbfs filesystem is not mounted/i,
  code: "migrationRefused",
  remedies: ({ destination: host }, stderr) => {
    const sizeKiB = /usable hugetlbfs mount for (\d{1,9}) KiB/.exec(stderr)?.[1] ?? "2048";
    return [
      reserveHugepages(host, sizeKiB),
      {
        do: "mount hugetlbfs there, and restart libvirt",
        commands: [
          { host, command: commandLine`mount -t hugetlbfs -o ${`pagesize=${sizeKiB}K`} hugetlbfs /dev/hugepages` },
        ],
      },
    ];
  },
};
