import { type DomainView, showState } from "./domain";
import { listed } from "./near";
import { isOneEnd, phaseOf } from "./situation";

/** What a migration has left undone, for a refresh that only looks: the next update sees to it. Undefined when nothing is. */
export function unfinished(views: readonly DomainView[]): string | undefined {
  const [first, ...more] = views;
  if (first === undefined) return undefined;
  const inFlight = views.some((view) => isOneEnd(view) && phaseOf(view) !== "handedOver");
  if (more.length > 0 || inFlight) {
    const hosts = [...views].sort((a, b) => (a.host < b.host ? -1 : 1));
    return `a migration of ${first.name} is not finished: ${listed(
      hosts.map((view) => `${view.host} says ${showState(view)}`),
      "and",
    )}`;
  }
  return first.persistent ? undefined : `${first.name} is not defined on ${first.host}`;
}
