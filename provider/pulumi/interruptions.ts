/** Pulumi's Cancel: at the first Ctrl-C it asks a provider to end what it does, and waits for the calls to return. */
import { showState } from "../core/domain";
import { PlacementError } from "../core/errors";
import { cannotMove, type Migration } from "../core/migration";
import type { InFlight } from "../core/ports";

export class Interruptions {
  private isCancelled = false;
  private readonly running = new Set<() => Promise<void>>();

  /**
   * Runs to its end, or until `cancelAll`.
   *
   * @param leave how it is left at a cancel: the failure of the call; undefined = it comes to its own end.
   */
  async cancellable<T>(work: Promise<T>, leave: () => Promise<Error | undefined>): Promise<T> {
    let leaveNow: (failure: Error) => void = () => {};
    const left = new Promise<never>((_, reject) => (leaveNow = reject));
    const cancel = async () => {
      const failure = await leave();
      if (failure) leaveNow(failure);
    };
    this.running.add(cancel);
    try {
      return await Promise.race([work, left]);
    } catch (error) {
      throw this.isCancelled ? cancelledHere(error) : error;
    } finally {
      this.running.delete(cancel);
    }
  }

  async cancelAll(): Promise<void> {
    this.isCancelled = true;
    await Promise.all([...this.running].map((cancel) => cancel()));
  }

  /** @throws PlacementError after a cancel: what waits for its turn does not begin. */
  refuseStart(migration: Migration): void {
    if (!this.isCancelled) return;
    throw new PlacementError({
      code: "migrationCancelled",
      phase: "cancel",
      action: cannotMove(migration),
      domain: migration.domain.name,
      host: migration.source,
      message: "pulumi was told to stop before the migration began; nothing was changed",
      remedies: [{ do: "run `pulumi up` again" }],
      seen: migration.domain,
    });
  }
}

/** libvirt does not say who cancelled a migration. */
function cancelledHere(error: unknown): unknown {
  if (!(error instanceof PlacementError) || error.code !== "migrationCancelled" || error.phase !== "migrate")
    return error;
  const { seen } = error.problem;
  const where = seen === undefined ? "" : `; ${seen.name} is ${showState(seen)} on ${seen.host} as before`;
  return error.with({
    phase: "cancel",
    message: `pulumi was told to stop, and cancelled the migration${where}`,
    remedies: [{ do: "run `pulumi up` again" }],
  });
}

/** Of a migration that goes on without pulumi: the call fails, and the state has where the VM runs now. */
export function leftRunning({ migration, inPostCopy }: InFlight, notice: string): PlacementError {
  const { domain, source, destination } = migration;
  return new PlacementError({
    code: "migrationRunning",
    phase: "cancel",
    action: `stopped watching ${domain.name}`,
    domain: domain.name,
    message: notice,
    remedies: [{ do: "run `pulumi up` again" }],
    seen: { ...domain, host: inPostCopy ? destination : source },
  });
}
