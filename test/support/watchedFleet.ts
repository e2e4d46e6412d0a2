/** What simulated hosts show at each moment that a move begins or ends, held against what must never be. */
import type { Rule, Selector } from "../../provider/fleet";
import type { SimulatedHost } from "../../lab/simulated";
import { type LargeFleet, takenMiB } from "./largeFleet";

/** "source → destination", by VM. */
export type Moves = ReadonlyMap<string, string>;

export class Watch {
  /** Everything that was wrong, each once. */
  readonly wrong = new Set<string>();
  /** VMs in the order in which their moves began and ended well. */
  readonly begun: string[] = [];
  readonly arrived: string[] = [];
  /** Most moves at a time. */
  most = 0;
  samples = 0;
  private readonly vmCount: number;
  private readonly running = new Map<string, { source: string; destination: string }>();

  constructor(
    private readonly fleet: LargeFleet,
    private readonly allowed: { moves: Moves; maintenance: ReadonlySet<string> },
    /** How long a move takes. */
    private readonly during: (vm: string) => Promise<unknown>,
    /** What is said of moves that fail, by VM. */
    private readonly refused: ReadonlyMap<string, string> = new Map(),
  ) {
    this.vmCount = [...fleet.lab.hosts.values()].flatMap(({ domains }) => domains).length;
    fleet.lab.onMigrate = async ({ domain, source, destination }) => {
      this.begins(domain.name, source, destination);
      await this.during(domain.name);
      this.look();
      const error = this.refused.get(domain.name);
      if (error === undefined) this.arrived.push(domain.name);
      this.running.delete(domain.name);
      // When the hosts have seen the end of it.
      setImmediate(() => this.look());
      return error;
    };
    this.look();
  }

  private begins(vm: string, { name: source }: SimulatedHost, { name: destination }: SimulatedHost): void {
    const { moves, maintenance } = this.allowed;
    if (moves.get(vm) !== `${source} → ${destination}`) this.wrong.add(`${vm} moves ${source} → ${destination}`);
    if (maintenance.has(destination)) this.wrong.add(`${vm} moves to ${destination}, which is in maintenance`);
    this.running.set(vm, { source, destination });
    this.begun.push(vm);
    this.most = Math.max(this.most, this.running.size);
    this.look();
  }

  look(): void {
    this.samples++;
    for (const host of this.fleet.lab.hosts.values()) this.lookAt(host);
    const { places, held } = this.whereabouts();
    for (const [vm, hosts] of held)
      if (hosts.length !== 1) this.wrong.add(`${vm} is on ${hosts.join(" and ") || "no host"}`);
    if (held.size !== this.vmCount) this.wrong.add(`${held.size} VMs are left`);
    for (const rule of this.fleet.rules) if (!this.holds(rule, places)) this.wrong.add(JSON.stringify(rule));
  }

  private lookAt(host: SimulatedHost): void {
    const { name } = host;
    // Both ends of a move have the VM among their domains.
    if (takenMiB(host) > this.fleet.mostMiB.get(name)!) this.wrong.add(`${name} is above its memory`);
    const moves = [...this.running.values()];
    const { maxIncoming, maxOutgoing } = this.fleet.inventory[name]!;
    if (moves.filter(({ destination }) => destination === name).length > maxIncoming!)
      this.wrong.add(`${name} takes more than ${maxIncoming} moves`);
    if (moves.filter(({ source }) => source === name).length > maxOutgoing!)
      this.wrong.add(`${name} gives more than ${maxOutgoing} moves`);
  }

  /** Where VMs are, both ends of a move counted, and where they run or are kept. */
  private whereabouts() {
    const places = new Map<string, Set<string>>();
    const held = new Map<string, string[]>();
    for (const { name: host, domains } of this.fleet.lab.hosts.values())
      for (const { name: vm, job } of domains) {
        places.set(vm, (places.get(vm) ?? new Set()).add(host));
        held.set(vm, [...(held.get(vm) ?? []), ...(job === "incoming" ? [] : [host])]);
      }
    // One that is shut off is not seen on its destination before it is there.
    for (const [vm, { destination }] of this.running) places.get(vm)?.add(destination);
    return { places, held };
  }

  private holds(rule: Rule, places: ReadonlyMap<string, ReadonlySet<string>>): boolean {
    // VMs that belong together cannot move at one instant.
    if ("together" in rule)
      return this.running.size > 0 || this.isStarted() || new Set(this.at(rule.together, places)).size === 1;
    if ("apart" in rule) {
      const hosts = this.at(rule.apart, places);
      return hosts.length === new Set(hosts).size;
    }
    const open = Object.values(this.fleet.inventory)
      .filter(({ labels }) => fits(rule.on, labels!))
      .map(({ name }) => name);
    return this.at(rule.only, places).every((host) => open.includes(host));
  }

  private isStarted(): boolean {
    return this.arrived.length > 0 && this.arrived.length < this.allowed.moves.size;
  }

  private at(selector: Selector, places: ReadonlyMap<string, ReadonlySet<string>>): string[] {
    const { labels } = this.fleet;
    const chosen = isNames(selector) ? selector : [...labels.keys()].filter((vm) => fits(selector, labels.get(vm)!));
    return chosen.flatMap((vm) => [...places.get(vm)!]);
  }
}

const isNames = (selector: Selector): selector is readonly string[] => Array.isArray(selector);

function fits(selector: Selector, labels: Readonly<Record<string, string>>): boolean {
  return !isNames(selector) && Object.entries(selector).every(([key, value]) => labels[key] === value);
}
