/** What a simulated host says of its load: counters that grow with the time of the network. */
import { stateWords } from "../../provider/virsh/domainStates";
import { type Answer, noDomain } from "./answers";
import type { SimulatedDomain } from "./domain";
import type { SimulatedHost } from "./host";
import type { Network } from "./network";

const isActive = ({ state }: SimulatedDomain): boolean => state !== "shut off";

/** `domstats` of the named domains, or of all; of those that are active with --list-active. */
export function domstats(network: Network, host: SimulatedHost, words: readonly string[]): Answer {
  const names = words.filter((word) => !word.startsWith("-"));
  const missing = names.find((name) => host.find(name) === undefined);
  if (missing !== undefined) return noDomain(missing);
  const has = (word: string) => words.includes(word);
  const all = has("--list-active") ? host.domains.filter(isActive) : host.domains;
  const chosen = names.length > 0 ? names.map((name) => host.find(name)!) : all;
  const blocks = chosen.map((domain) =>
    [
      `Domain: '${domain.name}'`,
      ...(has("--state") ? stateOf(domain) : []),
      ...(has("--cpu-total") && isActive(domain) ? [`cpu.time=${cpuTimeOf(network, domain)}`] : []),
      ...(has("--balloon") ? memoryOf(domain) : []),
      ...(has("--vcpu")
        ? ["vcpu.current=1", "vcpu.maximum=1", "vcpu.0.time=0", `vcpu.0.exits.sum=${domain.hasRun === false ? 0 : 5}`]
        : []),
    ].join("\n  "),
  );
  return { out: `${blocks.join("\n\n")}\n` };
}

/** libvirt's numbers of what `domstate --reason` words. */
function stateOf({ state, reason }: SimulatedDomain): string[] {
  const at = stateWords.findIndex((words) => words.state === state);
  return [`state.state=${at}`, `state.reason=${stateWords[at]?.reasons.indexOf(reason)}`];
}

function cpuTimeOf({ now }: Network, { busyCpus = 0 }: SimulatedDomain): number {
  return Math.round(busyCpus * now() * 1000) * 1000;
}

function memoryOf({ memoryMiB, residentMiB }: SimulatedDomain): string[] {
  return [
    `balloon.current=${memoryMiB * 1024}`,
    `balloon.maximum=${memoryMiB * 1024}`,
    ...(residentMiB === undefined ? [] : [`balloon.rss=${residentMiB * 1024}`]),
  ];
}

/** What its shell says of the host as a whole. */
export function hostUse({ now }: Network, { domains, cpus, memoryMiB, pressure }: SimulatedHost): string {
  const seconds = now() / 1000;
  const busy = domains.filter(isActive).reduce((sum, { busyCpus = 0 }) => sum + busyCpus, 0);
  const used = domains.filter(isActive).reduce((sum, each) => sum + (each.residentMiB ?? each.memoryMiB), 0);
  const ticks = (part: number) => Math.round(part * seconds * 100);
  const waits = (fraction: number) =>
    `some avg10=${(fraction * 100).toFixed(2)} avg60=0.00 avg300=0.00 total=${Math.round(fraction * seconds * 1e6)}\n`;
  const files = Object.entries(pressure ?? {}).map(([what, value]) => `\n@@ pressure.${what}\n${waits(value)}`);
  return [
    `\n@@ uptime\n${seconds.toFixed(2)}\n`,
    `\n@@ stat\ncpu  ${ticks(busy)} 0 0 ${ticks(cpus - busy)} 0 0 0 0 0 0\n`,
    `\n@@ meminfo\nMemTotal: ${memoryMiB * 1024} kB\nMemAvailable: ${(memoryMiB - used) * 1024} kB\n`,
    ...files,
    "\n@@ end\n",
  ].join("");
}

/** Since when its QEMUs run, and what for. */
export function arrivals({ now }: Network, { domains }: SimulatedHost): string {
  const lines = domains.filter(isActive).map(({ uuid, arrivedAtMs }) => {
    return arrivedAtMs === undefined ? `${uuid} started 0` : `${uuid} received ${Math.round(arrivedAtMs / 10)}`;
  });
  return `\n@@ uptime\n${(now() / 1000).toFixed(2)}\n\n@@ ticks\n100\n\n@@ qemu\n${lines.join("\n")}\n\n@@ end\n`;
}
