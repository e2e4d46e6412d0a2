/** How long the moves of a plan take together. */
import type { FleetHost } from "./model";
import type { Step } from "./plan";

/**
 * When the moves of a plan end, if each starts as soon as those that it waits for are over and both of its hosts have room for one more.
 *
 * @param steps The moves, in the order of the plan.
 * @param hosts `maxOutgoing` and `maxIncoming` of each host; without them any number at a time.
 * @param durationMs How long a move takes, in milliseconds.
 * @returns Milliseconds from the start of the first move to the end of the last; 0 without moves.
 */
export function makespan(
  steps: readonly Step[],
  hosts: readonly FleetHost[],
  durationMs: (step: Step) => number,
): number {
  const limits = new Map(hosts.map((host) => [host.name, host]));
  const ended = new Set<string>();
  let waiting = [...steps];
  let running: { step: Step; endsAt: number }[] = [];
  let now = 0;
  const known = new Set(steps.map(({ id }) => id));
  const mayStart = ({ source, destination, after }: Step) =>
    after.every((id) => ended.has(id) || !known.has(id)) &&
    running.filter(({ step }) => step.source === source).length < (limits.get(source)?.maxOutgoing ?? Infinity) &&
    running.filter(({ step }) => step.destination === destination).length <
      (limits.get(destination)?.maxIncoming ?? Infinity);
  for (;;) {
    waiting = waiting.filter((step) => {
      if (!mayStart(step)) return true;
      running.push({ step, endsAt: now + durationMs(step) });
      return false;
    });
    if (running.length === 0) return now;
    now = Math.min(...running.map(({ endsAt }) => endsAt));
    for (const { step, endsAt } of running) if (endsAt <= now) ended.add(step.id);
    running = running.filter(({ endsAt }) => endsAt > now);
  }
}
