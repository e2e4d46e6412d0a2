/** A fleet as large as people have them, on simulated hosts that are nearly full, always the same one. */
import type { Host } from "../../provider/core/model";
import type { Rule } from "../../provider/fleet";
import { fakeDomain, type SimulatedDomain, type SimulatedHost, SimulatedLab } from "../../lab/simulated";

export interface LargeFleet {
  lab: SimulatedLab;
  inventory: Record<string, Host>;
  /** What a user adds to the placements file that `discover` wrote. */
  withRules: (text: string) => string;
  rules: Rule[];
  labels: ReadonlyMap<string, Record<string, string>>;
  /** Of each host, the memory that its VMs may take. */
  mostMiB: ReadonlyMap<string, number>;
}

const sizesMiB = [1024, 1024, 2048, 2048, 2048, 4096, 4096, 4096, 8192, 8192, 8192];
/** More than is free on any host. */
const largeMiB = 24_576;
const memoryLimit = 0.9;

export function largeFleet(hostCount: number, vmsPerHost: number): LargeFleet {
  const draw = numbers(1);
  const lab = new SimulatedLab();
  const inventory: Record<string, Host> = {};
  const mostMiB = new Map<string, number>();
  for (let h = 0; h < hostCount; h++) {
    const name = `kvm-${String(h).padStart(2, "0")}`;
    const vms = Array.from({ length: vmsPerHost }, (_, i) => aVm(h * vmsPerHost + i, draw));
    if (h % 10 === 0 || h % 10 === 7)
      Object.assign(vms[7]!, { memoryMiB: largeMiB, state: "running", reason: "booted" });
    const host = lab.add(name, vms);
    // The large VMs find no room without moves of others.
    host.memoryMiB = Math.ceil(takenMiB(host) / (0.76 + draw(9) / 100));
    host.onScript = (script) => (script.includes("MemAvailable") ? { out: systemOf(host) } : undefined);
    inventory[name] = { name, labels: { site: siteOf(h) }, maxIncoming: 1 + draw(3), maxOutgoing: 1 + draw(3) };
    mostMiB.set(name, host.memoryMiB * memoryLimit);
  }
  const { rules, labels } = rulesOf([...lab.hosts.values()]);
  const withRules = (text: string) =>
    [...labels]
      .reduce((all, [vm, own]) => all.replace(new RegExp(`^  ${vm}: (\\S+)$`, "m"), entry(vm, own)), text)
      .concat(`limits: { memory: ${memoryLimit * 100}% }\nrules:\n`)
      .concat(...rules.map((rule) => `  - ${JSON.stringify(rule)}\n`));
  return { lab, inventory, withRules, rules, labels, mostMiB };
}

function entry(vm: string, labels: Record<string, string>): string {
  return `  ${vm}: { host: $1, labels: ${JSON.stringify(labels)} }`;
}

function aVm(n: number, draw: (below: number) => number): SimulatedDomain {
  const isOff = draw(25) === 0;
  return fakeDomain({
    uuid: `5c1e2f0a-6d0b-4f8e-9a37-${String(n).padStart(12, "0")}`,
    name: `vm-${String(n).padStart(4, "0")}`,
    memoryMiB: sizesMiB[draw(sizesMiB.length)]!,
    ...(isOff && { state: "shut off", reason: "shutdown" }),
  });
}

const siteOf = (host: number) => (host % 2 === 0 ? "x" : "y");

/** All of them hold at the start, and each kind is about VMs of every host. */
function rulesOf(hosts: readonly SimulatedHost[]) {
  const labels = new Map<string, Record<string, string>>();
  const rules: Rule[] = [{ only: { tier: "db" }, on: { site: "x" } }];
  const vm = (host: number, n: number) => hosts[host % hosts.length]!.domains[n]!.name;
  hosts.forEach((_, h) => {
    rules.push({ apart: [vm(h, 0), vm(h + 1, 1)] }, { together: [vm(h, 2), vm(h, 3)] });
    // Three of an application, by their labels.
    if (h % 3 === 0 && h + 2 < hosts.length) {
      rules.push({ apart: { app: `app-${h}` } });
      for (const n of [0, 1, 2]) labels.set(vm(h + n, 4), { app: `app-${h}` });
    }
    if (siteOf(h) === "x") for (const n of [5, 6]) labels.set(vm(h, n), { tier: "db" });
  });
  return { rules, labels };
}

export function takenMiB({ domains }: SimulatedHost): number {
  return domains.filter(({ state }) => state !== "shut off").reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
}

/** What the shell of a host says of it at this moment. */
function systemOf(host: SimulatedHost): string {
  const kib = (mib: number) => `${mib * 1024} kB`;
  const memory = `MemTotal: ${kib(host.memoryMiB)}\nMemAvailable: ${kib(host.memoryMiB - takenMiB(host))}\n`;
  return `\n@@ clock\n\n@@ memory\n${memory}\n@@ cpus\n0-63\n\n@@ end\n`;
}

/** The same numbers in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
