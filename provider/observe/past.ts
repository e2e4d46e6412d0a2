import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { needsPast, type Past } from "../core/decide/past";
import { parsePast, pastScript } from "../virsh/past";
import type { Hosts } from "./hosts";

/**
 * The past of each of these hosts, where the views of a VM alone do not tell what happened; undefined where they do. A host that does not
 * tell is left out.
 */
export async function pastWhereItMatters(
  hosts: Hosts,
  views: readonly DomainView[],
  names: readonly string[],
): Promise<Past[] | undefined> {
  const [first] = views;
  if (first === undefined || !needsPast(views)) return undefined;
  const pasts = await Promise.all(names.map((name) => pastOf(hosts, name, first)));
  return pasts.filter((past) => past !== undefined);
}

async function pastOf(hosts: Hosts, host: string, { name, uuid }: DomainView): Promise<Past | undefined> {
  try {
    const answer = await (await hosts.on(host)).inquireShell(pastScript(name, uuid));
    return answer && parsePast(host, answer.stdout);
  } catch (error) {
    if (error instanceof PlacementError) return undefined;
    throw error;
  }
}
