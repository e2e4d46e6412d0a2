import assert from "node:assert/strict";
import type { Lab } from "../../lab/libvirt";
import { until } from "./until";

/** The guest ran on, on this host, and what it found in its memory was what it had put there. */
export async function assertMemoryIntact(lab: Lab, guest: string, host: string): Promise<void> {
  const before = (await lab.serial(guest, host)).length;
  await until("passes over its memory", async () => (await lab.serial(guest, host)).length >= before + 2);
  for (const { name } of lab.hosts) assert.match(await lab.serial(guest, name), /^B?\.*$/, `memory, seen on ${name}`);
}
