import { restarting } from "../daemons";
import { commandLine } from "../shownCommand";
import { listed } from "../near";
import { showBytes } from "../units";
import { hugepagesAreFree, reserveHugepages } from "./hugepages";
import type { MoveAlongside } from "./alongside";
import type { DomainFacts, MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/**
 * Huge pages are there or QEMU does not start; ordinary memory is taken as the guest's pages arrive, and neither libvirt nor QEMU asks
 * beforehand whether there is enough. So only what can never be is a blocker.
 */
export function memoryIsFree(facts: MoveFacts): Problem[] {
  const { domain, destination, how } = facts;
  const { system } = destination;
  if (domain === undefined || system === undefined || how !== "live") return [];
  return [...hugepagesAreFree(facts, domain, system), ...ordinaryMemory(facts, domain, system)];
}

function ordinaryMemory(
  { destination: { host }, alongside = [] }: MoveFacts,
  domain: NonNullable<MoveFacts["domain"]>,
  { availableMemoryBytes: free, memoryCapacityBytes: capacity }: NonNullable<MoveFacts["destination"]["system"]>,
): Problem[] {
  const arriving = alongside.filter((each) => each.destination === host && each.memoryBytes > 0);
  const leaving = alongside.filter((each) => each.source === host && each.memoryBytes > 0);
  const others = sum(arriving);
  const [most, used] = [ordinaryBytes(domain), ordinaryBytesUsed(domain)];
  if (most === 0) return [];
  const shortage = (severity: Problem["severity"], message: string): Problem[] => [
    { rule: "free-memory", severity, code: "migrationRefused", host, message, remedies: [freeMemory(host)] },
  ];
  const together = (alone: string) =>
    arriving.length === 0
      ? alone
      : `${alone}, and ${listed(arriving.map((each) => each.domain), "and")}, which this run moves there too, ${showBytes(others)}`; // prettier-ignore
  if (capacity !== undefined && used + others > capacity) {
    const has = `${host} has ${showBytes(capacity)} of memory and swap besides huge pages and locked memory`;
    return shortage("blocker", `${has}; ${together(`${domain.name} needs ${showBytes(used)}`)}`);
  }
  if (free === undefined) return [];
  const freeThen = free + sum(leaving);
  const has = `${host} has ${showBytes(freeThen)} of memory free${leaving.length === 0 ? "" : ` once ${listed(leaving.map((each) => each.domain), "and")} ${leaving.length === 1 ? "has" : "have"} left`}`; // prettier-ignore
  if (used + others > freeThen)
    return shortage("warning", `${has}; ${together(`${domain.name} needs ${showBytes(used)}`)}`);
  if (most + others > freeThen)
    return shortage("warning", `${has}; ${together(`${domain.name} may grow to ${showBytes(most)}`)}`);
  return [];
}

/** What is not in huge pages. */
function ordinaryBytes({ memoryBytes, hugeMemory }: DomainFacts): number {
  return Math.max(0, memoryBytes - hugeMemory.reduce((sum, { bytes }) => sum + bytes, 0));
}

export function ordinaryBytesUsed(domain: DomainFacts): number {
  const most = ordinaryBytes(domain);
  return domain.memoryLocked ? most : Math.min(domain.memoryUsedBytes ?? most, most);
}

function sum(moves: readonly MoveAlongside[]): number {
  return moves.reduce((total, { memoryBytes }) => total + memoryBytes, 0);
}

function freeMemory(host: string): Remedy {
  return { do: `free memory on ${host}: move another VM away first` };
}

export const memoryShort: StderrCause = {
  stderr: /cannot set up guest memory|Cannot allocate memory|unable to map backing store for guest RAM/i,
  code: "migrationFailed",
  remedies: ({ destination: host }, stderr) => [
    freeMemory(host),
    {
      do: "check what is free",
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
  namesDaemons: true,
  remedies: ({ destination: host, daemons }, stderr) => {
    const { then, commands } = restarting(host, daemons?.[host]);
    const sizeKiB = /usable hugetlbfs mount for (\d{1,9}) KiB/.exec(stderr)?.[1] ?? "2048";
    return [
      reserveHugepages(host, sizeKiB),
      {
        do: `mount hugetlbfs on ${host}, and ${then}`,
        commands: [
          { host, command: commandLine`mount -t hugetlbfs -o ${`pagesize=${sizeKiB}K`} hugetlbfs /dev/hugepages` },
          ...commands,
        ],
      },
    ];
  },
};
