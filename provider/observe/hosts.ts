/** Alone owns the connections: how long they live, what they were last seen to say, and how many migrations a host bears at once. */
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { destinationKey, serverKey } from "../core/destination";
import type { Host, Inventory } from "../core/model";
import type { Clock, Dial, Shell } from "../core/ports";
import { Virsh } from "../virsh/client";
import { LiveMoves } from "./liveMoves";
import { Slots } from "./slots";
import { renamed, spelledAs } from "./spelling";
import { validity } from "../core/times";

const defaultLimit = 2;
/** At a time: sshd on a jump host begins to refuse at ten that have not logged in (MaxStartups). */
const mostHandshakes = 8;

interface Observation {
  at: number;
  goodForMs: number;
  views: Promise<DomainView[]>;
}

export class Hosts {
  readonly liveMoves: LiveMoves;
  /** By `key`. */
  private readonly connections = new Map<string, Promise<Virsh>>();
  /** The same connections under other names of their hosts. */
  private readonly respelled = new WeakMap<Virsh, Map<string, Virsh>>();
  private readonly observations = new Map<string, Observation>();
  private readonly answers = new Map<string, { at: number; answer: Promise<unknown>; isRenewed?: boolean }>();
  private readonly slots: Slots;
  private readonly handshakes: Slots;
  private readonly changes: Map<string, number>;
  private readonly printed = new Set<string>();

  constructor(
    private readonly dial: Dial,
    private readonly inventory: Inventory,
    readonly uri: string,
    private readonly clock: Clock,
    /** For what a host prints beside its answers. */
    private readonly debug: (text: string) => void = () => {},
    /** Of the same run: what moves between its hosts counts here too. */
    others?: Hosts,
  ) {
    this.liveMoves = others?.liveMoves ?? new LiveMoves((name) => this.server(name));
    this.slots = others?.slots ?? new Slots();
    this.handshakes = others?.handshakes ?? new Slots();
    this.changes = others?.changes ?? new Map<string, number>();
  }

  /** These and others, by connections of their own. */
  withInventory(dial: Dial, inventory: Inventory): Hosts {
    return new Hosts(dial, inventory, this.uri, this.clock, this.debug, this);
  }

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

  /** A host of state or of another resource, as these write it. In an inventory each name is a host of its own. */
  spelledAs(name: string, names: readonly string[]): string {
    return this.inventory === undefined ? spelledAs(name, names) : name;
  }

  private key(name: string): string {
    return this.inventory === undefined ? destinationKey(name) : name;
  }

  private server(name: string): string {
    return this.inventory === undefined ? serverKey(name) : name;
  }

  /** virsh on a host, over the one connection to it; dialled again when that was lost. */
  async on(name: string): Promise<Virsh> {
    const virsh = await this.connected(name, this.key(name));
    if (virsh.host === name || this.inventory !== undefined) return virsh;
    const others = this.respelled.get(virsh) ?? new Map<string, Virsh>();
    this.respelled.set(virsh, others);
    const other = others.get(name) ?? this.virshOver(renamed(virsh.shell, name), name);
    others.set(name, other);
    return other;
  }

  private virshOver(shell: Shell, name: string): Virsh {
    return new Virsh(shell, this.uri, (stream, text) => this.noise(name, stream, text));
  }

  private async connected(name: string, key: string): Promise<Virsh> {
    const known = this.connections.get(key);
    // Callers during a dial share its result: a dead host is not waited for once for each VM.
    const connected = await known;
    if (connected?.shell.alive) return connected;
    const since = this.connections.get(key);
    if (since !== undefined && since !== known) return since;
    const dialled = this.handshakes
      .run(
        [{ is: "", key: "", limit: mostHandshakes }],
        () => {},
        () => this.dial(this.host(name)),
      )
      .then((shell) => this.virshOver(shell, name));
    // An unreachable host is asked again by the next caller, not remembered as dead.
    dialled.catch(() => this.connections.get(key) === dialled && this.connections.delete(key));
    this.connections.set(key, dialled);
    return dialled;
  }

  /**
   * What the host says of all its domains, at most a few seconds old. For reading only: before anything is changed, the host is observed again.
   * Of a host where a look takes longer it may be older: else a command for ever more VMs would do little but look, for ever longer.
   */
  async recentViews(name: string): Promise<DomainView[]> {
    const last = this.observations.get(name);
    if (last && this.clock.now() - last.at < last.goodForMs) return last.views;
    const observation: Observation = {
      at: this.clock.now(),
      goodForMs: validity.observation,
      views: this.on(name).then(async (virsh) => {
        const askedAt = this.clock.now();
        const views = await virsh.look();
        observation.goodForMs = validity.observationThatTook(this.clock.now() - askedAt);
        return views;
      }),
    };
    this.observations.set(name, observation);
    observation.views.catch(() => this.observations.get(name) === observation && this.observations.delete(name));
    return observation.views;
  }

  /**
   * An answer that stays good for a while, asked for once by all who want it at the same time. A failure is not kept, nor is an answer
   * that `keep` refuses. Moves that follow each other do not wait for what is good for seconds only: it is asked for again before its end.
   */
  remember<T>(key: string, goodForMs: number, ask: () => Promise<T>, keep = (_: T) => true): Promise<T> {
    const last = this.answers.get(key);
    const ageMs = last === undefined ? Infinity : this.clock.now() - last.at;
    if (last === undefined || ageMs >= goodForMs) return this.answer(key, ask, keep);
    if (goodForMs <= validity.observation && ageMs >= goodForMs / 2 && !last.isRenewed) {
      last.isRenewed = true;
      void this.renew(key, ask, keep);
    }
    return last.answer as Promise<T>;
  }

  private answer<T>(key: string, ask: () => Promise<T>, keep: (value: T) => boolean): Promise<T> {
    const answer = ask();
    this.answers.set(key, { at: this.clock.now(), answer });
    const drop = () => this.answers.get(key)?.answer === answer && this.answers.delete(key);
    answer.then((value) => keep(value) || drop(), drop);
    return answer;
  }

  /** The old answer serves until the new one is there. */
  private async renew<T>(key: string, ask: () => Promise<T>, keep: (value: T) => boolean): Promise<void> {
    const at = this.clock.now();
    try {
      const value = await ask();
      if (keep(value)) this.answers.set(key, { at, answer: Promise.resolve(value) });
    } catch {
      // It is asked for again once the old answer is out of date.
    }
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
    const keys = new Set(names.map((name) => this.key(name)));
    for (const key of keys) this.changes.set(key, (this.changes.get(key) ?? 0) + 1);
    for (const name of this.observations.keys()) {
      if (keys.has(this.key(name))) this.observations.delete(name);
    }
  }

  /** How often this run has changed something there: what was asked before the last time does not hold. */
  changesOn(name: string): number {
    return this.changes.get(this.key(name)) ?? 0;
  }

  /**
   * Runs `work` when both hosts have room for one more migration, until it ends or calls `leave`. `onWait` is called with why it has to
   * wait.
   */
  withRoom<T>(
    from: string,
    to: string,
    onWait: (reason: string) => void,
    work: (leave: () => void) => Promise<T>,
  ): Promise<T> {
    const slots = [
      { is: `out of ${from}`, key: `out of ${this.server(from)}`, limit: this.host(from).maxOutgoing ?? defaultLimit },
      { is: `into ${to}`, key: `into ${this.server(to)}`, limit: this.host(to).maxIncoming ?? defaultLimit },
    ];
    return this.slots.run(slots, onWait, work);
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
