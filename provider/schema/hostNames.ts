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
      const hint =
        near.length > 0 ? `did you mean ${listed(near)}?` : `its hosts are ${listed(Object.keys(inventory), "and")}.`;
      // A dot in a path goes one level down.
      const path = /^[\w-]{1,64}$/.test(name)
        ? `'vm-placement:hosts.${name}.address'`
        : `'vm-placement:hosts["${shownName(name)}"].address'`;
      return {
        property: "host",
        code: "unknownHost" as const,
        reason: `"${shownName(name)}" is neither in the inventory (vm-placement:hosts) nor a Host of ~/.ssh/config; ${hint} Add it with \`pulumi config set --path ${path} ADDRESS\``,
      };
    });
}
