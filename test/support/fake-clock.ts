import type { Clock } from "../../provider/core/ports";

interface Sleeper {
  until: number;
  wake: () => void;
}

/** Time that passes only while all else waits for it: each sleep is over as soon as nothing else can happen, in the order of their ends. */
export class FakeClock implements Clock {
  private readonly startedAt = Date.UTC(2026, 0, 1);
  private time = this.startedAt;
  private sleepers: Sleeper[] = [];
  private pumping = false;

  now(): number {
    return this.time;
  }

  get elapsedMs(): number {
    return this.time - this.startedAt;
  }

  /** At once, whatever is on its way. */
  pass(milliseconds: number): void {
    this.time += milliseconds;
  }

  sleep(milliseconds: number, until?: AbortSignal): Promise<void> {
    return new Promise((wake) => {
      const sleeper = { until: this.time + milliseconds, wake };
      this.sleepers.push(sleeper);
      until?.addEventListener("abort", () => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper);
        wake();
      });
      this.pump();
    });
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      const next = this.sleepers.reduce<Sleeper | undefined>((a, b) => (a && a.until <= b.until ? a : b), undefined);
      if (next === undefined) return;
      this.sleepers = this.sleepers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.until);
      next.wake();
      if (this.sleepers.length > 0) this.pump();
    });
  }
}
