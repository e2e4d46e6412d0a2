/** One lab, one stack and one guest, for one case. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CommandResult, createLab, type GuestOptions, type Lab, type LabHost } from "../libvirt";
import { Stack, type Through } from "../pulumi/stack";
import { Running } from "./running";
import { Sampler } from "./sampler";

/** The guest's name and, so that the state of a stack can be copied, its UUID. */
export const guest = "db-01";
const uuid = "5eed1ab5-0000-4000-8000-000000000001";
const guestOptions = { name: guest, uuid, host: "kvm-a", dirtyMiB: 16, dirtyRate: 20 };

export class Fixture {
  readonly source: LabHost;
  readonly destination: LabHost;
  readonly sampler: Sampler;
  /** The `up` that meets the fault. */
  up: Running | undefined;
  /** A second stack that places the same VM. */
  private other: Stack | undefined;
  otherUp: Running | undefined;

  private constructor(
    readonly lab: Lab,
    readonly stack: Stack,
    private readonly template: Stack,
  ) {
    this.source = lab.host("kvm-a");
    this.destination = lab.host("kvm-b");
    this.sampler = new Sampler(lab.hosts, guest);
  }

  /** A stack that has adopted the guest where it is; each case begins with a copy of it. */
  static async template(through: Through = "dynamic resource"): Promise<Stack> {
    const lab = await createLab();
    try {
      await lab.startGuest(guestOptions);
      const stack = await Stack.create(lab, { through });
      stack.declare({ db: { args: { domain: guest, host: "kvm-a" } } });
      const { code, stdout, stderr } = await stack.up();
      if (code !== 0) throw new Error(`the guest could not be adopted:\n${stdout}${stderr}`);
      return stack;
    } finally {
      await lab.down();
    }
  }

  static async create(template: Stack, options: Partial<GuestOptions> = {}): Promise<Fixture> {
    const lab = await createLab({ cacheDir: join(template.dir, "libvirt-cache") });
    try {
      await lab.startGuest({ ...guestOptions, ...options });
      const stack = template.copy(lab);
      return new Fixture(lab, stack, template);
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  get uuid(): string {
    return uuid;
  }

  /** From now on the program declares it on the destination. */
  declareMove(migration: Record<string, unknown>): void {
    this.stack.declare(moveTo(migration));
    this.migration = migration;
  }
  private migration: Record<string, unknown> = {};

  pulumi(...args: string[]): Running {
    return Running.start(this.stack, args);
  }

  startUp(): Running {
    return this.pulumi("up", "--yes", "--skip-preview");
  }

  /** `up` of another stack that declares the same. */
  startOtherUp(): Running {
    this.other = this.template.copy(this.lab);
    this.other.declare(moveTo(this.migration));
    return (this.otherUp = Running.start(this.other, ["up", "--yes", "--skip-preview"]));
  }

  otherOutputs(): Record<string, unknown> | undefined {
    return this.other?.saved().resources?.find(({ urn }) => urn.endsWith("::db"))?.outputs;
  }

  /** Processes of this fixture's `pulumi` commands, by a part of their command line. */
  processes(part = ""): number[] {
    const homes = [this.stack, this.other].flatMap((stack) => (stack ? [`PULUMI_HOME=${stack.dir}/`] : []));
    return readdirSync("/proc")
      .filter((name) => /^[0-9]+$/.test(name))
      .filter((pid) => homes.some((home) => contentOf(`/proc/${pid}/environ`).includes(home)))
      .filter((pid) => contentOf(`/proc/${pid}/cmdline`).includes(part))
      .map(Number);
  }

  /** virsh on a host, as a person runs it there: without the gate. */
  async byHand(host: LabHost, args: string): Promise<CommandResult> {
    const result = await host.sh(`virsh=/run/lab/virsh; [ -x $virsh ] || virsh=virsh; $virsh -q ${args}`, {
      timeoutMs: 100_000,
    });
    this.typed.push(`${host.name}# virsh ${args} → ${result.code} ${result.stdout.trim()} ${result.stderr.trim()}`);
    return result;
  }
  readonly typed: string[] = [];

  /** `virsh migrate` of any kind on a host: its ids there. */
  async migrateCommands(host: LabHost): Promise<string[]> {
    const { stdout } = await host.sh("pgrep -f '[v]irsh.* migrate '");
    return stdout.split("\n").filter((line) => line !== "");
  }

  /** What libvirt on each host has, for the transcript of a case that failed. */
  async hostStates(): Promise<string> {
    const texts = await Promise.all(
      this.lab.hosts.map(async (host) => {
        if (!host.isOn) return `── ${host.name} is switched off`;
        const { stdout, stderr } = await host.sh(
          "virsh -q list --all; for d in $(virsh -q list --all --name); do virsh -q domstate --reason $d; timeout 3 virsh -q domjobinfo $d | grep 'Job type'; done; tail -n 5 /var/log/libvirt/libvirtd.log",
          { timeoutMs: 15_000 },
        );
        return `── ${host.name}\n${stdout}${stderr}`.trim();
      }),
    );
    return texts.join("\n");
  }

  async close(): Promise<void> {
    this.sampler.stop();
    for (const pid of this.processes()) kill(pid, "SIGKILL");
    await this.lab.down();
    this.stack.remove();
    this.other?.remove();
  }
}

const moveTo = (migration: Record<string, unknown>) => ({
  db: { args: { domain: guest, host: "kvm-b", migration } },
});

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has just ended by itself
  }
}

export function contentOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
