import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { type DomainDefinition, parseDomainXml } from "../../virsh/domainXml";
import { command } from "../../virsh/virshCommand";
import type { UnreadableAnswers } from "./unreadable";
import { withVolumes } from "./volumes";

/** The VM's definition on the source. Asked each time. */
export async function definitionOf(
  hosts: Hosts,
  source: Virsh,
  uuid: string,
  unreadable: UnreadableAnswers,
): Promise<DomainDefinition | undefined> {
  const asked = { host: source.host, what: "definition", command: `virsh dumpxml ${uuid}` } as const;
  const xml = await source.inquire(command`dumpxml ${uuid}`);
  // A VM that has left meanwhile has no definition to read; the hosts are observed once more before anything runs.
  const isThere = xml !== undefined || (await source.state(uuid).catch(() => "unknown")) !== undefined;
  if (xml === undefined && isThere) unreadable.add({ ...asked, unanswered: true });
  const definition = unreadable.unless(asked, xml, parseDomainXml);
  return definition && withVolumes(source, atTheSystemsPlaces(definition, hosts.uri));
}

/** Daemons of single users keep things in their homes; where, is not known here. */
function atTheSystemsPlaces(domain: DomainDefinition, uri: string): DomainDefinition {
  if (!/\/session\b/.test(uri)) return domain;
  return { ...domain, owned: domain.owned.map((owned) => ({ ...owned, path: undefined })) };
}
