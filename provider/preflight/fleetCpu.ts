/** The CPU that all of a set of hosts can give, and the VMs that need more. Reads only. */
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { isActive } from "../core/situation";
import { whereIs } from "../core/whereIs";
import { type Hosts, whyUnreachable } from "../observe/hosts";
import { viewsOf } from "../observe/viewsOf";
import type { Virsh } from "../virsh/client";
import type { DomainDefinition } from "../virsh/domainXml";
import { cpuModel } from "../virsh/hostXml";
import { baselineOn, cpuOn, hostCpuOn, type KindOfVm } from "./probes/cpu";
import { definitionOf } from "./probes/definition";
import { fitOn } from "./probes/fit";
import { UnreadableAnswers } from "./probes/unreadable";
import { versionsOn } from "./probes/versions";

export interface Baseline {
  /** Of <domain type='…'>; empty: what the hosts take by themselves, as no VM says. */
  virtType: string;
  arch: string;
  machines: string[];
  hosts: string[];
  /** A <cpu> element, for VMs of this kind on any of the hosts. */
  cpu?: string;
  /** Why there is none. */
  why?: string;
  /** Hosts that were left out: they have no such VMs. */
  without: { host: string; why: string }[];
}

interface VmCpu {
  name: string;
  uuid: string;
  host: string;
  running: boolean;
  /** The model, or the mode where the VM takes what the host has. */
  cpu: string;
  /** Hosts whose CPU lacks what the VM needs: with one of them, the VM exceeds the baseline. */
  lacking: { host: string; missing: readonly string[]; message: string }[];
  /** Hosts that have no such VMs at all: no such machine type, emulator or KVM. */
  refusedBy: { host: string; why: string }[];
  /** Hosts whose libvirt did not compare. */
  unknownOn: string[];
}

export interface FleetCpu {
  baselines: Baseline[];
  vms: VmCpu[];
  unclear: { vm: string; hosts: string[]; why: string }[];
  unreachable: { host: string; why: string }[];
}

interface Vm {
  view: DomainView;
  domain: DomainDefinition;
}

/** @param names each of them in the inventory. */
export async function fleetCpu(hosts: Hosts, names: readonly string[]): Promise<FleetCpu> {
  const { views, unreachable } = await viewsOf(hosts, names);
  const asked: Virsh[] = [];
  for (const name of names.filter((each) => !unreachable.some(({ host }) => host === each))) {
    try {
      asked.push(await hosts.on(name));
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      unreachable.push({ host: name, why: whyUnreachable(error) });
    }
  }
  const byUuid = groupedBy(views, ({ uuid }) => uuid);
  const found = await Promise.all([...byUuid.values()].map((each) => vmOf(hosts, each)));
  const vms = found.filter((each) => "domain" in each);
  return {
    baselines: await baselines(hosts, asked, vms),
    vms: await Promise.all(vms.map((vm) => cpuOfVm(hosts, asked, vm))),
    unclear: found.filter((each) => "why" in each),
    unreachable,
  };
}

async function vmOf(hosts: Hosts, views: readonly DomainView[]): Promise<Vm | FleetCpu["unclear"][number]> {
  const [{ name, uuid }] = views as [DomainView];
  const unclear = (why: string) => ({ vm: name, hosts: views.map(({ host }) => host), why });
  const view = whereIs(views);
  if (view === undefined || !("host" in view)) return unclear(view?.unclear ?? "it is in the middle of a move");
  const domain = await definitionOf(hosts, await hosts.on(view.host), uuid, new UnreadableAnswers());
  return domain === undefined ? unclear("its definition cannot be read") : { view, domain };
}

/** One for each kind of VM; machine types with the same answer share it. */
async function baselines(hosts: Hosts, asked: readonly Virsh[], vms: readonly Vm[]): Promise<Baseline[]> {
  const kinds = new Map(
    vms.map(({ domain: { virtType, arch, machine } }) => [
      [virtType, arch, machine].join(" "),
      { virtType, arch, machine },
    ]),
  );
  const all = kinds.size > 0 ? [...kinds.values()] : [{ virtType: "", arch: "", machine: "" }];
  const found = await Promise.all(all.map((kind) => baselineOf(hosts, asked, kind)));
  const shared = groupedBy(found, ({ machines: _, ...rest }) => JSON.stringify(rest));
  return [...shared.values()].map((same) => ({
    ...same[0]!,
    machines: same.flatMap(({ machines }) => machines).sort(),
  }));
}

