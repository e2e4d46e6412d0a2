/** Identities that collide: hosts that libvirt takes for one host, and domains of the same name or UUID. */
import { type Daemons, hostUuidFiles, restarting } from "../daemons";
import { commandLine } from "../shownCommand";
import { anyOf, onOneLine } from "../textMatch";
import { undefineLine } from "../undefine";
import { versionBelow } from "../version";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";
import type { StderrCause } from "./stderr";

/** Cloned hosts share the UUID by which libvirt tells hosts apart; it then refuses with "Attempt to migrate guest to the same host". */
export function distinctHosts({ source, destination }: MoveFacts): Problem[] {
  if (source.hostUuid === undefined || source.hostUuid !== destination.hostUuid) return [];
  return [
    {
      rule: "distinct-hosts",
      severity: "blocker",
      code: "domainConflict",
      host: destination.host,
      message: `${source.host} and ${destination.host} are the same host, or have the same host UUID (${source.hostUuid})`,
      remedies: ownHostUuid(destination.host, destination.daemons),
    },
  ];
}

function ownHostUuid(host: string, daemons: Daemons | undefined): Remedy[] {
  const { then, commands } = restarting(host, daemons);
  return [
    {
      do: `if one is a clone, give it a host_uuid of its own in ${hostUuidFiles(daemons)} and ${then}`,
      ...(commands.length > 0 && { commands }),
    },
  ];
}

export const sameHost: StderrCause = {
  stderr: /Attempt to migrate guest to the same host/,
  code: "domainConflict",
  remedies: ({ destination, daemons }) => ownHostUuid(destination, daemons?.[destination]),
};

/** libvirt refuses a second domain of one name or one UUID on a host. */
export function nameAndUuidAreFree({ destination, domain }: MoveFacts): Problem[] {
  if (domain === undefined) return [];
  const conflicting = (destination.domains ?? []).filter(
    ({ name, uuid }) => (name === domain.name) !== (uuid === domain.uuid),
  );
  const keepsTpm = destination.libvirt !== undefined && !versionBelow(destination.libvirt, "8.9.0");
  return conflicting.map(({ name, uuid }) => ({
    rule: "name-and-uuid-free",
    severity: "blocker",
    code: "domainConflict",
    host: destination.host,
    message:
      name === domain.name
        ? `${destination.host} has another VM named ${name} (UUID ${uuid}; the VM to move has UUID ${domain.uuid})`
        : `${destination.host} has a VM ${name} with the UUID of ${domain.name} (${uuid})`,
    remedies: [
      // A new name does not help against a UUID.
      ...(name === domain.name
        ? [
            {
              do: "rename the other VM",
              commands: [{ host: destination.host, command: commandLine`virsh domrename ${{ name, uuid }} NEW-NAME` }],
            },
          ]
        : []),
      {
        do: "undefine the other VM, if it is not needed",
        commands: [
          {
            host: destination.host,
            command: undefineLine({ name, uuid }, { nvram: true, tpm: keepsTpm, keepTpm: keepsTpm }),
          },
        ],
        loses: "its definition",
      },
    ],
  }));
}

export const domainConflict: StderrCause = {
  stderr: anyOf(
    /\b(?:domain|VM) (?:'[^']{1,255}' )?is already (?:active|defined)/i,
    onOneLine(/domain '/, /' already exists with uuid/),
  ),
  code: "domainConflict",
  remedies: ({ destination, domain }) => [
    {
      do: "check the VM on the destination, and rename or undefine the one that is not needed",
      commands: [{ host: destination, command: commandLine`virsh dominfo ${domain}` }],
    },
  ],
};
