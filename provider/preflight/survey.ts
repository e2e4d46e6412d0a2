/** What a planner has to know of the hosts and of their VMs. Reads only, one look at each host. */
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { Pinning } from "../core/pinning";
import type { Clock } from "../core/ports";
import { isActive } from "../core/situation";
import { whereIs } from "../core/whereIs";
import { type Hosts, whyUnreachable } from "../observe/hosts";
import { viewsOf } from "../observe/viewsOf";
import { definitionOf } from "./probes/definition";
import { systemOf } from "./probes/system";
import { UnreadableAnswers } from "./probes/unreadable";

interface SurveyedHost {
  name: string;
  memoryBytes: number;
  /** Threads that are online. */
  cpus: number;
  /** Bytes set aside for huge pages, by the size of a page in KiB. */
  hugePages: Readonly<Record<number, number>>;
  /** Absent: it has one NUMA node, or does not tell. */
  nodes?: readonly { id: number; memoryBytes: number }[];
}

export interface SurveyedVm {
  name: string;
  uuid: string;
  host: string;
  active: boolean;
  memoryBytes: number;
  vcpus: number;
  /** The size in KiB of the huge pages that all of its memory consists of. */
  hugePages?: number;
  /** The NUMA nodes that all of its memory has to come from; absent: any. */
  nodes?: readonly number[];
}

export interface Survey {
  hosts: SurveyedHost[];
  vms: SurveyedVm[];
  /** VMs of which the hosts do not agree where they are, or whose definition cannot be read. */
  unclear: { vm: string; hosts: string[]; why: string }[];
  unreachable: { host: string; why: string }[];
}

export async function survey(hosts: Hosts, names: readonly string[], clock: Clock): Promise<Survey> {
  const { views, unreachable } = await viewsOf(hosts, names);
  const asked = names.filter((name) => !unreachable.some(({ host }) => host === name));
  const measured = await Promise.all(asked.map((name) => hostOf(hosts, name, clock)));
  const well = measured.filter((each) => "name" in each);
  unreachable.push(...measured.filter((each) => "why" in each));
  const found = await Promise.all([...byUuid(views).values()].map((each) => vmOf(hosts, each)));
  return {
    hosts: well.map(({ defaultPageKiB: _, ...host }) => host),
    vms: found.filter((each) => "uuid" in each).map((vm) => withPages(vm, well)),
    unclear: found.filter((each) => "why" in each),
    unreachable,
  };
}

type Measured = SurveyedHost & { defaultPageKiB: number };

async function hostOf(hosts: Hosts, name: string, clock: Clock): Promise<Measured | { host: string; why: string }> {
  try {
    const system = await systemOf(hosts, await hosts.on(name), false, clock);
    const { totalMemoryBytes: memoryBytes, topology, hugepages = {}, defaultHugepageKiB = 2048 } = system ?? {};
    const cpus = topology?.onlineCpus?.length;
    if (memoryBytes === undefined || cpus === undefined)
      return { host: name, why: "its memory and its CPUs cannot be read" };
    const pages = Object.entries(hugepages).filter(([, { total }]) => total > 0);
    const hugePages = Object.fromEntries(pages.map(([kib, { total }]) => [kib, Number(kib) * 1024 * total]));
    const nodes = Object.entries(topology?.nodeMemory ?? {}).map(([id, bytes]) => ({
      id: Number(id),
      memoryBytes: bytes,
    }));
    return {
      ...{ name, memoryBytes, cpus, hugePages, ...(nodes.length > 1 && { nodes }) },
      defaultPageKiB: defaultHugepageKiB,
    };
  } catch (error) {
    if (!(error instanceof PlacementError)) throw error;
    return { host: name, why: whyUnreachable(error) };
  }
}

type Found = SurveyedVm | Survey["unclear"][number];

async function vmOf(hosts: Hosts, views: readonly DomainView[]): Promise<Found> {
  const [{ name, uuid }] = views as [DomainView];
  const place = whereIs(views);
  if (place === undefined || !("host" in place)) {
    const why = place?.unclear ?? "it is in the middle of a move";
    return { vm: name, hosts: views.map(({ host }) => host), why };
  }
  const { host } = place;
  const definition = await definitionOf(hosts, await hosts.on(host), uuid, new UnreadableAnswers());
  if (definition === undefined) return { vm: name, hosts: [host], why: "its definition cannot be read" };
  const { memoryBytes, vcpus, hugeMemory, pinning } = definition;
  const [pages] = hugeMemory;
  const nodes = nodesOf(pinning);
  const isHuge = hugeMemory.length === 1 && pages!.bytes >= memoryBytes;
  return {
    name,
    uuid,
    host,
    active: isActive(place),
    memoryBytes,
    vcpus,
    ...(isHuge && { hugePages: pages!.pageKiB }),
    ...(nodes && { nodes }),
  };
}

/** Only these modes keep memory on its nodes. Guest nodes that are bound by themselves add theirs. */
function nodesOf({ nodes }: Pinning): readonly number[] | undefined {
  const isWhole = nodes.some(({ guestNode }) => guestNode === undefined);
  const isBound = isWhole && nodes.every(({ mode }) => mode === "strict" || mode === "restrictive");
  return isBound ? [...new Set(nodes.flatMap((binding) => binding.nodes))].sort((a, b) => a - b) : undefined;
}

/** 0 stands for the default size of the host. */
function withPages(vm: SurveyedVm, hosts: readonly Measured[]): SurveyedVm {
  if (vm.hugePages !== 0) return vm;
  const host = hosts.find(({ name }) => name === vm.host);
  return { ...vm, hugePages: host?.defaultPageKiB ?? 2048 };
}

function byUuid(views: readonly DomainView[]): Map<string, DomainView[]> {
  const groups = new Map<string, DomainView[]>();
  for (const view of views) groups.set(view.uuid, [...(groups.get(view.uuid) ?? []), view]);
  return groups;
}