async function baselineOf(hosts: Hosts, asked: readonly Virsh[], kind: KindOfVm): Promise<Baseline> {
  const answers = await Promise.all(
    asked.map(async (virsh) => ({
      virsh,
      versions: await versionsOn(hosts, virsh),
      answer: (await hostCpuOn(hosts, virsh, kind)) ?? { why: "libvirt did not answer" },
    })),
  );
  const have = answers.flatMap(({ virsh, versions, answer }) =>
    "cpu" in answer ? [{ virsh, versions, cpu: answer.cpu }] : [],
  );
  const without = answers.flatMap(({ virsh, answer }) =>
    "why" in answer ? [{ host: virsh.host, why: answer.why }] : [],
  );
  const { machine, ...rest } = kind;
  const base = { ...rest, machines: machine === "" ? [] : [machine], hosts: have.map(({ virsh }) => virsh.host) };
  if (have.length === 0) return { ...base, why: "no host has such VMs", without };
  return { ...base, ...(await commonCpu(kind, have)), without };
}

type HostWithCpu = { virsh: Virsh; versions: Awaited<ReturnType<typeof versionsOn>>; cpu: string };

/**
 * A newer libvirt knows features and models that an older one does not, and an older one cannot read them: the first answer that every
 * host accepts is taken.
 */
async function commonCpu(kind: KindOfVm, have: readonly HostWithCpu[]): Promise<{ cpu: string } | { why: string }> {
  const cpus = [...new Set(have.map(({ cpu }) => cpu))];
  const order = [...have].sort((a, b) => byVersion(a.versions?.libvirt, b.versions?.libvirt));
  const failures: string[] = [];
  for (const { virsh } of order) {
    const answer = (await baselineOn(virsh, kind, cpus)) ?? { why: "libvirt did not answer" };
    if ("why" in answer) {
      failures.push(`${virsh.host} works out none: ${answer.why}`);
      continue;
    }
    const judged = await Promise.all(
      have.map(async ({ virsh: other }) => ({ host: other.host, fit: await cpuOn(other, kind, answer.cpu) })),
    );
    const refusing = judged.filter(({ fit }) => fit?.compatible !== true);
    if (refusing.length === 0) return answer;
    failures.push(...refusing.map(({ host, fit }) => `${host} refuses that of ${virsh.host}: ${fit?.message ?? "?"}`));
  }
  return { why: failures.join("; ") };
}

function byVersion(a = "", b = ""): number {
  return a.localeCompare(b, "en", { numeric: true });
}

/** What takes its host's CPU at each start runs anywhere until it is started. */
const ofItsHost: readonly (string | undefined)[] = ["host-model", "host-passthrough", "maximum"];

async function cpuOfVm(hosts: Hosts, asked: readonly Virsh[], { view, domain }: Vm): Promise<VmCpu> {
  const { name, uuid, host } = view;
  const { cpuMode, cpuXml } = domain;
  const running = isActive(view);
  const cpu = ofItsHost.includes(cpuMode) ? cpuMode! : cpuModel(cpuXml ?? "") || "QEMU's default";
  const vm: VmCpu = { name, uuid, host, running, cpu, lacking: [], refusedBy: [], unknownOn: [] };
  // QEMU's own is the same on every host.
  const isQemus = cpuXml === undefined || (cpuMode === "maximum" && domain.virtType !== "kvm");
  if (isQemus || (!running && ofItsHost.includes(cpuMode))) return vm;
  const source = await hosts.on(host);
  const others = asked.filter((virsh) => virsh.host !== host || !running);
  const fits = await Promise.all(
    others.map(async (virsh) => ({ host: virsh.host, fit: await fitOn(hosts, source, virsh, domain) })),
  );
  for (const { host: other, fit } of fits) {
    const { cpu: compared, capabilities } = fit;
    if (compared?.compatible === false) {
      vm.lacking.push({ host: other, missing: compared.missing, message: compared.message });
    } else if (capabilities !== undefined && "refusal" in capabilities) {
      vm.refusedBy.push({ host: other, why: capabilities.refusal });
    } else if (compared === undefined) vm.unknownOn.push(other);
  }
  return vm;
}

function groupedBy<T>(all: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}
