/** The moves that this run previews and starts, live ones and those that copy disks: what arrives on a host together is counted together. */
import type { MoveAlongside } from "../core/problems";

export type LiveMove = Omit<MoveAlongside, "begun"> & { uuid: string };

export class LiveMoves {
  /** By UUID. */
  private readonly previewed = new Map<string, LiveMove>();
  private readonly started = new Map<string, LiveMove>();

  /** @param key the same for all names of one host. */
  constructor(private readonly key: (host: string) => string = (host) => host) {}

  preview(move: LiveMove): void {
    if (!this.started.has(move.uuid)) this.previewed.set(move.uuid, move);
  }

  /** It is counted until the returned function is called: then it is in what the hosts say. */
  start(move: LiveMove): () => void {
    this.previewed.delete(move.uuid);
    this.started.set(move.uuid, move);
    return () => void this.started.delete(move.uuid);
  }

  /** It is not to be moved, or another way: what was previewed of it counts no more. */
  forget(uuid: string): void {
    this.previewed.delete(uuid);
  }

  /** Of the other VMs, those of a preview too where one asks. In `up` each waits for none that is not on its way. */
  besides(uuid: string, destination: string, inPreview: boolean): MoveAlongside[] {
    const previewed = inPreview ? [...this.previewed.values()] : [];
    const to = this.key(destination);
    // Under the name by which it is asked for.
    const named = (host: string) => (this.key(host) === to ? destination : host);
    return [...marked([...this.started.values()], true), ...marked(previewed, false)]
      .filter((move) => move.uuid !== uuid)
      .map((move) => ({ ...move, source: named(move.source), destination: named(move.destination) }))
      .filter((move) => move.destination === destination || (inPreview && move.source === destination))
      .map(({ uuid: _, ...move }) => move);
  }
}

function marked(moves: readonly LiveMove[], begun: boolean): (LiveMove & { begun: boolean })[] {
  return moves.map((move) => ({ ...move, begun }));
}
