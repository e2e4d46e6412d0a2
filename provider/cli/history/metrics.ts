/** Where VMs are and how they moved, for Prometheus. */
import { PlacementError } from "../../core/errors";
import { metrics, type Observed } from "../../history/metrics";
import { whyUnreachable } from "../../observe/hosts";
import { exitCodes, type Session, type Verb } from "../verb";
import { historyOf, historyOption, type HistoryOptions } from "./source";
import { replaceFile } from "./write";

export const metricsVerb: Verb<HistoryOptions & { output?: string }> = {
  usage: "metrics",
  description:
    "moves and hosts in the text format of Prometheus, for node_exporter's textfile collector; only reads hosts",
  options: [historyOption, ["--output <file>", "write this file, in one step, in place of standard output"]],
  async run(session, _, options) {
    const hasHistory = options.history !== undefined || session.settings.history !== undefined;
    const entries = hasHistory ? await historyOf(session, options) : [];
    const text = await metrics(entries, await observed(session));
    if (options.output === undefined) session.show({ metrics: text }, () => text.trimEnd());
    else await replaceFile(options.output, text);
    return exitCodes.fine;
  },
};

/** A host that cannot be asked is a value of its own, not an error: the alarm is Prometheus's. */
async function observed({ hosts, note }: Session): Promise<Observed> {
  const each = await Promise.all(
    hosts.names.map(async (host) => {
      try {
        return [host, await hosts.recentViews(host)] as const;
      } catch (error) {
        if (!(error instanceof PlacementError)) throw error;
        note(`${host} cannot be asked: ${whyUnreachable(error)}`);
        return [host, undefined] as const;
      }
    }),
  );
  return Object.fromEntries(each);
}
