/** How many migrations run at the same time; the others wait their turn. */

interface Slot {
  /** For the one that waits: "out of kvm-a". */
  is: string;
  key: string;
  /** How many migrations have room in it. */
  limit: number;
}

export class Slots {
  private readonly busy = new Map<string, number>();
  private waiting: (() => boolean)[] = [];

  /** Runs `work` when each of the slots has room for it, until it ends or calls `leave`. `onWait` is called with why it has to wait. */
  async run<T>(
    slots: readonly Slot[],
    onWait: (reason: string) => void,
    work: (leave: () => void) => Promise<T>,
  ): Promise<T> {
    if (!this.take(slots)) {
      const full = slots.filter((slot) => this.isFull(slot));
      onWait(`waiting: ${full.map(({ is, limit }) => `${limit} migrations ${is} are already running`).join(", ")}`);
      await new Promise<void>((resolve) =>
        this.waiting.push(() => {
          const taken = this.take(slots);
          if (taken) resolve();
          return taken;
        }),
      );
    }
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      for (const { key } of slots) this.busy.set(key, this.busy.get(key)! - 1);
      this.waiting = this.waiting.filter((start) => !start());
    };
    try {
      return await work(leave);
    } finally {
      leave();
    }
  }

  private take(slots: readonly Slot[]): boolean {
    if (slots.some((slot) => this.isFull(slot))) return false;
    for (const { key } of slots) this.busy.set(key, (this.busy.get(key) ?? 0) + 1);
    return true;
  }

  private isFull({ key, limit }: Slot): boolean {
    return (this.busy.get(key) ?? 0) >= limit;
  }
}
