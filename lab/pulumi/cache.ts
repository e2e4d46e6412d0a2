import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { PULUMI_VERSION } from "./version";

const TEMPORARY = ".tmp-";

/** Outside the repository, so that a fresh clone does not build again. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const xdg = env["XDG_CACHE_HOME"];
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
  return join(base, "pulumi-vm-placement", `pulumi-${PULUMI_VERSION}`);
}

/** Fills a directory aside and then puts it in place in one step: what is at `path` is always complete. */
export async function publish(path: string, fill: (directory: string) => Promise<void> | void): Promise<void> {
  const temporary = join(path, "..", `${TEMPORARY}${process.pid}-${randomBytes(4).toString("hex")}`);
  mkdirSync(temporary, { recursive: true });
  try {
    await fill(temporary);
    try {
      renameSync(temporary, path);
    } catch (error) {
      // Someone else has put the same thing there.
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** What killed runs have left; to be called by the holder of the lock. */
export function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name.startsWith(TEMPORARY)) rmSync(join(directory, name), { recursive: true, force: true });
  }
}
