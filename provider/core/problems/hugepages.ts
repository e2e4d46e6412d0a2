/** Huge pages are there, or QEMU does not start: it takes all of them before the first page of the guest arrives. */
import { showCpuSet } from "../cpuSet";
import { restarting } from "../daemons";
import type { HugeMemory } from "../hugeMemory";
import { listed } from "../near";
import type { Problem, Remedy } from "../problem";
import { commandLine } from "../shownCommand";
import { showBytes } from "../units";
import type { MoveAlongside } from "./alongside";
import type { DomainFacts, MoveFacts } from "./facts";
import type { SystemFacts } from "./hostFacts";

export function hugepagesAreFree(facts: MoveFacts, domain: DomainFacts, system: SystemFacts): Problem[] {
  const { host } = facts.destination;
  if (domain.hugeMemory.length === 0) return [];
  const sizes = [...new Set(domain.hugeMemory.map((part) => sizeOf(part, system)))];
  const short = sizes.flatMap((kib) => shortOf(kib, domain, system, facts) ?? []);
  if (short.length > 0) return short;
  if (system.hugetlbfs || domain.memfd) return [];
  const { then, commands } = restarting(host, facts.destination.daemons);
  return [
    problem(host, `${domain.name} has its memory in huge pages, but ${host} has no hugetlbfs mounted`, [
      {
        do: `mount it and ${then}`,
        commands: [{ host, command: "mount -t hugetlbfs hugetlbfs /dev/hugepages" }, ...commands],
      },
    ]),
  ];
}

function shortOf(kib: number, domain: DomainFacts, system: SystemFacts, facts: MoveFacts): Problem | undefined {
  const { host } = facts.destination;
  const parts = domain.hugeMemory.filter((part) => sizeOf(part, system) === kib);
  const name = showBytes(kib * 1024);
  const pages = system.hugepages[kib];
  const needed = pagesIn(parts, kib);
  if (pages === undefined) {
    const message = `${domain.name} needs ${needed} huge pages of ${name}, but the kernel of ${host} does not provide that size`;
    const reserve = `reserve them at boot on the kernel command line of ${host} (\`hugepagesz=${kib}K hugepages=${needed}\`)`;
    return problem(host, message, [{ do: reserve }]);
  }
  if (needed > pages.free) {
    const message = `${domain.name} needs ${needed} huge pages of ${name}, but ${host} has ${pages.free} free`;
    return problem(host, message, [reserveHugepages(host, `${kib}`)]);
  }
  return shortOnNodes(kib, parts, domain, system, host) ?? shortTogether(kib, needed, domain, system, facts);
}

/** Memory that is bound to some nodes takes no page of another. */
function shortOnNodes(
  kib: number,
  parts: readonly HugeMemory[],
  { name }: DomainFacts,
  system: SystemFacts,
  host: string,
): Problem | undefined {
  const freeOn = system.hugepages[kib]?.freeOn;
  if (freeOn === undefined) return undefined;
  for (const set of new Set(parts.map(({ hostNodes }) => showCpuSet(hostNodes ?? [])))) {
    const bound = parts.filter(({ hostNodes }) => showCpuSet(hostNodes ?? []) === set);
    const nodes = bound[0]?.hostNodes ?? [];
    // One that is not there at all is said elsewhere.
    if (nodes.length === 0 || nodes.some((node) => freeOn[node] === undefined)) continue;
    const free = nodes.reduce((sum, node) => sum + (freeOn[node] ?? 0), 0);
    const needed = pagesIn(bound, kib);
    if (needed <= free) continue;
    const message = `${name} needs ${needed} huge pages of ${showBytes(kib * 1024)} on NUMA node ${set}, to which its memory is bound, but ${host} has ${free} free on that node`;
    return problem(host, message, [reserveHugepages(host, `${kib}`, nodes[0])]);
  }
  return undefined;
}

/** What a move on its way takes may be in what the host says, or not: then only what can never be is sure. */
function shortTogether(
  kib: number,
  needed: number,
  domain: DomainFacts,
  system: SystemFacts,
  { destination: { host }, alongside = [] }: MoveFacts,
): Problem | undefined {
  const { free, total } = system.hugepages[kib]!;
  const partsOf = ({ hugeMemory }: MoveAlongside) => hugeMemory.filter((part) => sizeOf(part, system) === kib);
  const of = (moves: readonly MoveAlongside[]) => moves.reduce((sum, move) => sum + pagesIn(partsOf(move), kib), 0);
  const arriving = alongside.filter((each) => each.destination === host && of([each]) > 0);
  const freeThen = free + of(alongside.filter((each) => each.source === host));
  if (arriving.length === 0 || needed + of(arriving) <= freeThen) return undefined;
  const notBegun = of(arriving.filter(({ begun }) => !begun));
  const isSure = needed + of(arriving) > total || needed + notBegun > freeThen;
  const names = arriving.map((each) => each.domain);
  const message = `${host} has ${freeThen} huge pages of ${showBytes(kib * 1024)} free; ${domain.name} needs ${needed}, and ${listed(names, "and")}, which this run moves there too, ${of(arriving)}`;
  return { ...problem(host, message, [reserveHugepages(host, `${kib}`)]), severity: isSure ? "blocker" : "warning" };
}

function sizeOf({ pageKiB }: HugeMemory, system: SystemFacts): number {
  return pageKiB === 0 ? system.defaultHugepageKiB : pageKiB;
}

function pagesIn(parts: readonly HugeMemory[], kib: number): number {
  return parts.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 1024 / kib), 0);
}

function problem(host: string, message: string, remedies: Remedy[]): Problem {
  return { rule: "hugepages", severity: "blocker", code: "migrationRefused", host, message, remedies };
}

export function reserveHugepages(host: string, sizeKiB: string, node?: number): Remedy {
  const command = commandLine`virsh allocpages --pagesize ${sizeKiB}KiB --pagecount N`;
  return {
    do: "reserve more huge pages",
    commands: [{ host, command: node === undefined ? command : `${command} --cellno ${node}` }],
  };
}
