import type { Observed } from "../core/decide/types";
import type { DomainView } from "../core/domain";
import { PlacementError } from "../core/errors";
import { isOneEnd } from "../core/situation";
import { orFailure } from "./answerOf";
import type { Hosts } from "./hosts";
import { whyUnreachable } from "./hosts";
import { viewsCalled } from "./viewsCalled";
import type { Virsh } from "../virsh/client";
import type { ListedDomain } from "../virsh/domainList";

export interface Query {
  /** Name or UUID, as the user wrote it. */
  domain: string;
  /** The UUID in state. */
  uuid: string | undefined;
  /** Where it should be or was last seen: asked first. */
  first: readonly string[];
  /** Ask every host of the inventory, also where the first ones know it. */
  everywhere: boolean;
  lastHost: string | undefined;
}

/** Failures that mean the host cannot be asked now. Any other (a wrong key, no permission) is for the user to fix first. */
const silentCodes = new Set(["hostUnreachable", "connectionLost", "commandTimeout"]);

/**
 * Asks the hosts where the VM is. With `recent`, a host's last answer of a few seconds ago will do.
 *
 * @throws PlacementError when a host answers but refuses: its key, its account or its libvirt needs fixing before anything can be known.
 */
export async function observe(hosts: Hosts, query: Query, recent = false): Promise<Observed> {
  const first = [...new Set(query.first)];
  const rest = hosts.names.filter((name) => !first.includes(name));
  const observed = await ask(hosts, query, query.everywhere ? [...first, ...rest] : first, recent);
  const mine = observed.views.filter((view) => isIt(view, query));
  // A migration that somebody else started may lead to any host.
  const found = mine.length > 0 && !mine.some(isOneEnd);
  if (query.everywhere || found || rest.length === 0) return observed;
  const more = await ask(hosts, query, rest, recent);
  return {
    views: [...observed.views, ...more.views],
    asked: [...observed.asked, ...more.asked],
    unreachable: [...observed.unreachable, ...more.unreachable],
    lastHost: query.lastHost,
  };
}

async function ask(hosts: Hosts, query: Query, names: readonly string[], recent: boolean): Promise<Observed> {
  // Used in the order of the names, not of the answers: what is said of the hosts is the same each time.
  const answers = await Promise.all(
    names.map((name) => orFailure(recent ? hosts.recentViews(name) : freshViews(hosts, query, name))),
  );
  const views: DomainView[] = [];
  const unreachable: { host: string; why: string }[] = [];
  const refusals: PlacementError[] = [];
  for (const [index, name] of names.entries()) {
    const answer = answers[index]!;
    if (!(answer instanceof PlacementError)) views.push(...viewsCalled(answer, [query.uuid, query.domain]));
    else if (silentCodes.has(answer.code)) unreachable.push({ host: name, why: whyUnreachable(answer) });
    else
      refusals.push(
        answer.with({ host: name, domain: query.domain, action: `cannot look for ${query.domain} on ${name}` }),
      );
  }
  // A host that refuses matters if the VM was not found without it, or if it is the last or the desired host.
  const concerned = refusals.filter(({ host }) => query.first.includes(host!));
  const found = views.some((view) => isIt(view, query));
  if (concerned.length > 0 || (refusals.length > 0 && !found)) throw oneOf(found ? concerned : refusals, concerned[0]);
  unreachable.push(...refusals.map((error) => ({ host: error.host ?? "?", why: error.problem.message })));
  return { views, asked: names, unreachable, lastHost: query.lastHost };
}

/** All refusals in one error: a user with three hosts to fix should not learn of them one by one. */
function oneOf(refusals: readonly PlacementError[], first: PlacementError = refusals[0]!): PlacementError {
  const others = refusals.filter((error) => error !== first);
  if (others.length === 0) return first;
  const also = others.map(({ problem: { host, message, code } }) => `${host}: ${message} [${code}]`).join("; ");
  return first.with({ message: `${first.problem.message}. Other hosts: ${also}` });
}

async function freshViews(hosts: Hosts, query: Query, name: string): Promise<DomainView[]> {
  const virsh = await hosts.on(name);
  const { uuid, domain, lastHost } = query;
  // Where it was last it most likely is: what is to be known of it there is asked for in the same round trip as which VMs there are.
  const likely = uuid !== undefined && name === lastHost ? viewsWithOwned(virsh, [{ uuid, name: "" }]) : undefined;
  likely?.catch(() => {});
  const all = await virsh.domains();
  const known = likely && all.find((each) => each.uuid === uuid);
  const others = all.filter((each) => [uuid, domain].includes(each.uuid) || each.name === domain);
  const [found, rest] = await Promise.all([
    known && likely,
    viewsWithOwned(
      virsh,
      others.filter((each) => each !== known),
    ),
  ]);
  return [...(found ?? []).map((view) => ({ ...view, name: known!.name })), ...rest];
}

async function viewsWithOwned(virsh: Virsh, domains: readonly ListedDomain[]): Promise<DomainView[]> {
  if (domains.length === 0) return [];
  const [views, owned] = await Promise.all([
    virsh.views(domains),
    Promise.all(domains.map(({ uuid }) => virsh.owns(uuid))),
  ]);
  return views.map((view) => ({ ...view, owns: owned[domains.findIndex(({ uuid }) => uuid === view.uuid)]! }));
}

function isIt(view: DomainView, { domain, uuid }: Query): boolean {
  return uuid === undefined ? view.name === domain || view.uuid === domain : view.uuid === uuid;
}
