import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HEARTBEAT_MS = 3_000;
const STALE_MS = 30_000;

/**
 * One process at a time does the work. A lock whose holder is dead, or has not touched it for a while, is taken over.
 * Should two ever take over at once, both do the work: what they publish is put in place atomically and is the same.
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  { log = () => {}, pollMs = 500 }: { log?: (line: string) => void; pollMs?: number } = {},
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  let reported = false;
  while (!acquire(path)) {
    if (!reported) log(`waiting for another process that makes the same (lock: ${path})`);
    reported = true;
    await sleep(pollMs);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(path, { force: true });
  }
}

function acquire(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid }), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  if (isStale(path)) rmSync(path, { force: true });
  return false;
}

function isStale(path: string): boolean {
  try {
    if (Date.now() - statSync(path).mtimeMs > STALE_MS) return true;
    const holder = JSON.parse(readFileSync(path, "utf8")) as { host: string; pid: number };
    return holder.host === hostname() && !isAlive(holder.pid);
  } catch {
    // Gone in the meantime, or not yet written to the end.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Someone took it over; the work is published atomically all the same.
  }
}
