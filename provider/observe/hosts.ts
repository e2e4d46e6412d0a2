/** Alone owns the connections: how long they live, what they were last seen to say, and how many migrations a host bears at once. */
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import type { Host, Inventory } from "../core/model";
import type { Clock, Dial } from "../core/ports";
import { Virsh } from "../virsh/client";
import { LiveMoves } from "./liveMoves";
import { validity } from "../core/times";

const defaultLimit = 2;

export class Hosts {
  readonly liveMoves = new LiveMoves();
  private readonly connections = new Map<string, Promise<Virsh>>();
  private readonly observations = new Map<string, { at: number; views: Promise<DomainView[]> }>();
  private readonly answers = new Map<string, { at: number; answer: Promise<unknown> }>();
  private readonly busy = new Map<string, number>();
  private readonly printed = new Set<string>();
  private waiting: (() => boolean)[] = [];

  constructor(
    private readonly dial: Dial,
    private readonly inventory: Inventory,
    readonly uri: string,
    private readonly clock: Clock,
    /** For what a host prints beside its answers. */
    private readonly debug: (text: string) => void = () => {},
  ) {}

  /** The inventory's names, in its order; empty without an inventory. */
  get names(): string[] {
    return Object.keys(this.inventory ?? {});
  }

  host(name: string): Host {
    return this.inventory?.[name] ?? { name };
  }

  get inMaintenance(): Set<string> {
    return new Set(
      Object.values(this.inventory ?? {})
        .filter((host) => host.maintenance)
        .map((host) => host.name),
    );
  }

  /** virsh on a host, over the one connection to it; dialled again when that was lost. */
  async on(name: string): Promise<Virsh> {
    const known = this.connections.get(name);
    // Callers during a dial share its result: a dead host is not waited for once for each VM.
    const connected = await known;
    if (connected?.shell.alive) return connected;
    const since = this.connections.get(name);
    if (since !== undefined && since !== known) return since;
    const dialled = this.dial(this.host(name)).then(
      (shell) => new Virsh(shell, this.uri, (stream, text) => this.noise(name, stream, text)),
    );
    // An unreachable host is asked again by the next caller, not remembered as dead.
    dialled.catch(() => this.connections.get(name) === dialled && this.connections.delete(name));
    this.connections.set(name, dialled);
    return dialled;
  }

  /** What the host says of all its domains, at most a few seconds old. For reading only: before anything is changed, the host is observed again. */
  async recentViews(name: string): Promise<DomainView[]> {
    const last = this.observations.get(name);
    if (last && this.clock.now() - last.at < validity.observation) return last.views;
    const views = this.on(name).then(async (virsh) => virsh.views(await virsh.domains(), false));
    this.observations.set(name, { at: this.clock.now(), views });
    views.catch(() => this.observations.delete(name));
    return views;
  }

  /**
   * An answer that stays good for a while, asked for once by all who want it at the same time. A failure is not kept, nor is an answer
   * that `keep` refuses.
   */
  remember<T>(key: string, goodForMs: number, ask: () => Promise<T>, keep = (_: T) => true): Promise<T> {
    const last = this.answers.get(key);
    if (last && this.clock.now() - last.at < goodForMs) return last.answer as Promise<T>;
    const answer = ask();
    this.answers.set(key, { at: this.clock.now(), answer });
    const drop = () => this.answers.get(key)?.answer === answer && this.answers.delete(key);
    answer.then((value) => keep(value) || drop(), drop);
    return answer;
  }

  /** Once for each text: a profile prints the same with every command. */
  private noise(name: string, stream: string, text: string): void {
    const line = `${name} prints on ${stream} before any answer (start-up files of the account, as a rule): ${text}`;
    if (this.printed.has(line)) return;
    this.printed.add(line);
    this.debug(line);
  }

  /** What was seen of a host is out of date. */
  forget(...names: string[]): void {
    for (const name of names) this.observations.delete(name);
  }

  /** Runs `work` when both hosts have room for one more migration. `onWait` is called with why it has to wait. */
  async withRoom<T>(from: string, to: string, onWait: (reason: string) => void, work: () => Promise<T>): Promise<T> {
    const slots = [
      { key: `out of ${from}`, limit: this.host(from).maxOutgoing ?? defaultLimit },
      { key: `into ${to}`, limit: this.host(to).maxIncoming ?? defaultLimit },
    ];
    const full = () => slots.filter(({ key, limit }) => (this.busy.get(key) ?? 0) >= limit);
    const take = () => {
      if (full().length > 0) return false;
      for (const { key } of slots) this.busy.set(key, (this.busy.get(key) ?? 0) + 1);
      return true;
    };
    if (!take()) {
      onWait(
        `waiting: ${full()
          .map(({ key, limit }) => `${limit} migrations ${key} are already running`)
          .join(", ")}`,
      );
      await new Promise<void>((resolve) =>
        this.waiting.push(() => {
          const taken = take();
          if (taken) resolve();
          return taken;
        }),
      );
    }
    try {
      return await work();
    } finally {
      for (const { key } of slots) this.busy.set(key, this.busy.get(key)! - 1);
      this.waiting = this.waiting.filter((start) => !start());
    }
  }

  async close(): Promise<void> {
    const open = [...this.connections.values()];
    this.connections.clear();
    await Promise.all(
      open.map(async (connection) => {
        const virsh = await connection.catch(() => undefined);
        virsh?.close();
        await virsh?.shell.close();
      }),
    );
  }
}

/** One line of why a host could not be asked. */
export function whyUnreachable(error: unknown): string {
  return error instanceof PlacementError ? error.problem.message : String(error);
}
