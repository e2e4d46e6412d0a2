/** Where the verbs find the moves that were made. */
import { readFile } from "node:fs/promises";
import type { HistoryEntry } from "../../history/entry";
import { readHistory } from "../../history/read";
import { UsageError } from "../inventory";
import type { Session } from "../verb";

export interface HistoryOptions {
  history?: string;
}

export const historyOption = ["--history <file>", "the moves: default, vm-placement:history of the stack"] as const;

/** Lines that cannot be read are noted, and left out. */
export async function historyOf(session: Session, { history }: HistoryOptions): Promise<readonly HistoryEntry[]> {
  const file = history ?? session.settings.history;
  if (file === undefined)
    throw new UsageError(
      "no history of moves: set it with `pulumi config set vm-placement:history moves.jsonl`, or give --history FILE",
    );
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read the history of moves: ${(error as Error).message}`);
  }
  const { entries, unreadable } = readHistory(text);
  for (const { line, why } of unreadable) session.note(`${file}:${line}: left out, ${why}`);
  return entries;
}
