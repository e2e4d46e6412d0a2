/** One VM that writes memory, on one of two real hosts of this computer. */
import { atSignal } from "../../lab/at-signal";
import { endProcessesIn } from "../../lab/end-processes-in";
import { createLab, type Lab } from "../../lab/libvirt";

export const domain = "db-01";

export interface TwoHosts {
  lab: Lab;
  id: string;
}

export async function withTwoHosts<T>(
  guest: { memoryMiB: number; dirtyMiB: number; dirtyRate: number },
  work: (hosts: TwoHosts) => Promise<T>,
): Promise<T> {
  const lab = await createLab();
  const release = atSignal(() => endProcessesIn(lab.dir));
  try {
    const { uuid: id } = await lab.startGuest({ ...guest, name: domain, host: "kvm-a" });
    return await work({ lab, id });
  } finally {
    endProcessesIn(lab.dir);
    release();
    await lab.down();
  }
}

/** Where the VM runs, and the other host. */
export async function whereFrom(lab: Lab): Promise<[string, string]> {
  const running: string[] = [];
  for (const host of lab.hosts) if ((await host.virsh("list --name")).includes(domain)) running.push(host.name);
  if (running.length !== 1)
    throw new Error(`${domain} should run on one host, but runs on ${running.join(" and ") || "none"}`);
  return running[0] === "kvm-a" ? ["kvm-a", "kvm-b"] : ["kvm-b", "kvm-a"];
}

export function migrateCommand(lab: Lab, to: string, flags = ""): string {
  const options = ["--live --p2p --persistent --undefinesource", flags].filter((each) => each !== "").join(" ");
  return `virsh migrate ${options} ${domain} qemu+ssh://${lab.host(to).address}/system`;
}

export async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Rounds in which each of `names` moves the VM once, in an order that turns with the rounds; the first is not counted. */
export async function rounds<Name extends string>(
  pairs: number,
  round: (index: number) => Promise<Record<Name, number>>,
  unit = "ms",
): Promise<Record<Name, number>[]> {
  await round(0);
  const all: Record<Name, number>[] = [];
  for (let index = 1; index <= pairs; index++) {
    const measured = await round(index);
    all.push(measured);
    const shown = Object.entries<number>(measured).map(([name, ms]) => `${name} ${ms.toFixed(0)} ${unit}`);
    console.error(`${String(index).padStart(3)}/${pairs}  ${shown.join(", ")}`);
  }
  return all;
}
