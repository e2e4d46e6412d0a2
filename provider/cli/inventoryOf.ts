/** Entries of an inventory for hosts that ssh reaches. */
import { destinationOf, isHostName, isIpv6 } from "../core/destination";
import { PlacementError } from "../core/errors";
import type { Host } from "../core/model";
import { answerOf } from "../observe/answerOf";
import { whyUnreachable } from "../observe/hosts";
import { inventoryLines } from "../placements/discovered";
import { hostnameOf } from "../preflight/probes/hostname";
import { createMask, parseUri } from "../schema";
import { type CliSettings, UsageError } from "./inventory";
import { exitCodes, type Session } from "./verb";

/** An inventory of the destinations themselves, by their names or addresses. */
export function settingsOf(destinations: readonly string[]): CliSettings {
  if (destinations.length === 0) throw new UsageError("--print-inventory needs ssh destinations: root@10.0.0.11 kvm-b");
  const inventory: Record<string, Host> = {};
  for (const text of destinations) {
    const read = destinationOf(text);
    if ("wrong" in read) throw new UsageError(`${text} is no ssh destination; write for example root@10.0.0.11:22`);
    if (Object.hasOwn(inventory, read.host)) throw new UsageError(`${read.host} is given twice`);
    const { host: name, ...account } = read;
    inventory[name] = { name, ...account };
  }
  return { inventory, uri: parseUri(undefined).uri, ssh: "auto", mask: createMask([]) };
}

export async function showInventory(session: Session): Promise<number> {
  const { settings, hosts } = session;
  const asked = await Promise.all(
    hosts.names.map(async (destination) => ({
      destination,
      hostname: await answerOf(hosts, destination, (virsh) => hostnameOf(hosts, virsh)),
    })),
  );
  const silent = asked.flatMap(({ destination, hostname }) =>
    hostname instanceof PlacementError ? [`${destination} cannot be asked: ${whyUnreachable(hostname)}`] : [],
  );
  const entries: Record<string, Omit<Host, "name">> = {};
  for (const { destination, hostname: answer } of asked) {
    const hostname = answer instanceof PlacementError ? undefined : answer;
    const { name: _, ...account } = settings.inventory[destination]!;
    // A name is what ssh_config and the program call the host; an address is no name to write into a program.
    const isAddress = isIpv6(destination) || /^[\d.]+$/.test(destination);
    const names = isAddress ? [hostname?.split(".")[0], hostname, destination] : [destination];
    const name =
      names.find((each) => each !== undefined && isName(each) && !Object.hasOwn(entries, each)) ?? destination;
    entries[name] = name === destination ? account : { address: destination, ...account };
  }
  session.show(entries, inventoryLines);
  if (silent.length > 0) session.note(silent.join("\n"));
  return silent.length > 0 ? exitCodes.blocked : exitCodes.fine;
}

const isName = (text: string) => isHostName(text) || isIpv6(text);
