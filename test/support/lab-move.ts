/** A move between real hosts as the provider makes it, without Pulumi. */
import type { Lab } from "../../lab/libvirt";
import type { LastMigration } from "../../provider/core/args";
import type { Host } from "../../provider/core/model";
import type { MigrationOptions } from "../../provider/core/options";
import { systemClock as clock } from "../../provider/observe/clock";
import { Hosts } from "../../provider/observe/hosts";
import { reconcile, type Reconciled } from "../../provider/reconcile/reconcile";
import { createDial } from "../../provider/ssh";
import { makePlan } from "../../provider/virsh/migrateCommand";

export interface LabMove {
  lab: Lab;
  domain: string;
  to: string;
  options?: Partial<MigrationOptions>;
  lastMigration?: LastMigration | undefined;
  /** Gets each row. */
  rows?: string[];
  /** What the inventory says otherwise of each host. */
  change?: (name: string) => Partial<Host>;
}

export async function moveInLab(move: LabMove): Promise<Reconciled & { command: string }> {
  const { lab, domain, to, options, lastMigration, rows = [], change = () => ({}) } = move;
  const inventory: Record<string, Host> = Object.fromEntries(
    Object.entries(lab.inventory()).map(([name, host]) => [name, { name, ...host, ...change(name) }]),
  );
  const uri = "qemu:///system";
  const hosts = new Hosts(createDial({ inventory }), inventory, uri, clock);
  const all: MigrationOptions = { mode: "auto", ...options };
  const plan = makePlan({ domain, hosts: [to], anyOf: false, options: all, inventory, uri });
  const keep = (text: string) => void rows.push(text);
  try {
    const made = await reconcile(
      hosts,
      { domain, uuid: undefined, hosts: [to], options: all, plan, lastHost: undefined, lastMigration },
      { clock, progress: { live: keep, info: keep, warn: keep } },
    );
    return { ...made, command: (plan.live ?? plan.offline) as string };
  } finally {
    await hosts.close();
  }
}
