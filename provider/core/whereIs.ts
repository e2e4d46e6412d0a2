import { type DomainView, showState } from "./domain";
import { listed } from "./near";
import { isActive, isCrashed, isPostCopyDestination, isRunning, phaseOf } from "./situation";

/** Where a VM is, for a refresh: the host that runs it, or the one that defines it. A text where that is not one host. */
export function whereIs(views: readonly DomainView[]): DomainView | { unclear: string } | undefined {
  const switched = views.find(isPostCopyDestination);
  if (switched) return switched;
  const runs = views.some(isRunning);
  const active = views.filter(
    (view) =>
      isActive(view) &&
      !isCrashed(view) &&
      !(phaseOf(view) === "receiving" && views.length > 1) &&
      // The VM is complete on the destination, but libvirt on this source has not noticed.
      !(phaseOf(view) === "interruptedSource" && runs),
  );
  const candidates = active.length > 0 ? active : views.filter((view) => phaseOf(view) !== "handedOver");
  if (candidates.length <= 1) return candidates[0];
  return {
    unclear: `the VM is on ${listed(
      candidates.map((view) => `${view.host}: ${showState(view)}`),
      "and",
    )}`,
  };
}
