/** What the planning commands have in common: gather, plan, print, and with --write edit the file. */
import type { Goal } from "../../fleet";
import { editPlacements } from "../../placements/edit";
import { writeWhole } from "../placementsFile";
import { exitCodes, type Session } from "../verb";
import { changesOf } from "./changes";
import { gather, type Gathered } from "./gather";
import { planWithPreflight } from "./preflight";
import { notPlanned, reportOf, showReport } from "./report";

export interface PlanningOptions {
  file?: string;
  write?: boolean;
}

export const planningFlags = [
  ["--file <file>", "the placements file (default: placements.yaml)"],
  ["--write", "edit the file, comments and order kept"],
] as const;

interface Planning {
  /** "evacuate kvm-a" */
  title: string;
  /** What is said where nothing moves. */
  nothing?: string;
  /** What is asked of the hosts beside where their VMs are. */
  measure?: (gathered: Gathered) => Promise<Gathered>;
  goal: (gathered: Gathered) => Goal;
  /** Hosts without which nothing can be planned. */
  mustAnswer: readonly string[];
  /** What becomes of `maintenance` of hosts in the file. */
  maintenance: (gathered: Gathered) => Readonly<Record<string, true | null>>;
}

export async function planFile(
  session: Session,
  { file = "placements.yaml", write = false }: PlanningOptions,
  { title, nothing, measure, goal, mustAnswer, maintenance }: Planning,
): Promise<number> {
  let gathered = await gather(session, file, mustAnswer);
  if (measure && gathered.hindrances.length === 0) gathered = await measure(gathered);
  if (gathered.hindrances.length > 0) {
    session.show(notPlanned(gathered), (report) => showReport(title, report));
    return exitCodes.blocked;
  }
  const { plan, moves } = await planWithPreflight(session, gathered, goal(gathered));
  const text = plan.possible
    ? editPlacements(gathered.text, changesOf(plan, gathered, maintenance(gathered)), file)
    : gathered.text;
  const isChanged = text !== gathered.text;
  const next = isChanged ? nextCommands(file, write) : [];
  const report = reportOf(gathered, plan, moves, next);
  if (write && isChanged) await writeWhole(file, text);
  session.show({ ...report, ...(isChanged && { written: write ? file : undefined, text }) }, () =>
    showReport(title, report, nothing),
  );
  return plan.possible ? exitCodes.fine : exitCodes.blocked;
}

function nextCommands(file: string, write: boolean): string[] {
  if (!write) return ["the same command with --write"];
  return [`git diff ${file}`, "pulumi preview --diff", "pulumi up --continue-on-error"];
}
