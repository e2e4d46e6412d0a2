/** Simulated hosts that reboot and run commands, a `pulumi up` that moves VMs, and a process that can be killed at each of its effects. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { SimulatedLab, type SimulatedDomain, type SimulatedHost } from "../../lab/simulated";
import { callCli } from "./cli";
import { FakeClock } from "./fake-clock";
import { smallHost } from "./smallHost";

interface OwnHost {
  bootId: string;
  boots: number;
  /** Of each directory: what the command says, and how it ends. */
  commands: Map<string, { output: string[]; state: string }>;
}

export class Maintained {
  readonly lab = new SimulatedLab();
  readonly directory = mkdtempSync(join(tmpdir(), "vm-placement-maintain-"));
  readonly file = join(this.directory, "placements.yaml");
  readonly journal = join(this.directory, ".placements-maintenance.json");
  /** Effects, in their order: "run kvm-a", "reboot kvm-a", "shutdown gpu-01", "start gpu-01", "up". */
  readonly effects: string[] = [];
  /** How the next commands end, and what they print. */
  command = { output: ["Upgraded: libvirt"], state: "ended 0" };
  /** What `pulumi up` knows: it moves a VM where the file differs from that, as the real one. */
  readonly state = new Map<string, string>();
  /** Exit code of `up`; it moves nothing where that is not 0. */
  upCode = 0;
  /** After a reboot the host answers to nothing. */
  staysDown = false;
  onEffect: (effect: string) => void = () => {};
  private readonly own = new Map<string, OwnHost>();
  private interrupt: () => void = () => {};
  /** Ends the process at its nth tick. */
  private killAt: number | undefined;
  private ticks = 0;
  private frozen: Map<string, string | undefined> | undefined;

