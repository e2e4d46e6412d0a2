/** Samples ten times a second where the guest's virtual CPUs run, and records each change. */
import type { LabHost } from "../libvirt";

const everyMs = 100;
/** In one sample. The lab's guest takes ten; QEMU that starts or fills a guest which stands still gives its CPUs one or a few. */
const turnsOfRunning = 4;
/** A switch-over from one host to the other may show both in the sample before it and in its own, never in a third. */
const samplesOfDoubled = 3;

export class Sampler {
  /** Changes only, oldest first: "kvm-a", "" (nowhere), "kvm-a kvm-b" (twice). */
  readonly changes: { atMs: number; where: string }[] = [];
  samples = 0;
  /** Longest run of samples in which both ran. */
  private doubledInARow = 0;
  private worst = 0;
  private last = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly start = Date.now();
  /** When a sample last showed it running on each host. */
  private readonly ranAt = new Map<string, number>();

  constructor(
    private readonly hosts: readonly LabHost[],
    private readonly guest: string,
  ) {
    this.timer = setInterval(() => this.sample(), everyMs);
  }

  /** It ran on two hosts at once. */
  get doubled(): boolean {
    return this.worst >= samplesOfDoubled;
  }

  /** Where it has run in the last second. */
  runsOn(): string[] {
    return this.hosts.map(({ name }) => name).filter((name) => Date.now() - (this.ranAt.get(name) ?? 0) < 1000);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private sample(): void {
    this.samples++;
    const running: string[] = [];
    for (const host of this.hosts) {
      const run = host.runTimes().get(this.guest);
      const key = `${host.name} ${run?.pid ?? ""}`;
      if (run === undefined) continue;
      const turns = run.turns - (this.last.get(key) ?? run.turns);
      this.last.set(key, run.turns);
      if (turns >= turnsOfRunning) running.push(host.name);
      if (turns >= turnsOfRunning / 2) this.ranAt.set(host.name, Date.now());
    }
    this.doubledInARow = running.length > 1 ? this.doubledInARow + 1 : 0;
    this.worst = Math.max(this.worst, this.doubledInARow);
    const where = running.join(" ");
    if (this.changes.at(-1)?.where !== where) this.changes.push({ atMs: Date.now() - this.start, where });
  }
}
