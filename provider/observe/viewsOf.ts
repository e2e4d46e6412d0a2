import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { type Hosts, whyUnreachable } from "./hosts";

/** All VMs of several hosts. A host that cannot be asked is named with the reason. */
export async function viewsOf(
  hosts: Hosts,
  names: readonly string[],
): Promise<{ views: DomainView[]; unreachable: { host: string; why: string }[] }> {
  const views: DomainView[] = [];
  const unreachable: { host: string; why: string }[] = [];
  await Promise.all(
    names.map(async (host) => {
      try {
        views.push(...(await hosts.recentViews(host)));
      } catch (error) {
        if (!(error instanceof PlacementError)) throw error;
        unreachable.push({ host, why: whyUnreachable(error) });
      }
    }),
  );
  return { views, unreachable };
}
