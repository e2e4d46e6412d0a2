/**
 * Which domains a host has. libvirt takes nearly every name: line breaks, blanks at either end, text that looks like another domain's
 * line. So the UUIDs are asked for by themselves too, and names that the lines do not tell are asked for one by one.
 */
import { parseDomainList, parseUuids, unreadableDomains } from "./parse";
import { command, type VirshCommand } from "./virshCommand";

export interface ListedDomain {
  uuid: string;
  name: string;
}

/**
 * @param ask undefined = no answer
 * @param nameOf undefined = it is gone
 * @param onUnreadable a line of the UUIDs is none: a domain that is not seen is not one that is not there
 */
export async function listDomains(
  ask: (question: VirshCommand) => Promise<string | undefined>,
  nameOf: (uuid: string) => Promise<string | undefined>,
  onUnreadable: (question: VirshCommand, line: string) => void = () => {},
): Promise<ListedDomain[] | undefined> {
  const uuidsOnly = command`list --all --uuid`;
  const [list, uuidLines] = await Promise.all([ask(command`list --all --uuid --name`), ask(uuidsOnly)]);
  if (list === undefined || uuidLines === undefined) return undefined;
  const [unreadable] = unreadableDomains(uuidLines);
  if (unreadable !== undefined) {
    onUnreadable(uuidsOnly, unreadable);
    return undefined;
  }
  const uuids = parseUuids(uuidLines);
  const domains = parseDomainList(list);
  if (isOneLineEach(list, domains, uuids)) return domains;
  const named = await Promise.all([...uuids].map(async (uuid) => ({ uuid, name: await nameOf(uuid) })));
  return named.flatMap(({ uuid, name }) => (name === undefined ? [] : [{ uuid, name }]));
}

/** No name has a line break: each line begins with a UUID of the host, and none comes twice. */
function isOneLineEach(list: string, domains: readonly ListedDomain[], uuids: ReadonlySet<string>): boolean {
  const lines = list === "" ? 0 : list.split("\n").length;
  const listed = new Set(domains.map(({ uuid }) => uuid));
  return (
    lines === domains.length &&
    listed.size === lines &&
    uuids.size === lines &&
    [...listed].every((uuid) => uuids.has(uuid))
  );
}