  constructor(names: readonly string[], domains: Readonly<Record<string, SimulatedDomain[]>>, text: string) {
    for (const name of names) {
      const host = this.lab.add(name, domains[name] ?? []);
      host.answers.set("MemTotal", smallHost);
      this.own.set(name, { bootId: bootIdOf(name, 0), boots: 0, commands: new Map() });
      host.onScript = (script) => this.script(host, script);
      host.onCommand = (line) => this.virsh(host, line);
    }
    writeFileSync(this.file, text);
    const { vms } = this.placements;
    for (const [vm, entry] of Object.entries(vms)) this.state.set(vm, hostOf(entry));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  get placements(): { vms: Record<string, string | { host: string }>; hosts?: Record<string, { maintenance?: true }> } {
    return parse(readFileSync(this.file, "utf8")) as Maintained["placements"];
  }

  /** "db-01 running on kvm-a" */
  get places(): string[] {
    return [...this.lab.hosts.values()]
      .flatMap(({ name, domains }) => domains.map((domain) => `${domain.name} ${domain.state} on ${name}`))
      .sort();
  }

  boots(host: string): number {
    return this.own.get(host)!.boots;
  }

  pressCtrlC(): void {
    this.interrupt();
  }

  /** @param killAt the process ends at its nth tick, before or after an effect. */
  async call(words: readonly string[], killAt?: number) {
    Object.assign(this, { killAt, ticks: 0, frozen: undefined });
    const clock = new FakeClock();
    const called = await callCli(["maintain", ...words, "--file", this.file], this.lab, {
      clock: {
        now: () => clock.now(),
        sleep: (ms) => (this.frozen ? Promise.reject(new Error("killed")) : clock.sleep(ms)),
      },
      local: {
        pulumi: (args) => this.pulumi(args),
        onInterrupt: (listener) => (this.interrupt = listener),
      },
    });
    const wasKilled = this.frozen !== undefined;
    this.thaw();
    return { ...called, wasKilled, ticks: this.ticks };
  }

  /** What a killed process had written is all that is there. */
  private thaw(): void {
    for (const [path, text] of this.frozen ?? []) {
      if (text === undefined) rmSync(path, { force: true });
      else writeFileSync(path, text);
    }
    this.frozen = undefined;
  }

  /** @returns true from the moment of the kill on: then nothing has an effect any more. */
  private tick(): boolean {
    if (this.frozen !== undefined) return true;
    this.ticks++;
    if (this.ticks !== this.killAt) return false;
    const paths = [this.file, this.journal];
    this.frozen = new Map(paths.map((path) => [path, existsSync(path) ? readFileSync(path, "utf8") : undefined]));
    return true;
  }

  /** The effect happens, unless the process is killed before it; or it happens, and the process is killed. */
  private effect(name: string, happen: () => void): boolean {
    if (this.tick()) return false;
    this.effects.push(name);
    happen();
    this.onEffect(name);
    return !this.tick();
  }

  private virsh({ failing }: SimulatedHost, line: string): void {
    const [verb = "", uuid = ""] = line.split(" ");
    if (verb !== "shutdown" && verb !== "start") return;
    failing.delete(verb);
    if (this.tick()) failing.set(verb, "killed");
    else this.effects.push(`${verb} ${uuid}`);
  }

  private async pulumi(args: readonly string[]): Promise<number> {
    const isRefreshing = args.includes("--refresh");
    if (this.tick()) throw new Error("killed");
    this.effects.push(isRefreshing ? "up --refresh" : "up");
    this.onEffect("up");
    if (this.upCode !== 0) return this.upCode;
    for (const [vm, entry] of Object.entries(this.placements.vms)) {
      const desired = hostOf(entry);
      if (!isRefreshing && this.state.get(vm) === desired) continue;
      this.move(vm, desired);
      // The VM is there, and the state does not know it yet.
      if (this.tick()) throw new Error("killed");
      this.state.set(vm, desired);
    }
    if (this.tick()) throw new Error("killed");
    return Promise.resolve(0);
  }

  move(vm: string, host: string): void {
    const source = [...this.lab.hosts.values()].find((each) => each.find(vm) !== undefined);
    const domain = source?.find(vm);
    if (source === undefined || domain === undefined) return;
    source.remove(domain);
    this.lab.hosts.get(host)!.domains.push(domain);
  }

  private script(host: SimulatedHost, script: string) {
    const own = this.own.get(host.name)!;
    const [directory = ""] = /\/var\/tmp\/vm-placement-maintain-[0-9a-f]+/.exec(script) ?? [];
    if (script === "cat /proc/sys/kernel/random/boot_id") return { out: `${own.bootId}\n` };
    if (script.includes("umask 077")) {
      if (own.commands.has(directory)) return {};
      const done = this.effect(`run ${host.name}`, () => own.commands.set(directory, { ...this.command }));
      return done ? {} : { err: "killed" };
    }
    if (script.startsWith("state()")) {
      const { output, state } = own.commands.get(directory) ?? { output: [], state: "absent" };
      const from = Number(/sed -n "(\d+)/.exec(script)?.[1] ?? Infinity);
      return { out: [state, ...output.slice(from - 1)].join("\n") };
    }
    if (script.startsWith("rm -rf")) {
      own.commands.delete(directory);
      return {};
    }
    const [, bootId] = /= (\S+) \|\| exit 0\n\/bin\/sh -c/.exec(script) ?? [];
    if (bootId === undefined) return undefined;
    if (bootId === own.bootId) this.effect(`reboot ${host.name}`, () => this.reboot(host, own));
    return {};
  }

  private reboot(host: SimulatedHost, own: OwnHost): void {
    own.bootId = bootIdOf(host.name, ++own.boots);
    for (const domain of host.domains) Object.assign(domain, { state: "shut off", reason: "crashed" });
    host.drop();
    host.down = this.staysDown;
  }
}

const bootIdOf = (name: string, boots: number) =>
  `5c1e2f0a-6d0b-4f8e-9a37-${Buffer.from(name).toString("hex").slice(-8).padStart(8, "0")}${String(boots).padStart(4, "0")}`;

const hostOf = (entry: string | { host: string }) => (typeof entry === "string" ? entry : entry.host);
