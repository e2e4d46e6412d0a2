import { PlacementError } from "../../provider/core/errors";
import type { ExecOptions, ExecResult, ProcessListeners, RemoteProcess, Shell } from "../../provider/core/ports";
import { execBySpawn } from "../exec-by-spawn";
import type { SimulatedHost } from "./host";
import type { Network } from "./network";
import { startProcess } from "./process";

/** The Shell port to a simulated host, without ssh. */
export class SimulatedShell implements Shell {
  alive = true;
  private readonly losses = new Set<() => void>();

  constructor(
    private readonly network: Network,
    private readonly simulated: SimulatedHost,
  ) {
    simulated.connections.add(() => {
      this.alive = false;
      for (const loss of this.losses) loss();
    });
  }

  get host(): string {
    return this.simulated.name;
  }

  async exec(command: string, options: ExecOptions = {}): Promise<ExecResult> {
    const ended = await execBySpawn(this, command, options);
    if (ended.code === null) throw this.lost();
    return ended;
  }

  spawn(command: string, listeners: ProcessListeners): Promise<RemoteProcess> {
    if (!this.alive) return Promise.reject(this.lost());
    let input: (text: string | undefined) => void = () => {};
    const exit = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
      this.losses.add(() => resolve({ code: null, signal: null }));
      input = startProcess(this.network, this.simulated, command, {
        stdout: (text) => this.alive && listeners.stdout(text),
        stderr: (text) => this.alive && listeners.stderr(text),
        exit: (code) => resolve({ code, signal: null }),
      });
    });
    const write = (text: string | undefined) => this.alive && input(text);
    return Promise.resolve({ write, end: () => write(undefined), destroy: () => {}, exit });
  }

  private lost(): PlacementError {
    return new PlacementError({
      code: "connectionLost",
      phase: "observe",
      host: this.host,
      action: `lost the connection to ${this.host}`,
      message: "the connection was lost",
      remedies: [{ do: "run it again" }],
    });
  }

  close(): Promise<void> {
    this.alive = false;
    return Promise.resolve();
  }
}
