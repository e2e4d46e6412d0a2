/** What is wrong in a placements file: all of it at once, each with its place in the file. */
import { cleanLine, cleanValues } from "../core/clean";
import type { ErrorCode } from "../core/errorCodes";
import { PlacementError } from "../core/errors";
import { type Remedy, renderAdvice } from "../core/problem";

export interface Fault {
  /** From 1; absent where the placements are no text. */
  line?: number;
  column?: number;
  /** "vms.db-01.host"; empty for the file as a whole. */
  field: string;
  severity: "blocker" | "warning";
  code: Extract<ErrorCode, "invalidInput" | "conflictingOptions" | "unsafeCombination" | "unknownHost">;
  message: string;
  remedies: Remedy[];
}

/** More are counted only: each is shown again until it is fixed. */
const mostShown = 25;

/** "placements.yaml:12:9: vms.db-01.host: got 12; expected …". */
export function renderFault(file: string, { line, column, field, message, remedies }: Fault): string {
  const place = [file, ...(line === undefined ? [] : [line, column])].join(":");
  const advice = remedies.length === 0 ? "" : `; ${renderAdvice({ remedies: cleanValues(remedies) })}`;
  return [cleanLine(place), ...(field === "" ? [] : [cleanLine(field)]), cleanLine(message) + advice].join(": ");
}

/** One error for all of them. */
export function placementsError(file: string, faults: readonly Fault[]): PlacementError {
  const shown = faults.slice(0, mostShown).map((fault) => renderFault(file, fault));
  const more = faults.length - shown.length;
  const lines = [...shown, ...(more > 0 ? [`… and ${more} more`] : [])];
  const isOne = faults.length === 1;
  const remedies = [{ do: `correct ${isOne ? "it" : "them"} in ${file}; nothing was done` }];
  return new PlacementError({
    code: faults[0]!.code,
    phase: "check",
    action: `cannot use ${file}`,
    message: isOne ? shown[0]! : [`${faults.length} faults`, ...lines].join("\n  "),
    remedies,
    problems: faults.map((fault) => ({
      severity: fault.severity,
      code: fault.code,
      rule: "placements",
      message: renderFault(file, fault),
      remedies,
    })),
  });
}
