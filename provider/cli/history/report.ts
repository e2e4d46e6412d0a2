/** Moves as one HTML file. */
import type { HistoryEntry } from "../../history/entry";
import { report } from "../../history/report";
import { createMask, parseUri } from "../../schema";
import { UsageError } from "../inventory";
import { exitCodes, type Verb } from "../verb";
import { historyOf, historyOption, type HistoryOptions } from "./source";
import { replaceFile } from "./write";

interface Options extends HistoryOptions {
  output: string;
  all?: boolean;
  since?: string;
  commit?: string;
}

export const reportVerb: Verb<Options> = {
  usage: "report",
  description: "the moves of the last `pulumi up` as one HTML file that loads nothing else: timeline, hosts, progress",
  options: [
    historyOption,
    ["--output <file>", "the file to write (default: report.html)"],
    ["--all", "every move of the history"],
    ["--since <time>", "moves that started at that time or later: 2026-11-28, or 2026-11-28T14:00:00Z"],
    ["--commit <hash>", "moves of that commit"],
  ],
  // With a file of its own no host is needed.
  settings: (_, { history }) =>
    history === undefined
      ? undefined
      : { inventory: {}, uri: parseUri(undefined).uri, ssh: "auto", history, mask: createMask([]) },
  async run(session, _, options) {
    const { output = "report.html" } = options;
    const entries = chosen(await historyOf(session, options), options);
    if (entries.length === 0) throw new UsageError(`the history has no such move; --all takes all that it has`);
    await replaceFile(output, report(entries));
    session.show({ output, moves: entries.length }, () => `${output}: ${entries.length} ${entries.length === 1 ? "move" : "moves"}`); // prettier-ignore
    return exitCodes.fine;
  },
};

function chosen(
  entries: readonly HistoryEntry[],
  { all, since, commit }: Pick<Options, "all" | "since" | "commit">,
): readonly HistoryEntry[] {
  const from = since === undefined ? undefined : timeOf(since);
  if (commit !== undefined && !/^[0-9a-f]{4,64}$/i.test(commit))
    throw new UsageError(
      `--commit: got "${commit}"; expected at least 4 hexadecimal digits of a commit, such as 1a2b3c4d`,
    );
  const matching = entries.filter(
    (entry) =>
      (from === undefined || Date.parse(entry.startedAt) >= from) &&
      (commit === undefined || entry.commit?.startsWith(commit.toLowerCase())),
  );
  if (all || since !== undefined || commit !== undefined) return matching;
  const last = entries.at(-1);
  return entries.filter(({ run }) => run === last?.run);
}

function timeOf(since: string): number {
  const time = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2})?)?$/.test(since) ? Date.parse(since) : NaN;
  if (Number.isNaN(time))
    throw new UsageError(
      `--since: got "${since}"; expected a date or a time, such as 2026-11-28 or 2026-11-28T14:00:00Z`,
    );
  return time;
}
