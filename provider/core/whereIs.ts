import { type DomainView, showState } from "./domain";
import { listed } from "./near";

/** Where a machine is, for a refresh: the host that runs it, or the one that defines it. A text where that is not one host. */
export function whereIs(views: readonly DomainView[]): DomainView | { unclear: string } | undefined {
  const postCopy = views.find((view) => view.state === "running" && view.reason.startsWith("post-copy"));
  if (postCopy) return postCopy;
  const active = views.filter(
    (view) =>
      view.state !== "shut off" &&
      view.state !== "crashed" &&
      !(view.state === "paused" && view.reason === "migrating" && views.length > 1),
  );
  const candidates = active.length > 0 ? active : views.filter(({ reason }) => reason !== "migrated");
  if (candidates.length <= 1) return candidates[0];
  return {
    unclear: `it is on ${listed(
      candidates.map((view) => `${view.host}: ${showState(view)}`),
      "and",
    )}`,
  };
}
