import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { needsPast, type Past } from "../core/decide/past";
import { parsePast, pastScript } from "../virsh/past";
import { answerOf } from "./answerOf";
import type { Hosts } from "./hosts";

/**
 * The past of each of these hosts, where the views of a VM alone do not show what happened; undefined where they do. A host that does
 * not answer is left out.
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
  const answer = await answerOf(hosts, host, (virsh) => virsh.inquireShell(pastScript(name, uuid)));
  return answer === undefined || answer instanceof PlacementError ? undefined : parsePast(host, answer.stdout);
}
