/** A placement's `inventory`: hosts that other resources of the program make, beside those of the stack's configuration. */
import type { Inventory } from "../core/model";
import { parseOwnInventory, UNKNOWN } from "../schema";
import type { Settings } from "./settings";
import type { Props } from "./state";

export class OwnInventories {
  /** Placements with the same hosts share connections. */
  private readonly made = new Map<string, Settings>();

  /** The settings of one placement. Without an inventory of its own: the stack's. */
  settingsOf(stack: Settings, { inventory, host }: Props): Settings {
    if (inventory === undefined) return stack;
    const key = JSON.stringify([inventory, inventory === UNKNOWN && host]);
    const known = this.made.get(key);
    if (known) return known;
    // Of hosts that Pulumi does not know yet at all, any name may be one.
    const own =
      inventory === UNKNOWN
        ? { inventory: named([host].flat()), failures: [] }
        : parseOwnInventory(inventory, stack.inventory);
    const all = { ...own.inventory, ...stack.inventory };
    let hosts: Settings["hosts"] | undefined;
    const settings: Settings = {
      ...stackOf(stack),
      inventory: all,
      failures: [...stack.failures, ...own.failures],
      get hosts() {
        return (hosts ??= stack.hosts.withInventory(stack.dial(all), all));
      },
    };
    this.made.set(key, settings);
    return settings;
  }
}

/** Without `hosts`, which is loaded when it is first asked for. */
function stackOf({
  uri,
  preview,
  onInterrupt,
  history,
  sshHosts,
  dial,
}: Settings): Omit<Settings, "hosts" | "inventory" | "failures"> {
  return { uri, preview, onInterrupt, history, sshHosts, dial };
}

function named(names: readonly unknown[]): NonNullable<Inventory> {
  const texts = names.filter((name) => typeof name === "string");
  return Object.fromEntries(texts.map((name) => [name, { name }]));
}
