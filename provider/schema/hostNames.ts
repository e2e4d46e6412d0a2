import { destinationKey, destinationOf, sshDestination, withoutBrackets } from "../core/destination";
import type { Host, Inventory } from "../core/model";
import { listed, nearMatches } from "../core/near";
import type { Remedy } from "../core/problem";
import type { InputFailure } from "./refusal";
import { shownName } from "./shown";

/**
 * Hosts that nobody knows: neither the inventory nor, asked only then, `~/.ssh/config`. Without an inventory ssh decides.
 *
 * @param ofItsOwn whether a part of the inventory is the placement's `inventory`.
 */
export function unknownHosts(
  names: readonly string[],
  inventory: Inventory,
  sshHosts: () => string[],
  ofItsOwn = false,
): InputFailure[] {
  if (inventory === undefined) return [];
  const missing = names.filter((name) => !Object.hasOwn(inventory, name));
  if (missing.length === 0) return [];
  const bySsh = sshHosts();
  const places = ofItsOwn ? "vm-placement:hosts and the placement's `inventory`" : "vm-placement:hosts";
  return missing
    .filter((name) => !bySsh.includes(name))
    .map((name) => {
      const meant = knownDestination(name, inventory, bySsh);
      const near = meant === undefined ? nearMatches(name, [...Object.keys(inventory), ...bySsh]) : [];
      // A dot in a path goes one level down.
      const key = sshDestination(name).host;
      const path = /^[\w-]{1,64}$/.test(key)
        ? `'vm-placement:hosts.${key}.address'`
        : `'vm-placement:hosts["${shownName(key)}"].address'`;
      const isNear = near.length > 0 || meant !== undefined;
      return {
        property: "host",
        code: "unknownHost" as const,
        message:
          `"${shownName(name)}" is neither in the inventory (${places}) nor a Host of ~/.ssh/config` +
          (isNear ? "" : `; the hosts of the inventory are ${listed(Object.keys(inventory), "and")}`),
        remedies: [
          ...(near.length > 0 ? [{ do: `write ${listed(near)} if you meant that` }] : []),
          ...(meant === undefined ? [] : [meant]),
          {
            do: ofItsOwn ? "add it to `inventory`, or to the stack" : "add it",
            commands: [{ command: `pulumi config set --path ${path} ADDRESS` }],
          },
        ],
      };
    });
}

/** A known host that was written as ssh would take it: with an account or a port, by its address, or in other letters. */
function knownDestination(text: string, inventory: Record<string, Host>, bySsh: readonly string[]): Remedy | undefined {
  const read = destinationOf(text);
  if ("wrong" in read) return undefined;
  const asked = canonical(read.host);
  const name =
    [...Object.keys(inventory), ...bySsh].find((known) => canonical(known) === asked) ??
    Object.values(inventory).find(({ address }) => address !== undefined && canonical(address) === asked)?.name;
  if (name === undefined) return undefined;
  const fields = (["user", "port"] as const).filter((field) => read[field] !== undefined);
  const beside = fields.length === 0 ? "" : `; set its ${fields.join(" and ")} in vm-placement:hosts`;
  return { do: `write ${name}${beside}` };
}

/** One host of a list in two spellings. In an inventory each name is a host of its own. */
export function sameHostTwice(names: readonly string[], inventory: Inventory): InputFailure[] {
  if (inventory !== undefined) return [];
  const again = names.find((name, at) => names.findIndex((each) => destinationKey(each) === destinationKey(name)) < at);
  const first = again !== undefined && names.find((each) => destinationKey(each) === destinationKey(again));
  // Written in the same way twice: the list itself is refused.
  if (!first || first === again) return [];
  return [
    {
      property: "host",
      code: "invalidInput",
      message: `"${shownName(first)}" and "${shownName(again)}" are the same host: ssh connects to both in lower case`,
      remedies: [{ do: "write it once" }],
    },
  ];
}

const canonical = (host: string) => withoutBrackets(host).toLowerCase().replace(/\.$/, "");
