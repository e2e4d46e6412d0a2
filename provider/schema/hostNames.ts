import type { Inventory } from "../core/model";
import { listed, nearMatches } from "../core/near";
import type { InputFailure } from "./refusal";
import { shownName } from "./shown";

/** Hosts that nobody knows: neither the inventory nor, asked only then, `~/.ssh/config`. Without an inventory ssh decides. */
export function unknownHosts(names: readonly string[], inventory: Inventory, sshHosts: () => string[]): InputFailure[] {
  if (inventory === undefined) return [];
  const missing = names.filter((name) => !Object.hasOwn(inventory, name));
  if (missing.length === 0) return [];
  const bySsh = sshHosts();
  return missing
    .filter((name) => !bySsh.includes(name))
    .map((name) => {
      const near = nearMatches(name, [...Object.keys(inventory), ...bySsh]);
      // A dot in a path goes one level down.
      const path = /^[\w-]{1,64}$/.test(name)
        ? `'vm-placement:hosts.${name}.address'`
        : `'vm-placement:hosts["${shownName(name)}"].address'`;
      const isNear = near.length > 0;
      return {
        property: "host",
        code: "unknownHost" as const,
        message:
          `"${shownName(name)}" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config` +
          (isNear ? "" : `; the hosts of the inventory are ${listed(Object.keys(inventory), "and")}`),
        remedies: [
          ...(isNear ? [{ do: `write ${listed(near)} if that was meant` }] : []),
          { do: "add it", commands: [{ command: `pulumi config set --path ${path} ADDRESS` }] },
        ],
      };
    });
}
