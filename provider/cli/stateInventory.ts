/** Hosts that the program's placements have in their own `inventory`, as the stack's state keeps it: a secret. */
import { isDeepStrictEqual } from "node:util";
import type { Host } from "../core/model";
import { parseOwnInventory, renderInputFailure } from "../schema";

interface HostsOfState {
  inventory: Record<string, Host>;
  /** What must not be shown. */
  texts: unknown[];
  /** What could not be taken, and why. */
  notes: string[];
}

interface Resource {
  urn: string;
  type: string;
  delete?: boolean;
  inputs?: { inventory?: unknown };
}

const types = new Set(["pulumi-nodejs:dynamic/libvirt:VmPlacement", "vm-placement:index:VmPlacement"]);

/** Placements of `pulumi stack export` that have an inventory of their own. @throws SyntaxError where that is no JSON. */
export function withInventory(exported: string): Resource[] {
  const { deployment } = JSON.parse(exported) as { deployment?: { resources?: Resource[] } };
  return (deployment?.resources ?? []).filter(
    ({ type, inputs, delete: isReplaced }) => types.has(type) && inputs?.inventory !== undefined && isReplaced !== true,
  );
}

/** @param stack the hosts of the configuration, which go before those of the state. */
export function hostsOfState(placements: readonly Resource[], stack: Record<string, Host>): HostsOfState {
  const inventory: Record<string, Host> = {};
  const texts: unknown[] = [];
  const notes = new Set<string>();
  const differing = new Set<string>();
  const encrypted: string[] = [];
  for (const { urn, inputs } of placements) {
    const name = urn.split("::").at(-1)!;
    const value = decrypted(inputs!.inventory);
    if (value === undefined) {
      encrypted.push(name);
      continue;
    }
    texts.push(value);
    const own = parseOwnInventory(value, undefined);
    for (const failure of own.failures)
      notes.add(
        `the inventory of ${name} in the state cannot be used: ${failure.property}: ${renderInputFailure(failure)}`,
      );
    if (own.failures.length > 0) continue;
    for (const [host, entry] of Object.entries(own.inventory)) {
      if (Object.hasOwn(stack, host)) continue;
      if (Object.hasOwn(inventory, host) && !isDeepStrictEqual(inventory[host], entry)) differing.add(host);
      inventory[host] = entry;
    }
  }
  for (const host of differing) {
    delete inventory[host];
    notes.add(`${host} is left out: placements of the state describe it differently; ${giveThem}`);
  }
  if (encrypted.length > 0) notes.add(`the hosts in the inventory of ${encrypted.join(", ")} are left out: the state keeps them encrypted, and pulumi could not decrypt them; ${giveThem}`); // prettier-ignore
  return { inventory, texts, notes: [...notes] };
}

export const giveThem =
  "give all hosts by --inventory FILE, as JSON: `pulumi config --json --show-secrets` has those of the configuration";

const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** The value with what Pulumi has decrypted in it; undefined where a part stays encrypted. */
function decrypted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value))
    return value.every((item) => decrypted(item) !== undefined) ? value.map(decrypted) : undefined;
  const entries = value as Record<string, unknown>;
  if (entries[signature] === secretSignature) {
    if (typeof entries["plaintext"] !== "string") return undefined;
    try {
      return decrypted(JSON.parse(entries["plaintext"]));
    } catch {
      return undefined;
    }
  }
  const parts = Object.entries(entries).map(([key, item]) => [key, decrypted(item)] as const);
  return parts.some(([, item]) => item === undefined) ? undefined : Object.fromEntries(parts);
}
