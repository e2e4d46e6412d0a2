/** Reads a history file: what other versions, or other programs, wrote there is named by its line and left out. */
import * as z from "../schema/zod";
import { clean } from "../core/clean";
import type { HistoryEntry } from "./entry";

const amount = z.number().nonnegative();
const load = z.object({ vms: amount, memoryBytes: amount, vcpus: amount, totalMemoryBytes: amount.optional() });
const entry = z.object({
  version: z.literal(1),
  run: z.string(),
  vm: z.string(),
  uuid: z.string(),
  urn: z.string().optional(),
  commit: z.string().optional(),
  from: z.string(),
  to: z.string(),
  how: z.enum(["live", "offline"]),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  outcome: z.enum(["moved", "stayed", "unknown"]),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  reason: z.string(),
  command: z.string().optional(),
  options: z.record(z.string(), z.unknown()),
  estimate: z
    .looseObject({ verdict: z.string(), durationMs: amount.optional(), downtimeMs: amount.optional() })
    .optional(),
  measured: z
    .looseObject({ mode: z.string(), durationMs: amount, downtimeMs: amount.optional(), totalBytes: amount.optional() })
    .optional(),
  samples: z.array(
    z.object({
      ms: amount,
      remainingBytes: amount.optional(),
      bytesPerSecond: amount.optional(),
      dirtyBytesPerSecond: amount.optional(),
      throttlePercent: amount.optional(),
      downtimeMs: amount.optional(),
      inPostCopy: z.literal(true).optional(),
    }),
  ),
  hosts: z.record(z.string(), z.object({ before: load.optional(), after: load.optional() })).optional(),
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
