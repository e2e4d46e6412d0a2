/** The facts of moves that are likely, asked for before the hosts have shown that they are due. */
import type { Clock } from "../core/ports";
import type { MoveFacts } from "../core/problems";
import { validity } from "../core/times";
import type { Hosts } from "../observe/hosts";
import { moveFacts } from "./facts";
import type { IntendedMove } from "./intendedMove";

/** So many at once: the moves behind them wait for room on their hosts, longer than an answer is good for. */
const mostAtOnce = 4;

interface Asked {
  about: string;
  at: number;
  facts: Promise<MoveFacts>;
}

export class FactsAhead {
  /** By the VM's UUID. */
  private readonly asked = new Map<string, Asked>();

  /** @param withLogin as of {@link moveFacts}. */
  constructor(
    private readonly clock: Clock,
    private readonly withLogin: boolean,
  ) {}

  ask(hosts: Hosts, move: IntendedMove): void {
    for (const [uuid, { at }] of this.asked) if (!this.isFresh(at)) this.asked.delete(uuid);
    if (this.asked.size >= mostAtOnce) return;
    const facts = this.now(hosts, move);
    // They are asked for again where that failed.
    facts.catch(() => {});
    this.asked.set(move.domain.uuid, { about: about(hosts, move), at: this.clock.now(), facts });
  }

  /** Those that were asked for, of the very same move, a moment ago and with no other move on its hosts since: once. Else they are asked for now. */
  async of(hosts: Hosts, move: IntendedMove): Promise<MoveFacts> {
    const asked = this.asked.get(move.domain.uuid);
    this.asked.delete(move.domain.uuid);
    const serves = asked && this.isFresh(asked.at) && asked.about === about(hosts, move);
    const facts = serves ? await asked.facts.catch(() => undefined) : undefined;
    return facts ?? this.now(hosts, move);
  }

  private now(hosts: Hosts, move: IntendedMove): Promise<MoveFacts> {
    return moveFacts(hosts, move, this.clock, this.withLogin);
  }

  private isFresh(at: number): boolean {
    return this.clock.now() - at < validity.facts;
  }
}

/** Everything that the facts depend on. */
function about(hosts: Hosts, move: IntendedMove): string {
  const { source, destination, how, options, staleImages, limits, domain, command } = move;
  const changes = [source, destination].map((host) => hosts.changesOn(host));
  return JSON.stringify([
    source,
    destination,
    how,
    options,
    staleImages,
    limits,
    domain.uuid,
    domain.state,
    command,
    changes,
  ]);
}
