import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { orFailure } from "./answerOf";
import { type Hosts, whyUnreachable } from "./hosts";

/** All VMs of several hosts, in the order of the hosts. A host that cannot be asked is named with the reason. */
export async function viewsOf(
  hosts: Hosts,
  names: readonly string[],
): Promise<{ views: DomainView[]; unreachable: { host: string; why: string }[] }> {
  const answers = await Promise.all(
    names.map(async (host) => ({ host, answer: await orFailure(hosts.recentViews(host)) })),
  );
  return {
    views: answers.flatMap(({ answer }) => (answer instanceof PlacementError ? [] : answer)),
    unreachable: answers.flatMap(({ host, answer }) =>
      answer instanceof PlacementError ? [{ host, why: whyUnreachable(answer) }] : [],
    ),
  };
}
