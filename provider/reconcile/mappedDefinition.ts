/** The XML that the destination gets where disks or networks are other ones there: made of what the source shows right before the move. */
import { PlacementError } from "../core/errors";
import { isMapped } from "../core/mapping";
import { cannotMove, type Migration } from "../core/migration";
import { listed } from "../core/near";
import { commandLine } from "../core/shownCommand";
import type { Hosts } from "../observe/hosts";
import type { Virsh } from "../virsh/client";
import { mapXml, type MappedXml, type Places, placesIn } from "../virsh/mappedXml";
import { command } from "../virsh/virshCommand";

export interface MappedDefinition {
  live: string;
  persistent: string;
  places: { live: Places; persistent: Places };
}

/**
 * Undefined where the command takes none.
 *
 * @throws PlacementError before anything has begun.
 */
export async function mappedDefinition(hosts: Hosts, migration: Migration): Promise<MappedDefinition | undefined> {
  const { domain, source, options, inPostCopy } = migration;
  if (migration.command === undefined || inPostCopy || !isMapped(options)) return undefined;
  const virsh = await hosts.on(source);
  // With its secrets: without them the VM would lose the passwords of its graphics.
  const [live, persistent] = await Promise.all([
    virsh.inquire(command`dumpxml --migratable --security-info ${domain.uuid}`),
    virsh.inquire(command`dumpxml --inactive --security-info ${domain.uuid}`),
  ]);
  const map = (xml: string | undefined, isLive: boolean) => {
    const made: MappedXml = xml === undefined ? { unable: "virsh does not show it" } : mapXml(xml, options, isLive);
    if ("unable" in made) throw unable(virsh, migration, isLive, made.unable);
    return made;
  };
  const mapped = { live: map(live, migration.how === "live"), persistent: map(persistent, false) };
  return {
    live: mapped.live.text,
    persistent: mapped.persistent.text,
    places: { live: mapped.live.places, persistent: mapped.persistent.places },
  };
}

function unable(virsh: Virsh, migration: Migration, isLive: boolean, why: string): PlacementError {
  const { name } = migration.domain;
  const shown = isLive ? commandLine`virsh dumpxml ${name}` : commandLine`virsh dumpxml --inactive ${name}`;
  return new PlacementError({
    code: "migrationRefused",
    phase: "migrate",
    action: cannotMove(migration),
    domain: name,
    host: virsh.host,
    message: `migration.disks and migration.networks do not fit its definition: ${why}; nothing was moved`,
    remedies: [{ do: "check its disks and interfaces", commands: [{ host: virsh.host, command: shown }] }],
  });
}

/**
 * Whether the destination has the disks and networks of the XML that it got: as the VM runs, and as it is defined.
 *
 * @throws PlacementError `verificationFailed`. What libvirt does not show fails nothing.
 */
export async function verifyMapping(
  virsh: Virsh,
  { domain, how, destination }: Migration,
  { places }: MappedDefinition,
): Promise<void> {
  const [persistent, live] = await Promise.all([
    virsh.inquire(command`dumpxml --inactive ${domain.uuid}`),
    how === "live" ? virsh.inquire(command`dumpxml ${domain.uuid}`) : undefined,
  ]);
  const others = [...differing(places.persistent, persistent), ...differing(places.live, live)];
  if (others.length === 0) return;
  throw new PlacementError({
    code: "verificationFailed",
    phase: "verify",
    action: `cannot verify the definition of ${domain.name} on ${destination}`,
    domain: domain.name,
    host: destination,
    message: `on ${destination} its definition differs from migration.disks and migration.networks: ${listed([...new Set(others)], "and")}`, // prettier-ignore
    remedies: [
      {
        do: "correct the definition",
        commands: [
          { host: destination, command: commandLine`virsh dumpxml --inactive ${domain.name}` },
          { host: destination, command: commandLine`virsh edit ${domain.name}` },
        ],
      },
    ],
  });
}

function differing(expected: Places, xml: string | undefined): string[] {
  const found = xml === undefined ? undefined : placesIn(xml);
  if (found === undefined) return [];
  return Object.entries(expected)
    .filter(([name, place]) => found[name] !== place)
    .map(([name, place]) => `${name} should be on ${place}, but is on ${found[name] ?? "nothing"}`);
}
