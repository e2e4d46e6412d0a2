import type { HistoryEntry } from "../../provider/history/entry";

/** A move that succeeded, as a history file has it. */
export function historyEntry(more: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    version: 1,
    run: "one",
    vm: "db-01",
    uuid: "4dea22b3-1d52-d8f3-2516-782e98ab3fa0",
    from: "kvm-a",
    to: "kvm-b",
    how: "live",
    startedAt: "2026-01-02T00:00:00.000Z",
    endedAt: "2026-01-02T00:00:04.000Z",
    outcome: "moved",
    reason: "host is kvm-b",
    command: "virsh migrate --live db-01 qemu+ssh://kvm-b/system",
    options: { mode: "auto" },
    measured: { mode: "live", durationMs: 3900, downtimeMs: 43, totalBytes: 170_917_888, passes: 3 },
    samples: [
      { ms: 250, remainingBytes: 2 ** 27, bytesPerSecond: 2 ** 25 },
      { ms: 3500, remainingBytes: 2 ** 20, bytesPerSecond: 2 ** 25, dirtyBytesPerSecond: 2 ** 22 },
    ],
    ...more,
  };
}
