import type { Clock } from "../../provider/core/ports";

/** Time that passes only while all else waits for it: each sleep is over as soon as nothing else can happen, in the order of their ends. */
export class FakeClock implements Clock {
  private readonly startedAt = Date.UTC(2026, 0, 1);
  private time = this.startedAt;
  private sleepers: { until: number; wake: () => void }[] = [];
  private pumping = false;

  now(): number {
    return this.time;
  }

  get elapsedMs(): number {
    return this.time - this.startedAt;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((wake) => {
      this.sleepers.push({ until: this.time + milliseconds, wake });
      this.pump();
    });
  }

  private pump(): void {
    if (this.pumping) return;
    this.pumping = true;
    setImmediate(() => {
      this.pumping = false;
      const next = this.sleepers.reduce((a, b) => (b.until < a.until ? b : a), this.sleepers[0]!);
      this.sleepers = this.sleepers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.until);
      next.wake();
      if (this.sleepers.length > 0) this.pump();
    });
  }
}
