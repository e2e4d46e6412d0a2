/** Reads a history file: what other versions, or other programs, wrote there is named by its line and left out. */
import * as z from "../schema/zod";
import { clean } from "../core/clean";
import type { HistoryEntry } from "./entry";

// Other schemas have messages of their own.
z.config(z.en());

const amount = z.number().check(z.nonnegative());
const optionalAmount = z.optional(amount);
const optionalText = z.optional(z.string());
const load = z.object({ vms: amount, memoryBytes: amount, vcpus: amount, totalMemoryBytes: optionalAmount });
const optionalLoad = z.optional(load);
const entry = z.object({
  version: z.literal(1),
  run: z.string(),
  vm: z.string(),
  uuid: z.string(),
  urn: optionalText,
  commit: optionalText,
  from: z.string(),
  to: z.string(),
  how: z.enum(["live", "offline"]),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  outcome: z.enum(["moved", "stayed", "unknown"]),
  error: z.optional(z.object({ code: z.string(), message: z.string() })),
  reason: z.string(),
  command: optionalText,
  options: z.record(z.string(), z.unknown()),
  estimate: z.optional(z.looseObject({ verdict: z.string(), durationMs: optionalAmount, downtimeMs: optionalAmount })),
  measured: z.optional(
    z.looseObject({ mode: z.string(), durationMs: amount, downtimeMs: optionalAmount, totalBytes: optionalAmount }),
  ),
  samples: z.array(
    z.object({
      ms: amount,
      remainingBytes: optionalAmount,
      bytesPerSecond: optionalAmount,
      dirtyBytesPerSecond: optionalAmount,
      throttlePercent: optionalAmount,
      downtimeMs: optionalAmount,
      inPostCopy: z.optional(z.literal(true)),
    }),
  ),
  hosts: z.optional(z.record(z.string(), z.object({ before: optionalLoad, after: optionalLoad }))),
});

export interface Read {
  /** In the order of their starts. */
  entries: readonly HistoryEntry[];
  unreadable: readonly { line: number; why: string }[];
}

/** @param text of the whole file. */
export function readHistory(text: string): Read {
  const entries: HistoryEntry[] = [];
  const unreadable: { line: number; why: string }[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const read = readLine(line);
    if (typeof read === "string") unreadable.push({ line: index + 1, why: read });
    else entries.push(read);
  }
  return { entries: entries.sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)), unreadable };
}

function readLine(line: string): HistoryEntry | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return "no JSON: the end of a line that was cut off, perhaps";
  }
  const { success, data, error } = entry.safeParse(json);
  if (success) return data as unknown as HistoryEntry;
  const [first] = error.issues;
  return clean(`${first!.path.join(".") || "the line"}: ${first!.message}`, 200);
}
