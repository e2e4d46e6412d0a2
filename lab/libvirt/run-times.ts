/** Where a guest really runs, from the kernel: how long its virtual CPUs have been on a CPU. No command, no libvirt, no ssh. */
import { readdirSync, readFileSync } from "node:fs";
import { childrenOf } from "./processes";

export interface RunTime {
  /** Of its QEMU, as the computer sees it. */
  pid: number;
  /**
   * How often its virtual CPUs were given a CPU. Stands still while the guest is paused or waits to be filled by a migration, but for
   * a few when QEMU starts and stops them.
   */
  turns: number;
}

/** By guest name, for a host whose namespaces the process `pid` holds. */
export function runTimes(pid: number): Map<string, RunTime> {
  const found = new Map<string, RunTime>();
  // QEMU is left to the first process of its host.
  for (const first of childrenOf(pid)) {
    for (const child of childrenOf(first.pid)) {
      const guest = /\0-name\0guest=([^,\0]+)/.exec(contentOf(`/proc/${child.pid}/cmdline`))?.[1];
      if (guest !== undefined) found.set(guest, { pid: child.pid, turns: turns(child.pid) });
    }
  }
  return found;
}

function turns(pid: number): number {
  return threads(pid)
    .filter((thread) => contentOf(`${thread}/comm`).startsWith("CPU "))
    .reduce((sum, thread) => sum + Number(contentOf(`${thread}/schedstat`).split(" ")[2] ?? 0), 0);
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((id) => `/proc/${pid}/task/${id}`);
  } catch {
    return [];
  }
}

/** Empty where the process has just ended. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}
