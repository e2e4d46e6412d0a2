import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/** Huge pages are there or QEMU does not start; ordinary memory is taken as the guest's pages arrive. */
export function memoryIsFree({ domain, destination, how }: MoveFacts): Problem[] {
  const { system, host } = destination;
  if (domain === undefined || system === undefined || how !== "live") return [];
  if (domain.hugepageKiB.length > 0) return hugepages(domain, system, host);
  const { availableMemoryBytes: free } = system;
  if (free === undefined || free >= domain.memoryBytes) return [];
  const used = domain.memoryUsedBytes ?? domain.memoryBytes;
  const severity = free < used || domain.memoryLocked ? "blocker" : "warning";
  return [
    {
      rule: "free-memory",
      severity,
      code: "migrationRefused",
      host,
      message: `${host} has ${showBytes(free)} of memory free; ${domain.name} ${severity === "blocker" ? `needs ${showBytes(used)}` : `may grow to ${showBytes(domain.memoryBytes)}`}`,
      remedies: [freeMemory(host)],
    },
  ];
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
