import { existsSync, rmSync } from "node:fs";
import { eventually } from "./commands";
import { removeCable } from "./network";
import { childrenOf, isAlive, killIfAlive, type ProcessIdentity } from "./processes";
import {
  claimRemoval,
  entryDir,
  isCurrent,
  isStale,
  listLabs,
  recordedProcesses,
  release,
  removeAbandonedClaims,
  type LabRecord,
} from "./registry";

/** How long the kernel may take to end a host's processes; a QEMU with much memory is the slowest. */
const endMs = 15_000;
const gentleMs = 3_000;

/**
 * Ends and removes all of a lab, however much of it there is; where another process does so already, waits for that. Synchronous, so that it
 * also runs in a signal handler and when the process exits.
 */
export function removeLab(record: LabRecord): void {
  for (const end = Date.now() + gentleMs + endMs; !claimRemoval(record); pause()) {
    if (!isCurrent(record)) return;
    if (Date.now() > end) throw new Error(`lab ${record.id}: another process removes it, and does not get to the end`);
  }
  remove(record);
}

function remove(record: LabRecord): void {
  const outer = [...recordedProcesses(record.number).values()].filter(isAlive);
  // The child of a recorded process is the first inside: when it ends, the kernel ends all on that host, and the recorded one
  // takes note of it and ends too. Killed first, it would leave the child to the process that inherits orphans, which may never reap it.
  const inner = outer.flatMap(({ pid }) => childrenOf(pid));
  inner.forEach(killIfAlive);
  if (!allEnd([...outer, ...inner], inner.length < outer.length ? 0 : gentleMs)) outer.forEach(killIfAlive);
  if (!allEnd([...outer, ...inner], endMs)) {
    const left = [...outer, ...inner].filter(isAlive).map(({ pid }) => pid);
    throw new Error(`lab ${record.id}: process ${left.join(", ")} does not end; its directory is kept: ${record.dir}`);
  }
  removeCable(record);
  if (record.dir !== entryDir(record.number)) rmSync(record.dir, { recursive: true, force: true });
  release(record);
}

function allEnd(processes: readonly ProcessIdentity[], timeoutMs: number): boolean {
  for (const end = Date.now() + timeoutMs; processes.some(isAlive);) {
    if (Date.now() > end) return false;
    pause();
  }
  return true;
}

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

/** Those this process started stay in the process table until the event loop has seen their end. */
export async function reaped(processes: readonly ProcessIdentity[]): Promise<void> {
  await eventually(() => processes.every(({ pid }) => !existsSync(`/proc/${pid}`)) || undefined, endMs, 5);
}

/** Removes the labs whose creator is gone without having done so, and that no other process removes. Gives their ids. */
export function cleanStale(): string[] {
  removeAbandonedClaims();
  const stale = listLabs().filter((record) => isStale(record) && claimRemoval(record));
  stale.forEach(remove);
  return stale.map(({ id }) => id);
}

const owned = new Set<LabRecord>();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** From now on the lab goes when this process does. */
export function removeAtExit(record: LabRecord): void {
  if (owned.size === 0) {
    for (const signal of signals) process.on(signal, onSignal);
    process.on("exit", removeOwned);
  }
  owned.add(record);
}

export function forget(record: LabRecord): void {
  owned.delete(record);
  if (owned.size > 0) return;
  for (const signal of signals) process.off(signal, onSignal);
  process.off("exit", removeOwned);
}

function removeOwned(): void {
  for (const record of owned) {
    try {
      removeLab(record);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n`);
    }
  }
  owned.clear();
}

function onSignal(signal: NodeJS.Signals): void {
  const processes = [...owned].flatMap((record) => [...recordedProcesses(record.number).values()]);
  removeOwned();
  void reaped(processes).then(() => {
    for (const each of signals) process.off(each, onSignal);
    process.off("exit", removeOwned);
    // Without another listener the signal would have ended the process: let it.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
}
