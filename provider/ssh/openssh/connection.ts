import type { PlacementError } from "../../core/errors";
import { connectionLost } from "../connection";
import type { Link, RemoteChannel } from "../link";
import type { Target } from "../target";
import { Channels } from "./channels";
import { lastWords } from "./failures";
import type { Master } from "./master";
import { MuxSocket } from "./mux-socket";

/** How long a master may take to end when it is asked to. */
const goodbyeMs = 500;

/** A master that was started here, and its end. */
export class OpenMaster {
  private closing: Promise<void> | undefined;

  private constructor(
    readonly target: Target,
    readonly socketPath: string,
    private readonly master: Master,
    private readonly control: MuxSocket,
    private readonly pid: number | undefined,
  ) {}

  static async take(target: Target, socketPath: string, master: Master): Promise<OpenMaster> {
    const control = await MuxSocket.open(socketPath);
    return new OpenMaster(target, socketPath, master, control, await control.pid());
  }

  /** All that it said. */
  get stderr(): string {
    return this.master.stderr;
  }

  /** What it said last. */
  get words(): string | undefined {
    return lastWords(this.master.stderr);
  }

  close(): Promise<void> {
    this.closing ??= (async () => {
      let timer: NodeJS.Timeout | undefined;
      const ended = new Promise<void>((resolve) => this.control.onClose(resolve));
      this.control.terminate();
      await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, goodbyeMs)))]);
      clearTimeout(timer);
      // Its socket is open, so the process is still the one that answered.
      if (!this.control.closed && this.pid !== undefined) kill(this.pid);
      this.control.close();
      this.master.release();
    })();
    return this.closing;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** Sessions over a master's connection. No process is started for a command: the master passes our packets on. */
export class MasterLink implements Link {
  lost: PlacementError | undefined;
  private readonly listeners = new Set<() => void>();

  private constructor(
    private readonly master: OpenMaster,
    private readonly socket: MuxSocket,
    private readonly channels: Channels,
  ) {
    socket.onClose(() => this.lose(master.words ?? "ssh ended"));
  }

  static async over(master: OpenMaster): Promise<MasterLink> {
    const socket = await MuxSocket.open(master.socketPath);
    let send = (_packet: Buffer) => {};
    const channels = new Channels((packet) => send(packet));
    send = await socket.proxy((packet) => channels.receive(packet));
    return new MasterLink(master, socket, channels);
  }

  get target(): Target {
    return this.master.target;
  }

  onLost(listener: () => void): () => void {
    if (this.lost) listener();
    else this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  exec(command: string): Promise<RemoteChannel> {
    return this.channels.exec(command);
  }

  async close(): Promise<void> {
    this.lose("it was closed from here");
    await this.master.close();
    this.socket.close();
  }

  private lose(why: string): void {
    if (this.lost) return;
    this.lost = connectionLost(this.target, why);
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}
