/** Names of the destination that lead the source to another host. */
import { commandLine } from "../shownCommand";
import type { MoveFacts } from "./facts";
import type { Problem, Remedy } from "../problem";

/**
 * The libvirt that answers by TLS or TCP is the destination's own: its host UUID says so, whatever is between the two hosts. By ssh its
 * host key does.
 */
export function peerIsTheDestination({ source, destination, peer }: MoveFacts): Problem[] {
  if (peer === undefined || peer.transport === "ssh") return [];
  const { uri, address, hostUuid, resolved = {} } = peer;
  const another = hostUuid !== undefined && destination.hostUuid !== undefined && hostUuid !== destination.hostUuid;
  const leads = leadsElsewhere({ source, destination, peer }, resolved.control);
  if (!another && (hostUuid !== undefined || leads === undefined)) return [];
  const resolves =
    leads ??
    (resolved.control?.[0] === undefined || resolved.control[0] === address
      ? undefined
      : { address: resolved.control[0] });
  const isItself = hostUuid !== undefined && hostUuid === source.hostUuid;
  const told = another
    ? `the libvirt that ${source.host} reaches at ${uri} is ${isItself ? `that of ${source.host} itself` : `not that of ${destination.host}: its host UUID is ${hostUuid}, that of ${destination.host} is ${destination.hostUuid}`}`
    : undefined;
  const where = resolves && `${source.host} resolves ${address} to ${describe(resolves)}`;
  return [
    {
      rule: "peer-identity",
      severity: "blocker",
      code: "wrongPeer",
      host: source.host,
      message: [told, where].filter((part) => part !== undefined).join("; "),
      remedies: fixTheName("peerAddress", address, source.host, destination.host),
    },
  ];
}

/** QEMU on the source takes the first address that accepts. An address that neither host knows may be one of a router in between. */
export function dataGoesToTheDestination({ source, destination, peer, how, options }: MoveFacts): Problem[] {
  if (peer?.dataAddress === undefined || how !== "live" || options.tunnelled) return [];
  const { dataAddress: address, resolved = {} } = peer;
  // It is refused as what it is.
  if (/^localhost(\.|$)/.test(address)) return [];
  const leads = leadsElsewhere({ source, destination, peer }, resolved.data);
  if (leads === undefined) return [];
  const others = resolved.data!.slice(1).filter((each) => destination.system?.addresses?.includes(each));
  return [
    {
      rule: "data-address",
      severity: others.length > 0 ? "warning" : "blocker",
      code: "wrongPeer",
      host: source.host,
      message: `${source.host} would send the data for ${destination.host} to ${leads.owner === source.host ? "itself" : "another host"}: it resolves ${address} to ${describe(leads)}${others.length > 0 ? `, and only then to ${others.join(", ")}` : ""}`,
      remedies: fixTheName("migrationAddress", address, source.host, destination.host),
    },
  ];
}

interface Elsewhere {
  address: string;
  /** Whose it is; absent: not known. */
  owner?: string;
}

/** The first of the addresses, where it is certainly not the destination's. */
function leadsElsewhere(
  { source, destination, peer }: Pick<MoveFacts, "source" | "destination" | "peer">,
  resolved: readonly string[] | undefined,
): Elsewhere | undefined {
  const [address] = resolved ?? [];
  if (address === undefined) return undefined;
  // A host connects to itself by an address of its own, also where another host has the same.
  if (isLoopback(address) || source.system?.addresses?.includes(address)) return { address, owner: source.host };
  if (destination.system?.addresses === undefined || destination.system.addresses.includes(address)) return undefined;
  const owner = Object.hasOwn(peer?.addressOwners ?? {}, address) ? peer!.addressOwners![address] : undefined;
  return owner === undefined ? undefined : { address, owner };
}

function isLoopback(address: string): boolean {
  return /^127\.|^::1$|^::ffff:127\./.test(address);
}

function describe({ address, owner }: Elsewhere): string {
  return owner === undefined ? address : `${address}, an address of ${owner}`;
}

function fixTheName(
  field: "peerAddress" | "migrationAddress",
  name: string,
  source: string,
  destination: string,
): Remedy[] {
  return [
    {
      do: `fix ${name} in DNS or in /etc/hosts on ${source}, and see what it resolves to`,
      commands: [{ host: source, command: commandLine`getent ahosts ${name}` }],
    },
    { do: `set ${field} of ${destination} in vm-placement:hosts to an address of ${destination}` },
  ];
}
