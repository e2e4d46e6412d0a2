import { shownCommand } from "../shownCommand";
import { showBytes } from "../units";
import type { MoveFacts } from "./facts";
import type { Finding } from "./finding";

/** Huge pages are there or QEMU does not start; ordinary memory is taken as the guest's pages arrive. */
export function memoryIsFree({ domain, destination, how }: MoveFacts): Finding[] {
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
      where: host,
      message: `${host} has ${showBytes(free)} of memory free; ${domain.name} ${severity === "blocker" ? `needs ${showBytes(used)}` : `may grow to ${showBytes(domain.memoryBytes)}`}`,
      next: `free memory on ${host}: move another VM away first`,
    },
  ];
}

function hugepages(
  domain: NonNullable<MoveFacts["domain"]>,
  system: NonNullable<MoveFacts["destination"]["system"]>,
  host: string,
): Finding[] {
  const finding = (message: string, next: string): Finding[] => [
    { rule: "hugepages", severity: "blocker", code: "migrationRefused", where: host, message, next },
  ];
  const sizes = domain.hugepageKiB.map((size) => (size === 0 ? system.defaultHugepageKiB : size));
  // With several sizes the memory is shared out over NUMA nodes, which no sum over the host can judge.
  const [size] = sizes;
  if (size === undefined || sizes.length > 1) return [];
  const needed = Math.ceil(domain.memoryBytes / 1024 / size);
  const free = system.freeHugepages[size] ?? 0;
  const name = showBytes(size * 1024);
  if (free < needed) {
    return finding(
      `${domain.name} needs ${needed} huge pages of ${name}, and ${host} has ${free} free`,
      `on ${host}: ${shownCommand`virsh allocpages --pagesize ${size}KiB --pagecount N`}`,
    );
  }
  if (!system.hugetlbfs) {
    return finding(
      `${domain.name} has its memory in huge pages, and ${host} has no hugetlbfs mounted`,
      `on ${host}: \`mount -t hugetlbfs hugetlbfs /dev/hugepages\`, then restart libvirt there`,
    );
  }
  return [];
}
