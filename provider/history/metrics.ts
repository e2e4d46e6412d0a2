/** Prometheus metrics of moves, and of where VMs are now. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { HistoryEntry } from "./entry";

/** What a host showed; undefined = it could not be asked. */
export type Observed = Readonly<Record<string, readonly { state: string }[] | undefined>>;

/** In the text format of Prometheus, as node_exporter's textfile collector reads it. */
export async function metrics(entries: readonly HistoryEntry[], observed: Observed): Promise<string> {
  const registry = new Registry();
  ofMoves(registry, entries);
  ofHosts(registry, observed);
  return registry.metrics();
}

function ofMoves(registry: Registry, entries: readonly HistoryEntry[]): void {
  const registers = [registry];
  const ends = ["source", "destination"];
  const moves = new Counter({
    name: "vm_placement_moves_total",
    help: "Moves in the history, by how they ended",
    labelNames: [...ends, "mode", "outcome"],
    registers,
  });
  const bytes = new Counter({
    name: "vm_placement_moved_bytes_total",
    help: "Bytes of memory and disks that moves sent",
    labelNames: ends,
    registers,
  });
  const duration = new Histogram({
    name: "vm_placement_move_duration_seconds",
    help: "From the start of a migration to its verified end",
    labelNames: ["mode"],
    buckets: [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200],
    registers,
  });
  const downtime = new Histogram({
    name: "vm_placement_move_downtime_seconds",
    help: "How long moves paused their VMs, where libvirt reported it",
    labelNames: ["mode"],
    buckets: [0.01, 0.03, 0.1, 0.3, 0.5, 1, 2, 5, 10, 30],
    registers,
  });
  const last = new Gauge({
    name: "vm_placement_last_move_timestamp_seconds",
    help: "When the last move of a VM ended",
    labelNames: ["vm", "outcome"],
    registers,
  });
  const latest = new Map<string, HistoryEntry>();
  for (const entry of entries) {
    const { from: source, to: destination, measured, how, outcome } = entry;
    const mode = measured?.mode ?? how;
    moves.inc({ source, destination, mode, outcome });
    bytes.inc({ source, destination }, measured?.totalBytes ?? 0);
    if (measured !== undefined) duration.observe({ mode }, measured.durationMs / 1000);
    if (measured?.downtimeMs !== undefined) downtime.observe({ mode }, measured.downtimeMs / 1000);
    latest.set(entry.uuid, entry);
  }
  for (const { vm, outcome, endedAt } of latest.values()) last.set({ vm, outcome }, Date.parse(endedAt) / 1000);
}

function ofHosts(registry: Registry, observed: Observed): void {
  const registers = [registry];
  const up = new Gauge({
    name: "vm_placement_host_up",
    help: "1 where libvirt on the host answered",
    labelNames: ["host"],
    registers,
  });
  const vms = new Gauge({
    name: "vm_placement_host_vms",
    help: "VMs that the host's libvirt knows, by state",
    labelNames: ["host", "state"],
    registers,
  });
  for (const [host, views] of Object.entries(observed)) {
    up.set({ host }, views === undefined ? 0 : 1);
    for (const { state } of views ?? []) vms.inc({ host, state });
  }
}
