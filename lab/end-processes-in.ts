import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { identityOf, isAlive, killIfAlive, type ProcessIdentity } from "./libvirt/processes";

const endMs = 5_000;

/**
 * Ends every process that works in a directory which is about to be removed: those that run there, and all of a `pulumi` whose home is
 * there. pulumi starts its plugins in process groups of their own and writes its state to the last, so a signal to it is not enough.
 */
export function endProcessesIn(directory: string): void {
  const end = Date.now() + endMs;
  // Again, because one may have started another meanwhile.
  for (let left = processesIn(directory); left.length > 0 && Date.now() < end; left = processesIn(directory)) {
    left.forEach(killIfAlive);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

function processesIn(directory: string): ProcessIdentity[] {
  return pids()
    .filter((pid) => pid !== process.pid && worksIn(pid, directory))
    .map(identityOf)
    .filter((identity) => identity !== undefined)
    .filter(isAlive);
}

function worksIn(pid: number, directory: string): boolean {
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, "");
    if (cwd === directory || cwd.startsWith(`${directory}/`)) return true;
    return `\0${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(`\0PULUMI_HOME=${directory}/`);
  } catch {
    // it has ended, or is somebody else's
    return false;
  }
}

function pids(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    // no /proc: no lab either
    return [];
  }
}
