/** `timeout` per GiB of memory: what it comes to is known with the VM. */
import type { MigrationOptions } from "./options";

const gib = 2 ** 30;
/** As short as a timeout may be. */
const leastMs = 1000;

/** @example "30s/GiB" of a VM with 4 GiB: 2 min */
export function timeoutOf(msPerGiB: number, memoryBytes: number): number {
  return Math.max(leastMs, Math.round((msPerGiB * memoryBytes) / gib));
}

/** The options with the timeout of this VM; without one where its memory is not known. */
export function withTimeout(
  { timeoutMsPerGiB, ...options }: MigrationOptions,
  memoryBytes: number | undefined,
): MigrationOptions {
  if (timeoutMsPerGiB === undefined || memoryBytes === undefined) return options;
  return { ...options, timeoutMs: timeoutOf(timeoutMsPerGiB, memoryBytes) };
}
