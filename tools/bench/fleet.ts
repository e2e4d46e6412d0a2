/** The simulated hosts of the section `scale`, in a process of their own. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(__dirname, "../..");

export class Fleet {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: AsyncIterator<string>,
    readonly inventory: unknown,
  ) {}

  static async start(hosts: number, vms: number): Promise<Fleet> {
    const args = [join(root, "tools/run.js"), join(root, "tools/bench/fleet-process.ts"), String(hosts), String(vms)];
    const child = spawn(process.execPath, args, { cwd: root });
    child.stderr.pipe(process.stderr);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { value } = (await Promise.race([lines.next(), once(child, "exit").then(() => ({}))])) as { value?: string };
    if (value === undefined) throw new Error("the simulated hosts did not start");
    return new Fleet(child, lines, JSON.parse(value));
  }

  /** Since the last call. */
  async handshakes(): Promise<number> {
    this.child.stdin.write("count\n");
    const { value } = (await this.lines.next()) as { value: string };
    return (JSON.parse(value) as { handshakes: number }).handshakes;
  }

  end(): void {
    this.child.stdin.end();
  }
}
