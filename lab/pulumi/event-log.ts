/** What the engine's log of events tells beyond the text that `pulumi` prints. */
import { existsSync, readFileSync } from "node:fs";
import type { Failure } from "../../provider/core/errors";

interface EngineEvent {
  diagnosticEvent?: { severity: string; message: string };
}

/** Of `up`, `refresh`, `preview` and `destroy`; hidden without `debugCommands`. Debug messages are in it without `--debug`. */
export const eventLogTo = (file: string): string[] => ["--event-log", file];
export const debugCommands = { PULUMI_DEBUG_COMMANDS: "true" };

/** What the placement failed with, as its provider noted it; undefined where no placement failed, or the provider was killed. */
export function problemIn(file: string): Failure | undefined {
  if (!existsSync(file)) return undefined;
  // What follows the last line is half a line of a `pulumi` that was killed.
  for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
    const { diagnosticEvent } = JSON.parse(line) as EngineEvent;
    if (diagnosticEvent?.severity === "debug" && diagnosticEvent.message.startsWith('{"problem":'))
      return (JSON.parse(diagnosticEvent.message) as { problem: Failure }).problem;
  }
  return undefined;
}
