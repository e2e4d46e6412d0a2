/** Whose addresses the source would connect to. */
import { sshDestination, withoutBrackets } from "../../core/destination";
import { PlacementError } from "../../core/errors";
import type { Clock } from "../../core/ports";
import type { Hosts } from "../../observe/hosts";
import type { Virsh } from "../../virsh/client";
import { head, sections } from "../../virsh/sections";
import { sh, type ShellScript } from "../../virsh/shellScript";
import { systemOf } from "./system";

const validMs = 60_000;
/** Seconds for all names together. */
const silentS = 3;
/** Names of an inventory that are asked for; a larger one is not looked through. */
const mostNames = 256;

/** The addresses of a name, in the order in which a program on the host tries them. */
export function resolving(name: string): ShellScript {
  return sh`timeout ${silentS} getent ahosts ${name} 2>/dev/null | awk '!n[$1]++ { print $1 }'`;
}

/** "fe80::1%eth0" */
export function resolvedAddresses(text: string | undefined): string[] {
  return (text ?? "").split("\n").flatMap((line) => /^[0-9a-f.:]{2,64}/i.exec(line)?.[0] ?? []);
}

/**
 * Of addresses that are neither the source's nor the destination's: the other host of the inventory that has it on an interface. Only
 * hosts that the source would reach by that very address are asked, so that an address used twice behind routers is not taken for another.
 */
export async function ownersOf(
  hosts: Hosts,
  source: Virsh,
  destination: string,
  addresses: readonly string[],
  clock: Clock,
): Promise<Record<string, string>> {
  const others = hosts.names.filter((name) => name !== destination && name !== source.host);
  const called = others.flatMap((other) => namesOf(hosts, other).map((name) => ({ other, name })));
  if (addresses.length === 0 || called.length === 0 || called.length > mostNames) return {};
  const names = [...new Set(called.map(({ name }) => name))];
  const answer = await hosts.remember(`${source.host}: resolves ${names.join(" ")}`, validMs, () =>
    source.inquireShell(allOf(names)),
  );
  const found = sections(answer?.stdout ?? "");
  const suspects = called.flatMap(({ other, name }) =>
    resolvedAddresses(found.get(`name ${name}`))
      .filter((address) => addresses.includes(address))
      .map((address) => ({ other, address })),
  );
  const owners = await Promise.all(
    suspects.map(async ({ other, address }) =>
      (await hasAddress(hosts, other, address, clock)) ? [[address, other]] : [],
    ),
  );
  return Object.fromEntries(owners.flat()) as Record<string, string>;
}

function namesOf(hosts: Hosts, name: string): string[] {
  const { address, peerAddress, migrationAddress } = hosts.host(name);
  return [
    peerAddress ?? address ?? sshDestination(name).host,
    ...(migrationAddress === undefined ? [] : [migrationAddress]),
  ]
    .map(withoutBrackets)
    .filter((each) => /^[\w.:-]{1,253}$/.test(each));
}

function allOf(names: readonly string[]): ShellScript {
  const each = names.map((name) => sh`( r=$(${resolving(name)}); printf '\\n@@ name %s\\n%s\\n' ${name} "$r" ) &\n`);
  return sh`${head}
${each}
wait
s end`;
}

async function hasAddress(hosts: Hosts, host: string, address: string, clock: Clock): Promise<boolean> {
  try {
    const system = await systemOf(hosts, await hosts.on(host), false, clock);
    return system?.addresses?.includes(address) ?? false;
  } catch (error) {
    if (error instanceof PlacementError) return false;
    throw error;
  }
}
