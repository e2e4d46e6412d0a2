import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A socket's path has 104 bytes at most, and ssh adds 17 of its own while it makes one. */
const longestParent = 60;

/** A directory that only this account can enter (mode 0700), for the sockets of one route while it is opened. */
export function privateDirectory(): { path: string; remove(): void } {
  const parent = Buffer.byteLength(tmpdir()) > longestParent ? "/tmp" : tmpdir();
  const path = mkdtempSync(join(parent, "vmp-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
