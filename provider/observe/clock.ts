/** The time of this computer, and waits that end early. */
import type { Clock } from "../core/ports";

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, until) =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        until?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      until?.addEventListener("abort", wake);
      if (until?.aborted === true) wake();
    }),
};

/** Whether the work ends, well or not, within that time. No timer outlasts the work: it would keep the process alive. */
export async function endsWithin(clock: Clock, milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  const ended = new AbortController();
  const over = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([over, clock.sleep(milliseconds, ended.signal).then(() => false)]);
  } finally {
    ended.abort();
  }
}
