import type { InventoryHost, Lab } from "../../lab/libvirt";

type Roomy = InventoryHost & { maxOutgoing: number; maxIncoming: number };

/** The lab's inventory; every host bears as many migrations as a test starts. */
export function roomy(lab: Lab): Record<string, Roomy> {
  return Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]) => [name, { ...host, maxOutgoing: 16, maxIncoming: 16 }]),
  );
}
