/** What the policies read: placements as a pack receives them, and what it has to be told about hosts and VMs. */
import type { Duration, MigrationArgs, Size } from "../core/args";
import type { PeerTransport } from "../core/model";
import { parseDurationMs } from "../core/units";
import type { FleetHost, HostLimits, Labels, Limits, Rule, Selector, Violation } from "../fleet/model";
import { brokenRules, select } from "../fleet/rules";

/** A host, as far as policies ask about it. What `vm-placement:hosts` says needs no repetition: only `memory`, `cpus` and `limits` stand nowhere else. */
export interface PolicyHost {
  /** The pinned host key. Default: that of `vm-placement:hosts`. */
  hostKey?: string;
  /** How the other hosts reach it. Default: that of `vm-placement:hosts`, else "ssh". */
  peerTransport?: PeerTransport;
  /** Jump hosts. Default: those of `vm-placement:hosts`. */
  proxyJump?: string;
  /** Whether VMs are kept away. Default: what `vm-placement:hosts` says. */
  maintenance?: boolean;
  /** Labels. Default: those of `vm-placement:hosts`. */
  labels?: Labels;
  /** Memory for VMs: "256GiB". Default: not known, so memory on this host is not added up. */
  memory?: Size;
  /** Number of CPUs. Default: not known, so virtual CPUs on this host are not added up. */
  cpus?: number;
  /** How full this host may become. Default: the limits of all hosts. */
  limits?: HostLimits;
}

/** A VM, as far as policies ask about it: no program and no preview says so. */
export interface PolicyVm {
  /** `domain` of its placement. Default: the key under which it stands in `vms`. */
  domain?: string;
  /** Labels by which policies and rules select VMs. Default: none. */
  labels?: Labels;
  /** Its memory: "32GiB". Default: not known, which the policy `capacity` reports where the host's memory is known. */
  memory?: Size;
  /** The number of its virtual CPUs. Default: not known, which the policy `capacity` reports where it counts them. */
  vcpus?: number;
}

/** What is the same for all placements of a program. */
export interface Facts {
  hosts: Readonly<Record<string, PolicyHost>>;
  vms: Readonly<Record<string, PolicyVm>>;
  rules: readonly Rule[];
  limits: Limits;
  /** Where the VMs run before the update, as far as it is known. */
  current: Readonly<Record<string, string>>;
  now: () => Date;
}

/** One placement of the program. */
export interface Placement {
  urn: string;
  /** The key in `vms`, else `domain`: how rules and messages call the VM. */
  vm: string;
  labels: Labels;
  /** The hosts that `host` names: one, or any of a list. */
  hosts: readonly string[];
  migration: MigrationArgs;
  /** Where the VM was last observed. Undefined where this update creates or changes the placement. */
  observedOn: string | undefined;
}

/** Whether VMs of this name and these labels are meant; without a selector all are. */
export function isSelected(selector: Selector | undefined, { vm, labels }: Pick<Placement, "vm" | "labels">): boolean {
  return selector === undefined || select(selector, [{ name: vm, labels }]).length > 0;
}

/** The hosts that policies know of, and those that placements and rules name besides. */
export function hostsNamed(facts: Facts, placements: readonly Placement[], rules: readonly Rule[]): FleetHost[] {
  const inRules = rules.flatMap((rule) => ("only" in rule && Array.isArray(rule.on) ? (rule.on as string[]) : []));
  const all = new Set([...Object.keys(facts.hosts), ...placements.flatMap(({ hosts }) => hosts), ...inRules]);
  return [...all].map((name) => {
    const { labels = {}, maintenance = false } = facts.hosts[name] ?? {};
    return { name, labels, maintenance, memoryBytes: 0, cpus: 0 };
  });
}

/** The rules that are broken where each of these VMs is on these hosts. */
export function brokenWith(
  rules: readonly Rule[],
  placements: readonly Placement[],
  facts: Facts,
  hostsOf: (placement: Placement) => readonly string[],
): Violation[] {
  const vms = placements.map(({ vm, labels }) => ({
    ...{ name: vm, labels, host: "", active: true, memoryBytes: 0, vcpus: 0, priority: 0, pinned: false },
    onEvacuation: "block" as const,
  }));
  const whereabouts = new Map(placements.map((placement) => [placement.vm, hostsOf(placement)]));
  return brokenRules({ hosts: hostsNamed(facts, placements, rules), vms, rules }, whereabouts);
}

/** Reads the properties of a placement, which `check` has already accepted. */
export function placementOf(urn: string, props: Record<string, unknown>, facts: Facts): Placement {
  const domain = props["domain"] as string;
  const [vm, known] = Object.entries(facts.vms).find(([key, each]) => (each.domain ?? key) === domain) ?? [domain];
  return {
    urn,
    vm,
    labels: known?.labels ?? {},
    hosts: [props["host"] as string | string[]].flat(),
    migration: (props["migration"] as MigrationArgs | undefined) ?? {},
    observedOn: observedOn(props),
  };
}

/** A preview has no value of it where the update makes or changes the placement; some engines give an unknown, which throws. */
function observedOn(props: Record<string, unknown>): string | undefined {
  try {
    return props["currentHost"] as string | undefined;
  } catch {
    return undefined;
  }
}

/** How libvirt on the other hosts reaches it. */
export function transportTo(host: string, facts: Facts): PeerTransport {
  return facts.hosts[host]?.peerTransport ?? "ssh";
}

/** Where the VM will run as far as the program tells: it stays on a host of its list, else goes to the first that is not in maintenance. */
export function expectedHost(placement: Placement, facts: Facts): string {
  const current = placement.observedOn ?? facts.current[placement.vm];
  const { hosts } = placement;
  const open = hosts.filter((host) => !facts.hosts[host]?.maintenance);
  if (current !== undefined && (hosts.length === 1 ? hosts : open).includes(current)) return current;
  return open[0] ?? hosts[0]!;
}

/** Whether the update may move this VM. A preview does not tell a move from an adoption or from other options; where VMs run now does. */
export function mayMove(placement: Placement, facts: Facts): boolean {
  if (placement.observedOn !== undefined) return false;
  const current = facts.current[placement.vm];
  return current === undefined || current !== expectedHost(placement, facts);
}

/** Of settings: a wrong one has to end the pack, since it would let everything pass. */
export function durationMs(setting: string, text: Duration): number {
  const ms = parseDurationMs(text);
  if (ms === undefined)
    throw new Error(`${setting}: got ${JSON.stringify(text)}; expected a duration, for example "5m"`);
  return ms;
}
