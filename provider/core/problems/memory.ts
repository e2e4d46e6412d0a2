import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

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
      remedies: [{ do: `free memory on ${host}: move another VM away first` }],
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
      {
        do: "reserve more",
        commands: [{ host, command: commandLine`virsh allocpages --pagesize ${size}KiB --pagecount N` }],
      },
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
