/** What a planning command prints: as data, and as text. */
import { listed } from "../../core/near";
import type { Problem } from "../../core/problem";
import { showBytes, showDuration } from "../../core/units";
import { type FleetPlan, makespan, type Stay, type Step } from "../../fleet";
import { renderInPreview } from "../../pulumi/showPreview";
import { table } from "../table";
import type { Gathered } from "./gather";
import { type HostUsage, hostsTable, usageOf } from "./hostUsage";
import type { Move } from "./preflight";
import { pressuresOf } from "./pressure";

export interface FleetReport {
  possible: boolean;
  moves: {
    vm: string;
    source: string;
    destination: string;
    /** The moves that have to be over before. */
    after: readonly string[];
    reason: string;
    command: string;
    /** Undefined where it cannot be estimated. */
    durationMs: number | undefined;
    downtimeMs: number | undefined;
    totalBytes: number | undefined;
    problems: Problem[];
  }[];
  /** Undefined where a move has no estimate. */
  durationMs: number | undefined;
  totalBytes: number;
  hosts: HostUsage[];
  /** The plan needs another change after this one: a VM is parked in between. */
  continues: boolean;
  stays: readonly Stay[];
  blocked: readonly Stay[];
  /** Why nothing was planned. */
  hindrances: readonly string[];
  /** Why there is no plan. */
  conflict: string | undefined;
  notes: readonly string[];
  /** Commands to type next. */
  next: readonly string[];
}

/** Of a VM that is shut off: its definition takes about so long. */
const offlineMs = 1000;

export function reportOf(gathered: Gathered, plan: FleetPlan, moves: readonly Move[], next: string[]): FleetReport {
  const isActive = new Map(gathered.vms.map(({ name, active }) => [name, active]));
  const durations = new Map(
    moves.map(({ step, prediction }) => [step.id, isActive.get(step.vm) ? prediction?.durationMs : offlineMs]),
  );
  const isKnown = moves.every(({ step }) => durations.get(step.id) !== undefined);
  const steps = moves.map(({ step }) => step);
  return {
    possible: plan.possible,
    moves: moves.map(({ step, command, prediction, problems }) => ({
      ...{ vm: step.vm, source: step.source, destination: step.destination, after: step.after },
      reason: reasonOf(gathered, step),
      command,
      durationMs: durations.get(step.id),
      downtimeMs: prediction?.downtimeMs,
      totalBytes: prediction?.totalBytes,
      problems,
    })),
    durationMs: isKnown ? makespan(steps, gathered.hosts, ({ id }) => durations.get(id)!) : undefined,
    totalBytes: moves.reduce((sum, { prediction }) => sum + (prediction?.totalBytes ?? 0), 0),
    hosts: usageOf(gathered, steps),
    continues: plan.possible && plan.steps.length > moves.length,
    stays: [...plan.stays, ...(gathered.leftAlone ?? [])],
    blocked: plan.blocked,
    hindrances: [],
    conflict: plan.possible ? undefined : plan.conflict.why,
    notes: gathered.notes,
    next,
  };
}

/** Of a fleet for which no plan would be worth anything. */
export function notPlanned(gathered: Gathered): FleetReport {
  const { hindrances, notes } = gathered;
  return {
    ...{ possible: false, moves: [], durationMs: undefined, totalBytes: 0, hosts: usageOf(gathered, []) },
    ...{ continues: false, stays: [], blocked: [], hindrances, conflict: undefined, notes, next: [] },
  };
}

/** A host under pressure is one more reason for what leaves it. */
function reasonOf({ measured }: Gathered, { source, reason }: Step): string {
  const pressures = pressuresOf(measured?.hosts.get(source));
  return pressures.length === 0 ? reason : `${reason}; ${source} is under ${listed(pressures, "and")}`;
}

export function showReport(title: string, report: FleetReport, nothing = "nothing to move"): string {
  const { moves, hindrances, conflict, stays, blocked, notes, next } = report;
  const paragraphs = [
    headline(title, report, nothing),
    ...(moves.length > 0 ? [movesTable(moves)] : []),
    ...(moves.length > 0 || report.hosts.some(({ measured }) => measured) ? [hostsTable(report.hosts)] : []),
    ...lines(hindrances),
    ...lines(moves.flatMap(({ vm, problems }) => problems.map((problem) => `${vm}: ${renderInPreview(problem)}`))),
    ...lines(blocked.map(({ vm, host, reason }) => `${vm} keeps ${host} from being emptied: ${reason}`)),
    ...lines(stays.map(({ vm, host, reason }) => `${vm} stays on ${host}: ${reason}`)),
    ...(conflict === undefined ? [] : [conflict]),
    ...lines(notes),
    ...(next.length === 0 ? [] : [`Next: ${next.join(", then ")}`]),
  ];
  return paragraphs.join("\n\n");
}

function lines(all: readonly string[]): string[] {
  return all.length === 0 ? [] : [all.join("\n")];
}

function headline(title: string, report: FleetReport, nothing: string): string {
  const { possible, hindrances, moves, durationMs, totalBytes, continues } = report;
  if (hindrances.length > 0) return `${title}: not planned`;
  if (!possible) return `${title}: not possible`;
  if (moves.length === 0) return `${title}: ${nothing}`;
  const count = `${moves.length} move${moves.length === 1 ? "" : "s"}`;
  const about = durationMs === undefined ? "" : `, about ${showDuration(durationMs)}`;
  const more = continues ? "; the same command, run again after them, plans the rest" : "";
  return `${title}: ${count}${about}, ${showBytes(totalBytes)}${more}`;
}

function movesTable(moves: FleetReport["moves"]): string {
  const rows = moves.map(({ vm, source, destination, after, durationMs, downtimeMs, totalBytes, reason }) => [
    vm,
    `${source} → ${destination}`,
    after.length === 0 ? "" : listed(after, "and"),
    durationMs === undefined ? "?" : showDuration(durationMs),
    downtimeMs === undefined ? "" : showDuration(downtimeMs),
    totalBytes === undefined ? "" : showBytes(totalBytes),
    reason,
  ]);
  return table([["VM", "MOVE", "AFTER", "TAKES", "PAUSE", "SENDS", "WHY"], ...rows]);
}
