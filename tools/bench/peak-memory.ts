/** The most memory that the provider of a project's `pulumi` has had. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const everyMs = 100;

export class PeakMemory {
  private peakKiB = 0;
  private pid: string | undefined;
  private readonly timer: NodeJS.Timeout;

  /** @param main a part of the path of the script that the provider runs. */
  constructor(
    private readonly projectDir: string,
    private readonly main: string,
  ) {
    this.timer = setInterval(() => this.look(), everyMs);
  }

  /**
   * In MB. The kernel keeps the peak of a process, so what falls between two looks counts as well.
   *
   * @throws where no such process was seen: nothing would meet every goal.
   */
  stop(): number {
    clearInterval(this.timer);
    if (this.peakKiB === 0) throw new Error(`no process of ${this.main} was seen in ${this.projectDir}`);
    return Math.round((this.peakKiB * 1024) / 1e6);
  }

  private look(): void {
    this.pid ??= readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && this.isProvider(pid));
    if (this.pid === undefined) return;
    const peak = /^VmHWM:\s+(\d+)/m.exec(read(`/proc/${this.pid}/status`))?.[1];
    if (peak === undefined) this.pid = undefined;
    else this.peakKiB = Math.max(this.peakKiB, Number(peak));
  }

  private isProvider(pid: string): boolean {
    const [program, main = ""] = read(`/proc/${pid}/cmdline`).split("\0");
    if (!/node$/.test(program ?? "") || !main.includes(this.main)) return false;
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === this.projectDir;
    } catch {
      return false;
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
